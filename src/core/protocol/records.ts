/**
 * The fixed records in which trackers describe groups and storages, in the layout of every server version. Nothing in
 * a record states its version: its length determines it. PROTOCOL: stat structures.
 */
import { ProtocolError } from '../base/errors.js';
import {
  IPV4_ADDRESS_BYTES,
  IPV6_ADDRESS_BYTES,
  MAX_SERVERS_PER_GROUP,
  STORAGE_ID_BYTES,
} from '../model/limits.js';
import { Reader } from './fields.js';
import type {
  ByteName,
  ConnectionCounts,
  Counter,
  DiskName,
  GroupRecord,
  OperationName,
  RwMode,
  StorageRecord,
  StorageState,
} from './record-types.js';

export type * from './record-types.js';

export const MIB = 2 ** 20;
/** One more than a name may have. */
export const GROUP_RECORD_NAME_BYTES = 17;
const DOMAIN_NAME_BYTES = 128;

const STATUS_NAMES = {
  0: 'INIT',
  1: 'WAIT_SYNC',
  2: 'SYNCING',
  3: 'IP_CHANGED',
  4: 'DELETED',
  5: 'OFFLINE',
  6: 'ONLINE',
  7: 'ACTIVE',
  9: 'RECOVERY',
  99: 'NONE',
} as const satisfies Record<number, StorageState>;

/** Bits of the mode: 2 write, 4 read. */
const RW_MODES: Readonly<Record<number, RwMode>> = { 0: 'none', 2: 'write', 4: 'read', 6: 'both' };

/** The counters, in wire order; each is a total and a success. */
const OPERATIONS = [
  'upload',
  'append',
  'modify',
  'truncate',
  'setMetadata',
  'delete',
  'download',
  'getMetadata',
  'createLink',
  'deleteLink',
] as const satisfies readonly OperationName[];
const BYTES = [
  'upload',
  'append',
  'modify',
  'download',
  'syncIn',
  'syncOut',
] as const satisfies readonly ByteName[];
const DISK = ['open', 'read', 'write'] as const satisfies readonly DiskName[];

interface GroupLayout {
  /** Length of a record. */
  readonly bytes: number;
  /** MB kept free, behind the free ones. */
  readonly reserved: boolean;
  /** What the two numbers behind the storage port are; one length came with either meaning. */
  readonly counts: 'readable-writable' | 'depends';
  /** What stands for the current trunk file of a group without trunk files: up to 6.13.0 the number of the first one, too. */
  readonly noTrunkFile: number;
}

/** 6.13.1 and later; up to 6.13.0 */
export const GROUP_LAYOUTS: readonly GroupLayout[] = [
  { bytes: 113, reserved: true, counts: 'readable-writable', noTrunkFile: -1 },
  { bytes: 105, reserved: false, counts: 'depends', noTrunkFile: 0 },
];

interface StorageLayout {
  readonly bytes: number;
  /** A read-write mode behind the status. */
  readonly rwMode: boolean;
  readonly addressBytes: number;
  /** A domain name behind the address, and an HTTP port behind the storage port. */
  readonly domainAndHttpPort: boolean;
  readonly versionBytes: number;
  readonly reserved: boolean;
  readonly connections: boolean;
}

const modern = { rwMode: true, domainAndHttpPort: false, versionBytes: 8, connections: true };
const old = { rwMode: false, domainAndHttpPort: true, reserved: false };

/** Newest first. Within 32 records no two lengths have a common multiple, so the first that divides is right. */
export const STORAGE_LAYOUTS: readonly StorageLayout[] = [
  // 6.15.0 and later with addresses of 16 bytes; with 46, and 6.13.1 to 6.14; 6.13.0
  { ...modern, bytes: 487, addressBytes: IPV4_ADDRESS_BYTES, reserved: true },
  { ...modern, bytes: 517, addressBytes: IPV6_ADDRESS_BYTES, reserved: true },
  { ...modern, bytes: 509, addressBytes: IPV6_ADDRESS_BYTES, reserved: false },
  // 6.12; 6.11; 5.04 to 6.10; 5.00 to 5.03
  { ...old, bytes: 644, addressBytes: IPV6_ADDRESS_BYTES, versionBytes: 8, connections: true },
  { ...old, bytes: 642, addressBytes: IPV6_ADDRESS_BYTES, versionBytes: 6, connections: true },
  { ...old, bytes: 612, addressBytes: IPV4_ADDRESS_BYTES, versionBytes: 6, connections: true },
  { ...old, bytes: 600, addressBytes: IPV4_ADDRESS_BYTES, versionBytes: 6, connections: false },
];

/**
 * A group record whose two middle numbers cannot be distinguished by its length: an HTTP port and a count of ACTIVE storages
 * up to 6.12, counts of readable and writable storages in 6.13.0.
 */
export interface AmbiguousGroup extends Omit<GroupRecord, 'readableCount' | 'writableCount'> {
  readonly ambiguous: readonly [number, number];
}

export type UnresolvedGroup = GroupRecord | AmbiguousGroup;

/** @throws ProtocolError for a length that is no number of records */
export function decodeGroups(body: Buffer): UnresolvedGroup[] {
  const layout = layoutOf('group', GROUP_LAYOUTS, body.length, Number.POSITIVE_INFINITY);
  return records(body, (reader) => readGroup(reader, layout!));
}

/** Gives the two numbers of a 105-byte record their meaning. */
export function resolveGroup(record: UnresolvedGroup, hasReadWriteCounts: boolean): GroupRecord {
  if (!('ambiguous' in record)) return record;
  const { ambiguous, ...group } = record;
  const [first, second] = ambiguous;
  return hasReadWriteCounts
    ? { ...group, readableCount: first, writableCount: second }
    : { ...group, httpPort: first, activeCount: second };
}

/** @throws ProtocolError for a length that is no number of records */
export function decodeStorages(body: Buffer, group: string): StorageRecord[] {
  const layout = layoutOf('storage', STORAGE_LAYOUTS, body.length, MAX_SERVERS_PER_GROUP);
  return records(body, (reader) => readStorage(reader, group, layout!));
}

function layoutOf<L extends { readonly bytes: number }>(
  what: string,
  layouts: readonly L[],
  length: number,
  most: number,
): L | undefined {
  if (length === 0) return undefined;
  const layout = layouts.find(({ bytes }) => length % bytes === 0 && length / bytes <= most);
  if (layout) return layout;
  const known = layouts.map(({ bytes }) => bytes).sort((a, b) => a - b);
  throw new ProtocolError(
    `Response of ${length} bytes is no list of ${what} records: known servers send ${known.join(', ')} bytes for each`,
  );
}

function records<T>(body: Buffer, read: (reader: Reader) => T): T[] {
  const reader = new Reader(body);
  const list: T[] = [];
  while (reader.remaining > 0) list.push(read(reader));
  return list;
}

function readGroup(reader: Reader, layout: GroupLayout): UnresolvedGroup {
  const name = reader.fixed(GROUP_RECORD_NAME_BYTES);
  const space = readSpace(reader, layout.reserved);
  const trunkFreeBytes = reader.int64() * MIB;
  const storageCount = reader.int64();
  const storagePort = reader.int64();
  const pair = [reader.int64(), reader.int64()] as const;
  const rest = {
    currentWriteServer: reader.int64(),
    storePathCount: reader.int64(),
    subdirCountPerPath: reader.int64(),
  };
  const trunkFile = reader.int64();
  return {
    name,
    ...space,
    trunkFreeBytes,
    storageCount,
    storagePort,
    ...(layout.counts === 'depends'
      ? { ambiguous: pair }
      : { readableCount: pair[0], writableCount: pair[1] }),
    ...rest,
    ...(trunkFile < 0 || trunkFile === layout.noTrunkFile ? {} : { currentTrunkFileId: trunkFile }),
  };
}

function readStorage(reader: Reader, group: string, layout: StorageLayout): StorageRecord {
  const status = stateName(reader.byte());
  const rwMode = layout.rwMode ? readRwMode(reader.byte()) : undefined;
  const id = reader.fixed(STORAGE_ID_BYTES);
  const host = reader.fixed(layout.addressBytes);
  const domainName = layout.domainAndHttpPort ? reader.fixed(DOMAIN_NAME_BYTES) : undefined;
  const sourceId = reader.fixed(STORAGE_ID_BYTES);
  const version = reader.fixed(layout.versionBytes);
  const times = { joinedAt: reader.date(), upSince: reader.date() };
  const space = readSpace(reader, layout.reserved);
  const settings = {
    uploadPriority: reader.int64(),
    storePathCount: reader.int64(),
    subdirCountPerPath: reader.int64(),
    currentWritePath: reader.int64(),
  };
  const port = reader.int64();
  const httpPort = layout.domainAndHttpPort ? reader.int64() : undefined;
  const connections = layout.connections ? readConnections(reader) : undefined;
  return {
    group,
    id,
    host,
    port,
    status,
    ...defined({ rwMode, sourceId: sourceId || undefined }),
    version,
    ...defined(times),
    ...space,
    ...settings,
    ...defined({ domainName, httpPort, connections }),
    operations: readCounters(reader, OPERATIONS),
    bytes: readCounters(reader, BYTES),
    disk: readCounters(reader, DISK),
    ...defined({
      lastSourceUpdate: reader.date(),
      lastSyncUpdate: reader.date(),
      lastSynced: reader.date(),
      lastHeartbeat: reader.date(),
    }),
    trunkServer: reader.bool(),
  };
}

/** total MB 8, free MB 8 [, reserved MB 8] */
function readSpace(reader: Reader, hasReserved: boolean) {
  const totalBytes = reader.int64() * MIB;
  const freeBytes = reader.int64() * MIB;
  if (!hasReserved) return { totalBytes, freeBytes };
  const reservedBytes = reader.int64() * MIB;
  return { totalBytes, freeBytes, reservedBytes, availableBytes: Math.max(0, freeBytes - reservedBytes) };
}

/** allocated 4, current 4, max 4 */
export function readConnections(reader: Reader): ConnectionCounts {
  return { allocated: reader.int32(), current: reader.int32(), max: reader.int32() };
}

function readCounters<K extends string>(reader: Reader, names: readonly K[]): Record<K, Counter> {
  const counters = {} as Record<K, Counter>;
  for (const name of names) counters[name] = { total: reader.int64(), success: reader.int64() };
  return counters;
}

export function stateName(status: number): StorageState {
  return status in STATUS_NAMES ? STATUS_NAMES[status as keyof typeof STATUS_NAMES] : `STATUS_${status}`;
}

function readRwMode(mode: number): RwMode {
  return RW_MODES[mode & 6]!;
}

/** The same without what is undefined: an absent field is absent. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T as never;
}
