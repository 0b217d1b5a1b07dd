/** Group and storage records of every server version, built field by field from the tables of the protocol document. */
import { describe, expect, it } from 'vitest';
import * as admin from '../../../src/core/protocol/admin-commands.js';
import { encodeRequest } from '../../../src/core/protocol/command.js';
import {
  decodeGroups,
  decodeStorages,
  GROUP_LAYOUTS,
  resolveGroup,
  STORAGE_LAYOUTS,
} from '../../../src/core/protocol/records.js';

const MIB = 1024 * 1024;

/** Text with stale bytes behind its NUL, as servers leave them. */
function text(value: string, width: number): Buffer {
  const field = Buffer.alloc(width, 'x');
  field.write(value);
  if (value.length < width) field[value.length] = 0;
  return field;
}

function q8(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigInt64BE(BigInt(value), index * 8);
  return bytes;
}

function i4(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, index * 4);
  return bytes;
}

const counters = Array.from({ length: 38 }, (_, index) => 1000 + index);
const TIMES = [1_700_000_001, 1_700_000_002, 0, 1_700_000_004];
const head = [1_600_000_000, 1_650_000_000, 1024, 512];
const settings = [10, 2, 256, 1, 23000];

const oldRecord = (address: number, version: number, connections: boolean) => (status: number) => [
  Buffer.of(status),
  text('10.0.0.1', 16),
  text('10.0.0.1', address),
  text('storage.example', 128),
  text('10.0.0.2', 16),
  text('5.11', version),
  q8(...head, ...settings, 8888),
  ...(connections ? [i4(64, 3, 9)] : []),
  q8(...counters, ...TIMES),
  Buffer.of(1),
];

const newRecord = (address: number, reserved: boolean) => (status: number) => [
  Buffer.of(status, 4),
  text('100001', 16),
  text('10.0.0.1', address),
  text('', 16),
  text('6.13.1', 8),
  q8(...head, ...(reserved ? [100] : []), ...settings),
  i4(64, 3, 9),
  q8(...counters, ...TIMES),
  Buffer.of(0),
];

const STORAGES: [string, number, (status: number) => Buffer[]][] = [
  ['5.00 to 5.03', 600, oldRecord(16, 6, false)],
  ['5.04 to 6.10', 612, oldRecord(16, 6, true)],
  ['6.11', 642, oldRecord(46, 6, true)],
  ['6.12', 644, oldRecord(46, 8, true)],
  ['6.13.0', 509, newRecord(46, false)],
  ['6.13.1 to 6.14', 517, newRecord(46, true)],
  ['6.15.0 and later', 487, newRecord(16, true)],
];

describe('storage records', () => {
  it.each(STORAGES)('of %s: %i bytes', (_, length, build) => {
    const body = Buffer.concat([...build(7), ...build(5), ...build(42)]);
    expect(body).toHaveLength(3 * length);
    const [first, second, third] = decodeStorages(body, 'group1');
    expect(first).toMatchObject({
      group: 'group1',
      host: '10.0.0.1',
      port: 23000,
      status: 'ACTIVE',
      joinedAt: new Date(1_600_000_000_000),
      upSince: new Date(1_650_000_000_000),
      totalBytes: 1024 * MIB,
      freeBytes: 512 * MIB,
      uploadPriority: 10,
      storePathCount: 2,
      subdirCountPerPath: 256,
      currentWritePath: 1,
      lastSourceUpdate: new Date(1_700_000_001_000),
      lastSyncUpdate: new Date(1_700_000_002_000),
      lastHeartbeat: new Date(1_700_000_004_000),
    });
    expect('lastSynced' in first!).toBe(false);
    const { operations, bytes, disk } = first!;
    const inOrder = [operations, bytes, disk].flatMap((group) =>
      Object.values(group).flatMap(({ total, success }) => [total, success]),
    );
    expect(inOrder).toEqual(counters);
    const modern = length < 600;
    expect(first).toMatchObject(
      modern
        ? { id: '100001', version: '6.13.1', rwMode: 'read', trunkServer: false }
        : {
            id: '10.0.0.1',
            version: '5.11',
            sourceId: '10.0.0.2',
            domainName: 'storage.example',
            httpPort: 8888,
            trunkServer: true,
          },
    );
    expect('rwMode' in first!).toBe(modern);
    expect('domainName' in first! || 'httpPort' in first!).toBe(!modern);
    expect('sourceId' in first!).toBe(!modern);
    expect(first!.connections).toEqual(length === 600 ? undefined : { allocated: 64, current: 3, max: 9 });
    const reserved = length === 487 || length === 517;
    expect([first!.reservedBytes, first!.availableBytes]).toEqual(
      reserved ? [100 * MIB, 412 * MIB] : [undefined, undefined],
    );
    expect([second!.status, third!.status]).toEqual(['OFFLINE', 'STATUS_42']);
  });

  it('are distinguished by their length however many there are', () => {
    for (const { bytes } of STORAGE_LAYOUTS) {
      for (let count = 1; count <= 32; count++) {
        const fitting = STORAGE_LAYOUTS.filter(
          (layout) => (count * bytes) % layout.bytes === 0 && (count * bytes) / layout.bytes <= 32,
        );
        expect(fitting.map((layout) => layout.bytes)).toEqual([bytes]);
      }
    }
  });

  it('may be none', () => {
    expect(decodeStorages(Buffer.alloc(0), 'group1')).toEqual([]);
  });

  it.each([1, 486, 488, 613, 33 * 487])('of unknown length are refused, naming it: %i bytes', (length) => {
    expect(() => decodeStorages(Buffer.alloc(length), 'group1')).toThrow(
      `Response of ${length} bytes is no list of storage records: known servers send 487, 509, 517, 600, 612, 642, 644 bytes for each`,
    );
  });
});

describe('group records', () => {
  const name = 'sixteenletters16';
  const tail = [3, 2, 256, -1];
  const old = Buffer.concat([text(name, 17), q8(1000, 600, 50, 3, 23000, 2, 1, ...tail)]);
  const modern = Buffer.concat([text(name, 17), q8(1000, 600, 100, 50, 3, 23000, 2, 1, ...tail)]);
  const common = {
    name,
    totalBytes: 1000 * MIB,
    freeBytes: 600 * MIB,
    trunkFreeBytes: 50 * MIB,
    storageCount: 3,
    storagePort: 23000,
    currentWriteServer: 3,
    storePathCount: 2,
    subdirCountPerPath: 256,
  };

  it('of 113 bytes tell the reserve and both counts', () => {
    expect(modern).toHaveLength(113);
    expect(decodeGroups(Buffer.concat([modern, modern]))).toEqual(
      Array(2).fill({
        ...common,
        reservedBytes: 100 * MIB,
        availableBytes: 500 * MIB,
        readableCount: 2,
        writableCount: 1,
      }),
    );
  });

  it('have no trunk file where the number says so: -1, and up to 6.13.0 the 0 of the first trunk file, too', () => {
    const record = (trunkFile: number, ...reserved: number[]) =>
      Buffer.concat([text('g', 17), q8(1000, 50, ...reserved, 0, 1, 23000, 1, 1, 0, 1, 256, trunkFile)]);
    expect(decodeGroups(record(0))[0]).not.toHaveProperty('currentTrunkFileId');
    expect(decodeGroups(record(7))[0]).toMatchObject({ currentTrunkFileId: 7 });
    expect(decodeGroups(record(-1, 100))[0]).not.toHaveProperty('currentTrunkFileId');
    expect(decodeGroups(record(0, 100))[0]).toMatchObject({ currentTrunkFileId: 0 });
  });

  it('of 105 bytes mean one thing up to 6.12 and another in 6.13.0', () => {
    expect(old).toHaveLength(105);
    const [record] = decodeGroups(old);
    expect(resolveGroup(record!, false)).toEqual({ ...common, httpPort: 2, activeCount: 1 });
    expect(resolveGroup(record!, true)).toEqual({ ...common, readableCount: 2, writableCount: 1 });
  });

  it('with more reserved than free have nothing available', () => {
    const full = Buffer.concat([text('g', 17), q8(1000, 50, 100, 0, 1, 23000, 1, 1, 0, 1, 256, 7)]);
    expect(decodeGroups(full)[0]).toMatchObject({ availableBytes: 0, currentTrunkFileId: 7 });
  });

  it('are distinguished by their length, up to as many as there can be', () => {
    const [first, second] = GROUP_LAYOUTS.map(({ bytes }) => bytes);
    // 105 and 113 have no common divisor: only 113 × 105 bytes would be either.
    expect(decodeGroups(Buffer.concat(Array(104).fill(modern)))).toHaveLength(104);
    expect(decodeGroups(Buffer.concat(Array(112).fill(old)))).toHaveLength(112);
    expect([first, second]).toEqual([113, 105]);
  });

  it('may be none, except when one was asked for', () => {
    expect(decodeGroups(Buffer.alloc(0))).toEqual([]);
    const refusal = expect.objectContaining({ code: 'FASTDFS_PROTOCOL' });
    expect(() => admin.listOneGroup.decode(Buffer.alloc(0), { group: 'g' })).toThrow(refusal);
  });

  it('of unknown length are refused, naming it', () => {
    expect(() => decodeGroups(Buffer.alloc(112))).toThrow(
      'Response of 112 bytes is no list of group records: known servers send 105, 113 bytes for each',
    );
  });
});

describe('arguments', () => {
  it('a storage id that servers would refuse is not sent', () => {
    for (const command of [admin.listStorage, admin.deleteStorage, admin.setTrunkServer]) {
      expect(() => encodeRequest(command as never, { group: 'group1', storageId: '1'.repeat(16) })).toThrow(
        'more than the 15 bytes',
      );
    }
  });

  it('a count that the body does not bear out is refused before memory is taken for it', () => {
    const body = Buffer.concat([Buffer.of(0), i4(0x7fff_ffff)]);
    const refusal = expect.objectContaining({ code: 'FASTDFS_PROTOCOL' });
    expect(() => admin.storageVolumeStat.decode(body)).toThrow(refusal);
  });
});
