/** Random input into everything that reads input: the answer is a value or a typed error, never anything else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFileId as parseAny, splitFileId } from '../../src/core/model/file-id.js';
import { decodeMetadata, encodeMetadata } from '../../src/core/model/metadata.js';
import * as adminCommands from '../../src/core/protocol/admin-commands.js';
import { type Command, ReplyDecoder } from '../../src/core/protocol/command.js';
import * as storageCommands from '../../src/core/protocol/storage-commands.js';
import * as trackerCommands from '../../src/core/protocol/tracker-commands.js';
import {
  ArgumentError,
  createToken,
  FastDFSError,
  loadConfig,
  ProtocolError,
  parseFileId,
  verifyToken,
} from '../../src/index.js';
import { newSeed } from '../helpers/random.js';

/** Printed with every counterexample; `TEST_SEED` replays it. */
const RUNS = { seed: newSeed(), numRuns: 400 } as const;

const COMMANDS = [trackerCommands, storageCommands, adminCommands]
  .flatMap((module) => Object.values(module as Record<string, unknown>))
  .filter(
    (one): one is Command<unknown, unknown> => typeof one === 'object' && one !== null && 'decode' in one,
  );

const ARGS = { group: 'group1', storageId: '100001', remoteFilename: 'M00/00/00/x', start: 0 };

/** Lengths that some reply has, and any other. */
const LENGTHS = [0, 8, 16, 24, 39, 40, 62, 69, 70, 92, 105, 113, 145, 226, 339, 471, 487, 517, 600, 612, 974];
const body = fc.oneof(
  fc.uint8Array({ maxLength: 700 }),
  fc.constantFrom(...LENGTHS).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  // Mostly zeros, as records are.
  fc
    .tuple(fc.constantFrom(...LENGTHS), fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { maxLength: 20 }))
    .map(([length, bytes]) => {
      const all = new Uint8Array(length);
      for (const [at, value] of bytes) if (at < length) all[at] = value;
      return all;
    }),
);

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function outcomeOf<T>(run: () => T): { value: T } | { error: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

/** The same bytes with other bytes around them: a read beyond either end would show. */
function surrounded(content: Uint8Array, filler: number): Buffer {
  const buffer = Buffer.alloc(content.length + 128, filler);
  buffer.set(content, 64);
  return buffer.subarray(64, 64 + content.length);
}

describe('replies', () => {
  it('there are commands to try', () => expect(COMMANDS.length).toBeGreaterThan(30));

  it.each(COMMANDS.map((command) => [command.name, command] as const))('%s of random bytes', (_, command) => {
    fc.assert(
      fc.property(body, (content) => {
        const outcome = outcomeOf(() => command.decode(surrounded(content, 0), ARGS));
        if ('error' in outcome) expect(outcome.error).toBeInstanceOf(ProtocolError);
        const other = outcomeOf(() => command.decode(surrounded(content, 0xff), ARGS));
        if ('value' in outcome) expect(other).toEqual(outcome);
        else expect(String((other as { error: unknown }).error)).toBe(String(outcome.error));
      }),
      RUNS,
    );
  });

  it('a stream of random chunks ends in whole replies or one typed error, and no byte is counted twice', () => {
    const header = fc
      .tuple(
        fc.oneof(fc.nat(300), fc.constantFrom(-1, 2 ** 31, 2 ** 52)),
        fc.constantFrom(100, 100, 100, 0, 72),
        fc.nat(255),
      )
      .map(([length, command, status]) => {
        const bytes = Buffer.alloc(10);
        bytes.writeBigInt64BE(BigInt(length), 0);
        bytes[8] = command;
        bytes[9] = status;
        return bytes as Uint8Array;
      });
    const chunks = fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 400 })), { maxLength: 12 });
    fc.assert(
      fc.property(chunks, fc.nat(20), (parts, cut) => {
        const all = Buffer.concat(parts);
        const decoder = new ReplyDecoder();
        let bodies = 0;
        let headers = 0;
        const sink = {
          onHeader: () => void headers++,
          onBody: (slice: Buffer) => {
            bodies += slice.length;
          },
          onEnd: () => undefined,
        };
        let taken = 0;
        try {
          for (let at = 0; at < all.length; at += cut + 1) {
            let chunk = all.subarray(at, at + cut + 1);
            while (chunk.length > 0) {
              const used = decoder.push(chunk, sink);
              expect(used).toBeLessThanOrEqual(chunk.length);
              expect(used).toBeGreaterThan(0);
              taken += used;
              chunk = chunk.subarray(used);
            }
          }
          expect(taken).toBe(all.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
        expect(bodies + headers * 10).toBeLessThanOrEqual(all.length);
      }),
      RUNS,
    );
  });
});

describe('file ids', () => {
  const valid = 'group1/M00/00/00/rBEAAmCvI3GAfb2SAAAAC-vL9l0485.tar.gz';
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.length), fc.string({ maxLength: 3 }), fc.nat(4)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) =>
      changes.reduce((id, [at, insert, drop]) => id.slice(0, at) + insert + id.slice(at + drop), valid),
    );
  const named = fc.stringMatching(/^[A-Za-z0-9._-]{20,160}$/).map((name) => `group1/M00/0A/FF/${name}`);

  it('parse or are refused, and what parses is safe to send', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), mutated, named), (text) => {
        for (const read of [parseFileId, splitFileId, parseAny]) {
          const outcome = outcomeOf(() => read(text));
          if ('error' in outcome) {
            expect(outcome.error).toBeInstanceOf(ArgumentError);
            expect(outcome.error).toMatchObject({ code: 'FASTDFS_BAD_FILE_ID' });
            continue;
          }
          const { group, remoteFilename } = outcome.value;
          expect(`${group}/${remoteFilename}`).toBe(text);
          expect(Buffer.byteLength(remoteFilename)).toBeLessThan(128);
          expect(Buffer.byteLength(group)).toBeLessThanOrEqual(16);
          if ('size' in outcome.value) expect(outcome.value.size ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
      { ...RUNS, numRuns: 3000 },
    );
  });

  it('anything that is no string is refused', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        if (typeof value === 'string') return;
        expect(() => parseFileId(value as string)).toThrow(ArgumentError);
      }),
      RUNS,
    );
  });
});

describe('metadata', () => {
  it('of any bytes can be read', () => {
    fc.assert(
      fc.property(body, (content) => {
        const metadata = decodeMetadata(Buffer.from(content));
        for (const [key, value] of Object.entries(metadata)) {
          expect(`${key}${value}`).not.toMatch(/\0/);
        }
      }),
      RUNS,
    );
  });

  it('comes back as it was, or is refused', () => {
    const key = fc.oneof(
      fc.string({ maxLength: 70, unit: 'grapheme' }),
      fc.constantFrom('__proto__', 'constructor', ''),
    );
    const value = fc.oneof(fc.string({ maxLength: 260 }), fc.string({ maxLength: 80, unit: 'binary' }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 8 }), (metadata) => {
        const outcome = outcomeOf(() => encodeMetadata(metadata));
        if ('error' in outcome) expect(outcome.error).toBeInstanceOf(ArgumentError);
        else
          expect(Object.entries(decodeMetadata(outcome.value)).sort()).toEqual(
            Object.entries(metadata)
              // A lone half of a surrogate pair is no text.
              .map(([name, text]) => [wellFormed(name), wellFormed(text)])
              .sort(),
          );
      }),
      { ...RUNS, numRuns: 1500 },
    );
  });
});

describe('tokens', () => {
  const secret = fc.string({ minLength: 1, maxLength: 60 });

  it('hold for what they were made for, and for nothing else', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 100 }),
        secret,
        fc.nat(4_000_000_000),
        fc.nat(31),
        (name, key, ts, at) => {
          const token = createToken(name, key, ts);
          const now = new Date(ts * 1000);
          expect(verifyToken({ remoteFilename: name, token, ts, secret: key, now })).toEqual({ ok: true });
          const other = token.slice(0, at) + (token[at] === '0' ? '1' : '0') + token.slice(at + 1);
          expect(verifyToken({ remoteFilename: name, token: other, ts, secret: key, now }).ok).toBe(false);
        },
      ),
      RUNS,
    );
  });

  it('of any kind get a verdict', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.anything(),
        fc.string({ unit: 'binary' }),
        secret,
        (token, ts, fileId, key) => {
          const verdict = verifyToken({ fileId, token, ts, secret: key });
          expect(verdict.ok).toBe(false);
        },
      ),
      { ...RUNS, numRuns: 1500 },
    );
  });
});

describe('configuration files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'fastdfs-fuzz-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const line = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ maxLength: 40, unit: 'binary' }),
    fc.constantFrom(
      'tracker_server = 10.0.0.1:22122',
      'tracker_server = [::1]:22122,10.0.0.2',
      'tracker_server = :',
      'connect_timeout = -99999999999999999999',
      'network_timeout = 5x',
      '[section',
      '[section]',
      '#include fuzz.conf',
      '#include missing.conf',
      '#include *.conf',
      'use_storage_id = true',
      'storage_ids_filename = fuzz.conf',
      'http.anti_steal.token_ttl = 900',
      'http.include=fuzz.conf',
      '#@function LOCAL_IP_GET',
      '#@function REPLACE_VARS',
      '#@set x = %{x}%{x}',
      '#@if %{OS_NAME} in [Linux]',
      '#@if',
      '#@else',
      '#@endif',
      '#@for i from 0 to 15 step 1',
      '#@for i from 1 to 999999999 step 1',
      '#@for i from 1 to 5 step 0',
      '#@for i from 5 to 1 step -1',
      '#@endfor',
    ),
    fc
      .tuple(fc.stringMatching(/^[a-z_.]{1,20}$/), fc.string({ maxLength: 30 }))
      .map(([key, value]) => `${key} = ${value}`),
  );

  it('load or are refused, in time', { timeout: 30_000 }, () => {
    const file = path.join(folder, 'fuzz.conf');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n', '\0'), (lines, end) => {
        writeFileSync(file, lines.join(end));
        const started = performance.now();
        const outcome = outcomeOf(() => loadConfig(file));
        expect(performance.now() - started).toBeLessThan(2000);
        if ('error' in outcome) {
          expect(outcome.error).toBeInstanceOf(FastDFSError);
          expect(outcome.error).toMatchObject({ code: expect.stringMatching(/^FASTDFS_(CONFIG|ARGUMENT)$/) });
        } else expect(outcome.value.options.trackers.length).toBeGreaterThan(0);
      }),
      { ...RUNS, numRuns: 1000 },
    );
  });
});
