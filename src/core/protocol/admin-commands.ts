/**
 * Commands that an operator sends to trackers: lists, deletions, the trunk server, and the state of the cluster.
 * Layouts in wire order, widths in bytes.
 */
import { ArgumentError, ProtocolError } from '../base/errors.js';
import { STORAGE_ID_BYTES } from '../model/limits.js';
import type { Command } from './command.js';
import { HEADER_BYTES, NOT_A_TRACKER } from './constants.js';
import { encodeGroup, encodeNothing, Reader, type Writer } from './fields.js';
import {
  type ConnectionCounts,
  decodeGroups,
  decodeStorages,
  GROUP_LAYOUTS,
  GROUP_RECORD_NAME_BYTES,
  MIB,
  readConnections,
  type StorageRecord,
  type StorageState,
  stateName,
  type UnresolvedGroup,
} from './records.js';

/** A tracker as the leader sees it. */
export interface TrackerSummary {
  /** `host:port`, brackets around IPv6. */
  readonly address: string;
  /** Whether it is the leader. */
  readonly leader: boolean;
  /** Whether the leader receives its heart-beats. */
  readonly active: boolean;
  /** Connections to it. */
  readonly connections: ConnectionCounts;
  /** '' of one that is not active. */
  readonly version: string;
  /** When it was started. */
  readonly upSince?: Date;
  /** Time of its last heart-beat at the leader. Absent for the leader itself. */
  readonly lastHeartbeat?: Date;
}

/** A storage in the cluster's overview. */
export interface StorageSummary {
  /** Its storage id, or its IP address in clusters without ids. */
  readonly id: string;
  /** `host:port`, brackets around IPv6. */
  readonly address: string;
  /** It hands out the space in trunk files for its group. */
  readonly trunkServer: boolean;
  /** What the tracker holds of it; only `ACTIVE` ones serve clients. */
  readonly status: StorageState;
  /** Connections to it. */
  readonly connections: ConnectionCounts;
  /** Version of the server. */
  readonly version: string;
  /** When it was started. */
  readonly upSince?: Date;
  /** Time of its last heart-beat. */
  readonly lastHeartbeat?: Date;
}

/** All storages in summary, and how the cluster is set up. */
export interface StorageOverview {
  /** The cluster's `use_storage_id`. */
  readonly useStorageId: boolean;
  /** The cluster's `use_trunk_file`. */
  readonly useTrunkFile: boolean;
  /** Every storage of every group. */
  readonly storages: StorageSummary[];
}

/** Space of a group, in bytes. */
export interface GroupSpace {
  /** Name of the group. */
  readonly group: string;
  /** Disk space. */
  readonly totalBytes: number;
  /** Free disk space. */
  readonly freeBytes: number;
  /** Kept free by the trackers' `reserved_storage_space`. */
  readonly reservedBytes: number;
  /** What uploads can still fill. */
  readonly availableBytes: number;
  /** Free inside trunk files. */
  readonly trunkFreeBytes: number;
  /** There is space above the reserve. */
  readonly diskAvailable: boolean;
  /** There is space in trunk files. */
  readonly trunkAvailable: boolean;
}

/** The space of every group. */
export interface SpaceOverview {
  /** The cluster's `use_trunk_file`. */
  readonly useTrunkFile: boolean;
  /** One for each group. */
  readonly volumes: GroupSpace[];
}

export interface TrackerState {
  readonly leader: boolean;
  /** Since the tracker was started. */
  readonly runningSeconds: number;
  /** Between its last stop and its start; 0 where it did not stop properly. */
  readonly restartSeconds: number;
}

export interface StorageName {
  readonly group: string;
  /** Id, or IP address in clusters without ids. */
  readonly storageId: string;
}

/** Trackers hold at most 512 groups, and answer 28 where a reply does not fit their buffer. */
const MAX_LIST_REPLY = Math.max(256 * 1024 - HEADER_BYTES, 512 * GROUP_LAYOUTS[0]!.bytes);
const HOST_BYTES = 52;
const VERSION_BYTES = 8;
/** An id is sent without padding, and one that fills its field is refused. */
const MAX_ID_BYTES = STORAGE_ID_BYTES - 1;

const query = {
  to: 'tracker',
  shape: 'small',
  repeatable: true,
  readOnly: true,
  maxReply: MAX_LIST_REPLY,
} as const;

/** Not repeated where they may have arrived: the second answer would be another. */
const change = { ...query, readOnly: false, repeatable: false, maxReply: 0 } as const;

/** group 16 [, storage id up to 15, unpadded] */
function encodeStorage(writer: Writer, args: { group: string; storageId?: string | undefined }): void {
  encodeGroup(writer, args);
  const { storageId = '' } = args;
  if (Buffer.byteLength(storageId) > MAX_ID_BYTES) {
    throw new ArgumentError(
      `Storage id ${JSON.stringify(storageId)} has more than the ${MAX_ID_BYTES} bytes that servers take`,
    );
  }
  writer.text(storageId);
}

const NO_GROUP = 'there is no such group';

/** request: empty · reply: n group records, sorted by name; none at all is a success, too */
export const listAllGroups: Command<void, UnresolvedGroup[]> = {
  ...query,
  name: 'LIST_ALL_GROUPS',
  code: 91,
  hints: { 22: NOT_A_TRACKER },
  encode: encodeNothing,
  decode: decodeGroups,
};

/** request: group 16 · reply: one group record */
export const listOneGroup: Command<{ group: string }, UnresolvedGroup> = {
  ...query,
  name: 'LIST_ONE_GROUP',
  code: 90,
  hints: { 2: NO_GROUP },
  encode: encodeGroup,
  decode(body) {
    const [group, ...others] = decodeGroups(body);
    if (!group || others.length > 0) {
      throw new ProtocolError(`Response of ${body.length} bytes is not one group record`);
    }
    return group;
  },
};

/** request: group 16 [, storage id] · reply: n storage records, sorted by id */
export const listStorage: Command<{ group: string; storageId?: string | undefined }, StorageRecord[]> = {
  ...query,
  name: 'LIST_STORAGE',
  code: 92,
  hints: { 2: 'there is no such group, or no storage with this id in it' },
  encode: encodeStorage,
  decode: (body, { group }) => decodeStorages(body, group),
};

/** request: group 16, storage id · reply: empty. The record stays, as DELETED, until the tracker is restarted. */
export const deleteStorage: Command<StorageName, void> = {
  ...change,
  // A repeated delete ends in the same state.
  repeatable: true,
  name: 'DELETE_STORAGE',
  code: 93,
  hints: {
    2: 'there is no such group, or no storage with this id in it',
    16: 'the storage is still ONLINE or ACTIVE; stop it first',
    114: 'the storage has been deleted already',
  },
  encode: encodeStorage,
  decode: () => undefined,
};

/** request: group 16 · reply: empty, after a second in which the tracker sleeps */
export const deleteGroup: Command<{ group: string }, void> = {
  ...change,
  name: 'DELETE_GROUP',
  code: 108,
  hints: {
    2: NO_GROUP,
    16: 'the group still has servers; delete its storages, then restart the trackers, which keep the records of deleted ones until then',
  },
  encode: encodeGroup,
  decode: () => undefined,
};

/** request: group 16 [, storage id] · reply: id of the trunk server and a NUL */
export const setTrunkServer: Command<{ group: string; storageId?: string | undefined }, string> = {
  ...change,
  maxReply: STORAGE_ID_BYTES,
  name: 'SET_TRUNK_SERVER',
  code: 94,
  hints: {
    2: 'there is no such group, no storage with this id in it, or none that could be the trunk server',
    13: 'the storage is not writable',
    17: 'another trunk server is ACTIVE, and remains it until it is stopped',
    64: 'the storage is not ACTIVE; start it first',
    95: 'the tracker is not the leader, or trunk mode is off (use_trunk_file in tracker.conf)',
    114: 'the storage is the trunk server already',
  },
  encode: encodeStorage,
  decode: (body) => new Reader(body).fixed(body.length),
};

/** request: empty · reply: is leader 1, running seconds 8, restart interval 8 */
export const trackerGetStatus: Command<void, TrackerState> = {
  ...query,
  name: 'TRACKER_GET_STATUS',
  code: 64,
  hints: { 2: 'the tracker knows no group yet', 22: NOT_A_TRACKER },
  encode: encodeNothing,
  decode(body) {
    const reader = new Reader(body);
    const state = {
      leader: reader.bool(),
      runningSeconds: reader.int64(),
      restartSeconds: reader.int64(),
    };
    reader.end();
    return state;
  },
};

/** Since 6.15.5 · request: empty · reply: `host:port` to the end */
export const getLeader: Command<void, string> = {
  ...query,
  name: 'GET_LEADER',
  code: 95,
  hints: { 2: 'the tracker knows no leader; after a start that takes it some seconds' },
  encode: encodeNothing,
  decode: (body) => new Reader(body).fixed(body.length),
};

/** Since 6.15.5, leader only · request: filter bits 1, 2 × wanted 1 · reply: count 1, count × 90 */
export const trackerClusterStat: Command<void, TrackerSummary[]> = {
  ...query,
  name: 'TRACKER_CLUSTER_STAT',
  code: 96,
  hints: { 95: 'the tracker is not the leader' },
  encode: (writer) => void writer.bytes(Buffer.alloc(3)),
  decode(body) {
    const reader = new Reader(body);
    return list(reader, reader.byte(), () => ({
      address: reader.fixed(HOST_BYTES),
      leader: reader.bool(),
      active: reader.bool(),
      ...readLife(reader),
    }));
  },
};

/** Since 6.16.0 · request: filter bits 1, operator 1, 2 × wanted 1 · reply: ids 1, trunk 1, count 4, count × 106 */
export const storageClusterStat: Command<void, StorageOverview> = {
  ...query,
  name: 'STORAGE_CLUSTER_STAT',
  code: 97,
  encode: (writer) => void writer.bytes(Buffer.alloc(4)),
  decode(body) {
    const reader = new Reader(body);
    const useStorageId = reader.bool();
    const useTrunkFile = reader.bool();
    const storages = list(reader, reader.int32(), () => ({
      id: reader.fixed(STORAGE_ID_BYTES),
      address: reader.fixed(HOST_BYTES),
      trunkServer: reader.bool(),
      status: stateName(reader.byte()),
      ...readLife(reader),
    }));
    return { useStorageId, useTrunkFile, storages };
  },
};

/** Since 6.16.0 · request: filter bits 1, 3 × wanted 1 · reply: trunk 1, count 4, count × 59 */
export const storageVolumeStat: Command<void, SpaceOverview> = {
  ...query,
  name: 'STORAGE_VOLUME_STAT',
  code: 98,
  encode: (writer) => void writer.bytes(Buffer.alloc(4)),
  decode(body) {
    const reader = new Reader(body);
    const useTrunkFile = reader.bool();
    const volumes = list(reader, reader.int32(), () => ({
      group: reader.fixed(GROUP_RECORD_NAME_BYTES),
      totalBytes: reader.int64() * MIB,
      freeBytes: reader.int64() * MIB,
      reservedBytes: reader.int64() * MIB,
      availableBytes: reader.int64() * MIB,
      trunkFreeBytes: reader.int64() * MIB,
      diskAvailable: reader.bool(),
      trunkAvailable: reader.bool(),
    }));
    return { useTrunkFile, volumes };
  },
};

/** connections 3 × 4, version 8, up time 8, last heart-beat 8 */
function readLife(reader: Reader) {
  const connections = readConnections(reader);
  const version = reader.fixed(VERSION_BYTES);
  const upSince = reader.date();
  const lastHeartbeat = reader.date();
  return {
    connections,
    version,
    ...(upSince ? { upSince } : {}),
    ...(lastHeartbeat ? { lastHeartbeat } : {}),
  };
}

/** Exactly `count` records, and nothing behind them. */
function list<T>(reader: Reader, count: number, read: () => T): T[] {
  const records: T[] = [];
  // A count that the body does not bear out ends in the reader's error before memory is taken for it.
  while (records.length < count) records.push(read());
  reader.end();
  return records;
}
