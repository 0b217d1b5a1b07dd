/** Frames cut, glued, lied about and refused: what is answered, and what becomes of the connection. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frame, group16, Raw } from './raw.js';
import { append, upload } from './requests.js';
import { onEachTarget, type Target } from './target.js';

let target: Target;
const MISS_APPENDER = 'M00/00/00/fwAAFWsCdoyEXIinAAAAAA1KEYU665.log';
const MIB = 1024 * 1024;

const open: Raw[] = [];

async function to(server: 'tracker' | 'storage'): Promise<Raw> {
  const raw = await Raw.connect(server === 'tracker' ? target.trackers[0]! : target.storage);
  open.push(raw);
  return raw;
}

/** The status of each reply until nothing comes any more, and how that was. */
async function outcomes(raw: Raw): Promise<Array<number | string>> {
  const seen: Array<number | string> = [];
  for (;;) {
    const reply = await raw.reply();
    seen.push(typeof reply === 'string' ? reply : reply.status);
    if (typeof reply === 'string') return seen;
  }
}

const active = frame(111);

type Row = [name: string, send: Buffer[], tracker: Array<number | string>, storage: Array<number | string>];

const rows: Row[] = [
  ['active test with a body', [frame(111, Buffer.alloc(5))], [22, 'silence'], [22, 'closed']],
  ['unknown command', [frame(200)], [22, 'silence'], [22, 'closed']],
  ['unknown command with a body', [frame(200, Buffer.alloc(30))], [22, 'silence'], [22, 'closed']],
  ['status byte in a request', [frame(111, undefined, 7)], [0, 'silence'], [0, 'silence']],
  [
    '5 requests in one segment',
    [Buffer.concat(Array(5).fill(active))],
    [0, 0, 0, 0, 0, 'silence'],
    [0, 'silence'],
  ],
  [
    'an invalid and a valid request in one segment',
    [Buffer.concat([frame(200), active])],
    [22, 0, 'silence'],
    [22, 'closed'],
  ],
  ['active test with 100,000 bytes', [frame(111, Buffer.alloc(100_000))], [22, 'silence'], [22, 'closed']],
  ['1 MiB declared, nothing sent', [frame(111, Buffer.alloc(0), 0, MIB)], ['closed'], ['silence']],
  ['length -2^63', [frame(111, Buffer.alloc(0), 0, -(2n ** 63n))], [0, 'silence'], ['closed']],
  ['quit', [frame(82)], ['closed'], ['closed']],
];

onEachTarget((start) => {
  beforeAll(async () => {
    target = await start();
  });

  afterAll(async () => target?.stop());

  afterAll(() => {
    for (const raw of open) raw.close();
  });

  describe.each(['tracker', 'storage'] as const)('%s', (server) => {
    it.each(rows)('%s', async (_name, send, tracker, storage) => {
      const raw = await to(server);
      raw.write(...send);
      expect(await outcomes(raw)).toEqual(server === 'tracker' ? tracker : storage);
    });

    it('a header one byte at a time', async () => {
      const raw = await to(server);
      for (const byte of active) {
        raw.write(Buffer.of(byte));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(await outcomes(raw)).toEqual([0, 'silence']);
    });

    it('half a header and FIN', async () => {
      const raw = await to(server);
      raw.write(active.subarray(0, 5));
      raw.end();
      expect(await outcomes(raw)).toEqual(['closed']);
    });

    it('a request and FIN', async () => {
      const raw = await to(server);
      raw.write(active);
      raw.end();
      // Whether it then closes is chance: a storage that sees request and FIN at once does not look again.
      expect(await raw.reply()).toMatchObject({ status: 0 });
    });
  });

  it('a tracker answers 200 requests of one segment in order', async () => {
    const raw = await to('tracker');
    raw.write(Buffer.concat(Array(200).fill(frame(104, group16('group1')))));
    for (let i = 0; i < 200; i++) expect(await raw.reply(5_000)).toMatchObject({ status: 0 });
  });

  it('a tracker resets who sends more than its buffer holds', async () => {
    const raw = await to('tracker');
    raw.write(frame(111, Buffer.alloc(MIB)));
    expect(await outcomes(raw)).toEqual(['closed']);
  });

  it('a storage refuses more than its buffer holds once that has arrived', async () => {
    const raw = await to('storage');
    raw.write(frame(111, Buffer.alloc(MIB)));
    expect(await outcomes(raw)).toEqual([22, 'closed']);
  });

  it('a storage answers one stale request for each new arrival', async () => {
    const raw = await to('storage');
    raw.write(Buffer.concat(Array(3).fill(frame(11, upload('pipelined')))));
    expect(await outcomes(raw)).toEqual([0, 'silence']);
    raw.write(active.subarray(0, 3));
    expect(await outcomes(raw)).toEqual([0, 'silence']);
  });

  it('a storage that refuses early takes the rest of the body for requests', async () => {
    const raw = await to('storage');
    raw.write(frame(24, append(MISS_APPENDER, Buffer.alloc(MIB))));
    const [first, second] = await outcomes(raw);
    expect(first).toBe(2);
    expect([22, 'closed']).toContain(second);
    await raw.closed();
  });

  it('a storage that refuses a body it has read stays in step', async () => {
    const raw = await to('storage');
    expect(await raw.request(24, append(MISS_APPENDER, Buffer.alloc(200_000)))).toMatchObject({ status: 2 });
    expect(await raw.after()).toBe('open');
  });

  it('an upload in many small pieces is one upload', async () => {
    const raw = await to('storage');
    const whole = frame(11, upload(Buffer.alloc(5_000, 'x')));
    for (let at = 0; at < whole.length; at += 611) {
      raw.write(whole.subarray(at, at + 611));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await outcomes(raw)).toEqual([0, 'silence']);
  });
});
