/**
 * Seeded sequences of requests, each sent to two servers: valid, boundary, malformed, in pieces, glued, broken off. A step
 * is data; each side renders it with its own addresses and file names, and the outcomes are compared without them.
 */
import { createHash } from 'node:crypto';
import { Random } from '../helpers/random.js';
import { frame, group16, int32, Raw } from './raw.js';
import { append, COMMAND, download, modify, named, setMeta, slave, truncate, upload } from './requests.js';

export interface Side {
  readonly tracker: string;
  readonly storage: string;
}

export type Step = {
  readonly to: 'storage' | 'tracker';
  readonly code: number;
  /** Which file of the sequence it is about; one that does not exist is a missing one. */
  readonly file: number;
  readonly numbers: readonly number[];
  readonly text: string;
  /** Bytes cut off from the end of the body (negative) or added to it. */
  readonly bend: number;
  readonly delivery: 'whole' | 'pieces' | 'glued' | 'broken';
};

const MISSING = [
  'M00/00/00/fwAAFWsCdoyAXIinAAAACw1KEYU665.txt',
  'M00/00/00/fwAAFWsCdoyEXIinAAAAAA1KEYU665.log',
  'M00/00/00/short',
  'M09/00/00/fwAAFWsCdoyAXIinAAAACw1KEYU665.txt',
  'M00/00/00/../../fwAAFWsCdoyAXIinAAAACw1KEYU665.txt',
  `M00/00/00/${'a'.repeat(117)}`,
];
const SIZES = [0, 1, 10, 255, 4096, 65_536, 262_118, 262_119, 262_120, 300_000];
const TEXTS = [
  'txt',
  '',
  'tar.gz',
  '.txt',
  'a/b',
  'JPG',
  '..',
  'a b',
  '_s',
  '-m',
  'a\x021\x01b\x022',
  'plain',
  'k\x02',
];
const STORAGE_CODES = [
  11, 11, 23, 23, 21, 24, 24, 34, 34, 36, 38, 12, 14, 14, 22, 22, 13, 13, 15, 111, 3, 120,
];
const TRACKER_CODES = [
  101, 104, 106, 107, 102, 103, 105, 90, 91, 92, 69, 70, 71, 60, 97, 98, 109, 94, 111, 3, 120,
];

export function makeSequence(seed: number): Step[] {
  const random = new Random(seed);
  const to = random.chance(0.75) ? 'storage' : 'tracker';
  return Array.from({ length: random.int(2, 8) }, (_, index) => {
    const codes = to === 'storage' ? STORAGE_CODES : TRACKER_CODES;
    const code = to === 'storage' && index === 0 ? random.pick([11, 23]) : random.pick(codes);
    const chance = random.int(0, 99);
    const delivery =
      chance < 70 ? 'whole' : chance < 90 ? 'pieces' : chance < 96 && to === 'tracker' ? 'glued' : 'broken';
    return {
      to,
      code,
      file: random.int(0, random.chance(0.2) ? 9 : 2),
      numbers: [0, 1, 2].map(() => random.pick([...SIZES, -1, 2, 5, 11])),
      text: random.pick(TEXTS),
      bend: random.chance(0.12) ? random.pick([-20, -3, -1, 1, 5]) : 0,
      delivery: index === 0 ? 'whole' : delivery,
    };
  });
}

/** What one side has made so far. */
interface State {
  readonly side: Side;
  readonly files: string[];
}

/** The body of a request. Sizes stay small, and no name has a NUL: either harms a real group. */
function renderBody({ side, files }: State, step: Step): Buffer {
  const { code, numbers, text } = step;
  const [a = 0, b = 0] = numbers;
  const name = files[step.file] ?? MISSING[step.file % MISSING.length]!;
  const content = Buffer.alloc(Math.max(0, Math.min(a, 300_000)), text || 'x');
  const colon = side.storage.lastIndexOf(':');
  switch (code) {
    case COMMAND.upload:
    case COMMAND.appender:
      return upload(
        content,
        text.slice(0, 6).replaceAll('\x01', '').replaceAll('\x02', ''),
        a === -1 ? { size: -1 } : { path: b === 2 ? 1 : 0 },
      );
    case COMMAND.slave:
      return slave(name, text.slice(0, 16), b > 10 ? 'jpg' : '', content);
    case COMMAND.append:
      return append(name, content);
    case COMMAND.modify:
      return modify(name, b, content);
    case COMMAND.truncate:
      return truncate(name, Math.min(a, 4096));
    case COMMAND.regenerate:
      return Buffer.from(name);
    case COMMAND.download:
      return download(name, b, a, b === 5 ? 'group2' : 'group1');
    case COMMAND.setMeta:
      return setMeta(name, b > 255 ? 'M' : b === -1 ? 'X' : 'O', text);
    case COMMAND.delete:
    case COMMAND.info:
    case COMMAND.getMeta:
      return named(name, b === 5 ? 'group2' : 'group1');
    case 104:
    case 107:
    case 90:
    case 94:
      return group16(a === 1 ? 'nogroup' : 'group1');
    case 92:
      return Buffer.concat([
        group16(a === 1 ? 'nogroup' : 'group1'),
        Buffer.from(b > 10 ? side.storage.slice(0, colon) : b > 0 ? '10.9.9.9' : ''),
      ]);
    case 102:
    case 103:
    case 105:
      return named(MISSING[step.file % 2]!, a === 1 ? 'nogroup' : 'group1');
    case 69:
      return Buffer.concat([int32(a), Buffer.of(b & 0xff)]);
    case 70:
    case 71:
      return Buffer.concat([
        group16(a === 1 ? 'nogroup' : 'group1'),
        Buffer.from(b > 10 ? side.storage : b > 0 ? '10.9.9.9:1' : 'host'),
      ]);
    case 60:
      return Buffer.concat([group16('group1'), Buffer.alloc(1), int32(23000)]);
    case 97:
    case 98:
      return Buffer.of(a & 7, [61, 33, 60][Math.abs(b) % 3]!, 7, 1);
    case 109:
      return int32(23000);
    default:
      return text === '' ? Buffer.alloc(0) : Buffer.from(text);
  }
}

/** Replies whose length depends on addresses, on the group in turn, or on replicas that have caught up. */
const FREE_LENGTH = new Set([60, 70, 92, 97, 102, 105, 106]);

function describeReply(step: Step, status: number, body: Buffer, state: State): string {
  if (status !== 0) return `${status}/${body.length}`;
  switch (step.code) {
    case COMMAND.upload:
    case COMMAND.appender:
    case COMMAND.slave:
    case COMMAND.regenerate: {
      const name = body.toString('latin1', 16);
      state.files.push(name);
      return `0/${name.length}/${name.slice(37 - name.length).length}/${/\.[^.]*$/.exec(name)?.[0] ?? ''}`;
    }
    case COMMAND.info:
      return `0/${body.length}/${body.readBigInt64BE(0)}/${body.readBigInt64BE(16)}`;
    case COMMAND.download:
    case COMMAND.getMeta:
      return `0/${body.length}/${createHash('md5').update(body).digest('hex')}`;
    default:
      return FREE_LENGTH.has(step.code) ? `0/${body.length > 0 ? 'some' : 'none'}` : `0/${body.length}`;
  }
}

async function runStep(state: State, step: Step, connection: { raw: Raw | undefined }): Promise<string> {
  const address = step.to === 'tracker' ? state.side.tracker : state.side.storage;
  connection.raw ??= await Raw.connect(address);
  const raw = connection.raw;
  const drop = () => {
    raw.close();
    connection.raw = undefined;
  };
  const body = renderBody(state, step);
  const bent =
    step.bend < 0
      ? body.subarray(0, Math.max(0, body.length + step.bend))
      : Buffer.concat([body, Buffer.alloc(step.bend, 'y')]);
  // The real server reads a name of a truncate that is cut short on in old bytes of its buffer: chance.
  const bytes = frame(step.code, step.code === COMMAND.truncate && step.bend < 0 ? body : bent);
  if (step.delivery === 'broken') {
    raw.write(bytes.subarray(0, Math.max(1, bytes.length >> 1)));
    drop();
    return 'broken off';
  }
  if (step.delivery === 'pieces') {
    for (const [from, to] of [
      [0, 7],
      [7, 12],
      [12, bytes.length],
    ] as const) {
      raw.write(bytes.subarray(from, to));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } else if (step.delivery === 'glued') {
    raw.write(Buffer.concat([bytes, frame(111)]));
  } else {
    raw.write(bytes);
  }
  const reply = await raw.reply(5000);
  if (typeof reply === 'string') {
    drop();
    return reply;
  }
  const described = describeReply(step, reply.status, reply.body, state);
  if (step.delivery === 'glued') {
    const second = await raw.reply(2000);
    if (typeof second === 'string') drop();
    return `${described} ${typeof second === 'string' ? second : second.status}`;
  }
  const after = await raw.after();
  if (after !== 'open') drop();
  return `${described} ${after}`;
}

/** Runs a sequence on one side and removes what it has made. @returns one line a step */
export async function runSequence(side: Side, steps: readonly Step[]): Promise<string[]> {
  const state: State = { side, files: [] };
  const connection: { raw: Raw | undefined } = { raw: undefined };
  const outcomes: string[] = [];
  try {
    for (const step of steps) outcomes.push(await runStep(state, step, connection));
  } finally {
    connection.raw?.close();
    if (state.files.length > 0) {
      const raw = await Raw.connect(side.storage);
      for (const name of state.files) await raw.request(COMMAND.delete, named(name));
      raw.close();
    }
  }
  return outcomes;
}

/** Leaves out every step that a difference does not need. */
export async function shrink(
  steps: readonly Step[],
  differs: (steps: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  let rest = steps;
  for (let index = rest.length - 1; index >= 0; index--) {
    const fewer = rest.filter((_, each) => each !== index);
    if (fewer.length > 0 && (await differs(fewer))) rest = fewer;
  }
  return rest;
}
