/** Which copies of a file are wrong, and what is reported. */
import { describe, expect, it } from 'vitest';
import { describeLone } from '../../src/admin/listing/names.js';
import { judgeCopies, type StoredCopy } from '../../src/admin/verifying/judge.js';
import { RateLimit } from '../../src/admin/verifying/rate-limit.js';
import type { StorageRecord } from '../../src/core/protocol/records.js';

// 11 bytes, CRC-32 0d4a1185, from 127.0.0.21.
const NORMAL = 'M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt';
const SLAVE = 'M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU028_s.jpg';
const RIGHT = { size: 11, crc32: 0x0d4a1185 };
const WRONG = { size: 11, crc32: 1 };

function describeFile(name: string) {
  return describeLone(`group1/${name}`);
}

function storage(last: number): StorageRecord {
  return { group: 'group1', id: `127.0.0.${last}`, host: `127.0.0.${last}`, port: 23000 } as StorageRecord;
}

const read = (last: number, digest: { size: number; crc32: number }, extra = {}): StoredCopy => ({
  storage: storage(last),
  copy: { state: 'read', digest, ...extra },
});
const absent = (last: number): StoredCopy => ({ storage: storage(last), copy: { state: 'absent' } });

function judge(name: string, copies: StoredCopy[], mustExist = false): string[] {
  const faults = judgeCopies(describeFile(name), copies, mustExist);
  return faults.map(({ problem, storage: id }) => `${problem} ${id}`);
}

describe('copies of an ordinary file', () => {
  it.each<[string, StoredCopy[], string[]]>([
    ['all right', [read(21, RIGHT), read(22, RIGHT)], []],
    ['one with other bytes', [read(21, RIGHT), read(22, WRONG)], ['different 127.0.0.22']],
    ['one too short', [read(21, RIGHT), read(22, { size: 10, crc32: 0x0d4a1185 })], ['different 127.0.0.22']],
    [
      'all with other bytes',
      [read(21, WRONG), read(22, WRONG)],
      ['different 127.0.0.21', 'different 127.0.0.22'],
    ],
    ['one missing', [read(21, RIGHT), absent(22)], ['missing 127.0.0.22']],
    ['the source missing: in doubt nothing is extra', [absent(21), read(22, RIGHT)], ['missing 127.0.0.21']],
    ['most missing, the source too', [absent(21), read(22, RIGHT), absent(23)], ['extra 127.0.0.22']],
    ['removed from all', [absent(21), absent(22)], []],
  ])('%s', (_, copies, faults) => {
    expect(judge(NORMAL, copies)).toEqual(faults);
  });

  it('may have the CRC-32 of FastDFS before 5.12', () => {
    expect(judge(NORMAL, [read(21, WRONG, { legacyCrc32: RIGHT.crc32 })])).toEqual([]);
    expect(judge(NORMAL, [read(21, WRONG, { legacyCrc32: 7 })])).toEqual(['different 127.0.0.21']);
  });

  it('that one storage alone has and that was written later is extra', () => {
    const { createdAt } = describeFile(NORMAL);
    const copy = (ms: number) => ({ ...read(21, RIGHT), modifiedAt: new Date(createdAt.getTime() + ms) });
    expect(judge(NORMAL, [copy(1_000), absent(22)])).toEqual(['missing 127.0.0.22']);
    expect(judge(NORMAL, [copy(60_000), absent(22)])).toEqual(['extra 127.0.0.21']);
  });

  it('that is asked for by name is missing where no storage has it', () => {
    expect(judge(NORMAL, [absent(21), absent(22)], true)).toEqual([
      'missing 127.0.0.21',
      'missing 127.0.0.22',
    ]);
  });

  it('that cannot be read is unreadable, with the error', () => {
    const error = new Error('disk');
    const copies: StoredCopy[] = [
      read(21, RIGHT),
      { storage: storage(22), copy: { state: 'failed', error } },
    ];
    expect(judgeCopies(describeFile(NORMAL), copies, false)).toMatchObject([
      { problem: 'unreadable', storage: '127.0.0.22', address: '127.0.0.22:23000', error, message: 'disk' },
    ]);
  });
});

describe('copies of a slave file', () => {
  it.each<[string, StoredCopy[], string[]]>([
    ['the same everywhere', [read(21, WRONG), read(22, WRONG)], []],
    ['two against one', [read(21, RIGHT), read(22, WRONG), read(23, WRONG)], ['different 127.0.0.21']],
    ['even: the source decides', [read(22, RIGHT), read(21, WRONG)], ['different 127.0.0.22']],
    ['one missing', [absent(22), read(21, WRONG)], ['missing 127.0.0.22']],
  ])('%s', (_, copies, faults) => {
    expect(judge(SLAVE, copies)).toEqual(faults);
  });
});

it('a rate limit spreads bytes over time', () => {
  const limit = new RateLimit(1_000_000);
  expect(limit.take(100_000)).toBeGreaterThan(90);
  expect(limit.take(100_000)).toBeGreaterThan(180);
});
