/** The admin commands against recordings of real servers and of the C tools. */
import { describe, expect, it } from 'vitest';
import * as admin from '../../../src/core/protocol/admin-commands.js';
import { type Command, encodeRequest } from '../../../src/core/protocol/command.js';
import { readVectors } from './vectors.js';

const MIB = 1024 * 1024;

type Fields = Record<string, never>;

interface Vector {
  name: string;
  command: { code: number };
  request: { header: string; body: string; decoded: { group: string; storageId?: string } };
  response: { header: string; body: string; decoded: Fields } | null;
  status: number;
}

const date = (seconds: number) => (seconds > 0 ? new Date(seconds * 1000) : undefined);
const STATUS: Record<number, string> = { 4: 'DELETED', 5: 'OFFLINE', 7: 'ACTIVE' };
const present = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

type Numbers = Record<string, number> & Record<'group' | 'id' | 'ip' | 'srcId' | 'version' | 'host', string>;

const groupOf = (record: Numbers) =>
  present({
    name: record.group,
    totalBytes: record.totalMB! * MIB,
    freeBytes: record.freeMB! * MIB,
    reservedBytes: record.reservedMB! * MIB,
    availableBytes: (record.freeMB! - record.reservedMB!) * MIB,
    trunkFreeBytes: record.trunkFreeMB! * MIB,
    storageCount: record.storageCount,
    storagePort: record.storagePort,
    readableCount: record.readableServerCount,
    writableCount: record.writableServerCount,
    currentWriteServer: record.currentWriteServer,
    storePathCount: record.storePathCount,
    subdirCountPerPath: record.subdirCountPerPath,
    currentTrunkFileId: record.currentTrunkFileId === -1 ? undefined : record.currentTrunkFileId,
  });

/** `totalUploadCount` and `successUploadCount` as one counter. */
const counter = (record: Numbers, what: string) => ({
  total: record[`total${what}`],
  success: record[`success${what}`],
});

const storageOf = (group: string, record: Numbers) =>
  present({
    group,
    id: record.id,
    host: record.ip,
    port: record.storagePort,
    status: STATUS[record.status!],
    rwMode: record.rwMode === 6 ? 'both' : 'another',
    sourceId: record.srcId || undefined,
    version: record.version,
    joinedAt: date(record.joinTime!),
    upSince: date(record.upTime!),
    totalBytes: record.totalMB! * MIB,
    freeBytes: record.freeMB! * MIB,
    reservedBytes: record.reservedMB! * MIB,
    availableBytes: (record.freeMB! - record.reservedMB!) * MIB,
    uploadPriority: record.uploadPriority,
    storePathCount: record.storePathCount,
    subdirCountPerPath: record.subdirCountPerPath,
    currentWritePath: record.currentWritePath,
    connections: {
      allocated: record.connAllocCount,
      current: record.connCurrentCount,
      max: record.connMaxCount,
    },
    operations: {
      upload: counter(record, 'UploadCount'),
      append: counter(record, 'AppendCount'),
      modify: counter(record, 'ModifyCount'),
      truncate: counter(record, 'TruncateCount'),
      setMetadata: counter(record, 'SetMetaCount'),
      delete: counter(record, 'DeleteCount'),
      download: counter(record, 'DownloadCount'),
      getMetadata: counter(record, 'GetMetaCount'),
      createLink: counter(record, 'CreateLinkCount'),
      deleteLink: counter(record, 'DeleteLinkCount'),
    },
    bytes: {
      upload: counter(record, 'UploadBytes'),
      append: counter(record, 'AppendBytes'),
      modify: counter(record, 'ModifyBytes'),
      download: counter(record, 'DownloadBytes'),
      syncIn: counter(record, 'SyncInBytes'),
      syncOut: counter(record, 'SyncOutBytes'),
    },
    disk: {
      open: counter(record, 'FileOpenCount'),
      read: counter(record, 'FileReadCount'),
      write: counter(record, 'FileWriteCount'),
    },
    lastSourceUpdate: date(record.lastSourceUpdate!),
    lastSyncUpdate: date(record.lastSyncUpdate!),
    lastSynced: date(record.lastSyncedTimestamp!),
    lastHeartbeat: date(record.lastHeartBeatTime!),
    trunkServer: record.ifTrunkServer === 1,
  });

const life = (record: Numbers) => ({
  connections: { allocated: record.connAlloc, current: record.connCurrent, max: record.connMax },
  version: record.version,
  upSince: date(record.upTime!),
  lastHeartbeat: date(record.lastHeartbeat!),
});

const volumeOf = (volume: Numbers) => ({
  group: volume.group,
  totalBytes: volume.totalMB! * MIB,
  freeBytes: volume.freeMB! * MIB,
  reservedBytes: volume.reservedMB! * MIB,
  availableBytes: volume.availMB! * MIB,
  trunkFreeBytes: volume.trunkFreeMB! * MIB,
  diskAvailable: volume.isDiskAvailable === 1,
  trunkAvailable: volume.isTrunkAvailable === 1,
});

const EXPECTED: Record<number, (reply: never, request: Vector['request']['decoded']) => unknown> = {
  91: ({ groups }: { groups?: Numbers[] }) => (groups ?? []).map(groupOf),
  90: ({ groups }: { groups: Numbers[] }) => groupOf(groups[0]!),
  92: ({ storages }: { storages: Numbers[] }, { group }) => storages.map((each) => storageOf(group, each)),
  93: () => undefined,
  108: () => undefined,
  94: ({ trunkServerId }: { trunkServerId: string }) => trunkServerId,
  95: ({ leader }: { leader: string }) => leader,
  64: ({ isLeader, runningTime, restartInterval }: Numbers) => ({
    leader: isLeader === 1,
    runningSeconds: runningTime,
    restartSeconds: restartInterval,
  }),
  96: ({ trackers }: { trackers: Numbers[] }) =>
    trackers.map((each) =>
      present({
        address: each.host,
        leader: each.isLeader === 1,
        active: each.isActive === 1,
        ...life(each),
      }),
    ),
  97: ({ useStorageId, useTrunkFile, storages }: Record<string, number> & { storages: Numbers[] }) => ({
    useStorageId: useStorageId === 1,
    useTrunkFile: useTrunkFile === 1,
    storages: storages.map((each) =>
      present({
        id: each.id,
        address: each.host,
        trunkServer: each.isTrunkServer === 1,
        status: STATUS[each.status!],
        ...life(each),
      }),
    ),
  }),
  98: ({ useTrunkFile, volumes }: Record<string, number> & { volumes: Numbers[] }) => ({
    useTrunkFile: useTrunkFile === 1,
    volumes: volumes.map(volumeOf),
  }),
};

const commands = Object.values(admin).filter(
  (exported) => typeof exported === 'object' && 'code' in exported,
) as unknown as Command<object, unknown>[];

const recorded = [
  'tracker-admin',
  'storage-id-mode',
  'address-size-46',
  'tracker-errors',
  'c-client',
].flatMap((file) =>
  readVectors<{ vectors: Vector[] }>(file)
    .vectors.flatMap((vector) => {
      const command = commands.find(({ code }) => code === vector.command.code);
      return command && vector.response ? [{ ...vector, file, known: command, reply: vector.response }] : [];
    })
    .map((vector) => ({ ...vector, id: `${vector.file}: ${vector.name}` })),
);

/** The tools ask for a part of the statistics (96 to 98) where this client takes them whole. */
function isAskedHere({ known, request }: (typeof recorded)[number]): boolean {
  return known.code < 96 || known.code > 98 || /^0*$/.test(request.body);
}

describe('recordings of real servers', () => {
  it('cover every command, each with a success', () => {
    expect(recorded).toHaveLength(46);
    const answered = new Set(recorded.filter(({ status }) => status === 0).map(({ known }) => known.code));
    expect([...answered].sort()).toEqual(commands.map(({ code }) => code).sort());
    expect(Object.keys(EXPECTED).sort()).toEqual(commands.map(({ code }) => String(code)).sort());
  });

  it.each(recorded.filter(isAskedHere))('request $id', ({ known, request }) => {
    const frame = encodeRequest(known, request.decoded);
    expect(frame.toString('hex')).toBe(request.header + request.body);
  });

  it.each(recorded.filter(({ status }) => status === 0))('reply $id', ({ known, request, reply }) => {
    const body = Buffer.from(reply.body, 'hex');
    const expected = EXPECTED[known.code]!(reply.decoded as never, request.decoded);
    expect(known.decode(body, request.decoded)).toEqual(expected);
    expect(body.length).toBeLessThanOrEqual(known.maxReply);
  });

  it.each([64, 90, 91, 92, 96, 97, 98])('a reply to %i that is a byte short or long is refused', (code) => {
    const { known, request, reply } = recorded.find(
      (each) => each.known.code === code && each.status === 0 && each.reply.body !== '',
    )!;
    const body = Buffer.from(reply.body, 'hex');
    const refusal = expect.objectContaining({ code: 'FASTDFS_PROTOCOL' });
    expect(() => known.decode(body.subarray(0, -1), request.decoded)).toThrow(refusal);
    expect(() => known.decode(Buffer.concat([body, Buffer.of(0)]), request.decoded)).toThrow(refusal);
  });
});
