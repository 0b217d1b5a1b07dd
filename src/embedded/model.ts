/** The cluster as data: groups, their storages, their trackers. Servers read and change it; it does no network I/O. */
import type { ResolvedOptions, StorageSettings } from './options.js';
import type { Binlog } from './storage/binlog.js';
import type { ContentStore } from './storage/content-store.js';
import { Counters } from './storage/counters.js';
import type { DiskSpace } from './storage/disk-space.js';
import type { NameMaker } from './storage/file-names.js';
import { type ReplicationSettings, Replicator } from './storage/replicator.js';
import type { SyncNode } from './storage/sync-node.js';
import type { TrunkAllocator, TrunkSlots } from './storage/trunk-slots.js';
import type { Traits } from './versions.js';
import type { ConnectionCounts } from './wire/wire-server.js';

/** State of a storage, as trackers report it. */
export type StorageState =
  | 'INIT'
  | 'WAIT_SYNC'
  | 'SYNCING'
  | 'IP_CHANGED'
  | 'DELETED'
  | 'OFFLINE'
  | 'ONLINE'
  | 'ACTIVE'
  | 'RECOVERY';

/** Values of the status byte of a storage in records. */
export const STORAGE_STATUS: Readonly<Record<StorageState, number>> = {
  INIT: 0,
  WAIT_SYNC: 1,
  SYNCING: 2,
  IP_CHANGED: 3,
  DELETED: 4,
  OFFLINE: 5,
  ONLINE: 6,
  ACTIVE: 7,
  RECOVERY: 9,
};

/** What a storage keeps on disk. */
export interface StorageFiles {
  readonly store: ContentStore;
  readonly binlog: Binlog;
  readonly space: DiskSpace;
  /** Only in trunk mode. */
  readonly slots: TrunkSlots | undefined;
}

export class StorageNode implements SyncNode {
  readonly group: Group;
  readonly index: number;
  /** Its storage id, or its IP address where the cluster uses none. */
  readonly id: string;
  /** The address that trackers announce. */
  readonly host: string;
  readonly listenHost: string;
  readonly uploadPriority: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly store: ContentStore;
  readonly binlog: Binlog;
  readonly space: DiskSpace;
  readonly slots: TrunkSlots | undefined;
  readonly replicator: Replicator;
  readonly counters = new Counters();
  /** For each source: Unix seconds of its newest change that has arrived here. */
  readonly syncedUntil = new Map<SyncNode, number>();
  port = 0;
  running = false;
  /** State that trackers report instead of ACTIVE. */
  forcedState: StorageState | undefined;
  /** Unix seconds. */
  joinedAt = 0;
  upSince = 0;
  connections: ConnectionCounts = { current: 0, max: 0 };

  constructor(
    group: Group,
    index: number,
    id: string,
    settings: StorageSettings,
    files: StorageFiles,
    replication: ReplicationSettings,
  ) {
    this.group = group;
    this.index = index;
    this.id = id;
    this.host = settings.announce;
    this.listenHost = settings.listen;
    this.uploadPriority = settings.uploadPriority;
    this.readable = settings.rwMode === 'both' || settings.rwMode === 'readonly';
    this.writable = settings.rwMode === 'both' || settings.rwMode === 'writeonly';
    this.store = files.store;
    this.binlog = files.binlog;
    this.space = files.space;
    this.slots = files.slots;
    this.replicator = new Replicator(this, group.storages, replication);
  }

  /** `group1/0`, as faults and lists name it. */
  get name(): string {
    return `${this.group.name}/${this.index}`;
  }
}

export interface Group {
  readonly name: string;
  readonly storages: StorageNode[];
  readonly names: NameMaker;
  /** Only in trunk mode. */
  readonly allocator: TrunkAllocator | undefined;
  /** Only in trunk mode. */
  trunkServer: StorageNode | undefined;
}

export interface TrackerNode {
  readonly index: number;
  readonly host: string;
  readonly listenHost: string;
  port: number;
  running: boolean;
  /** Unix seconds. */
  upSince: number;
  connections: ConnectionCounts;
}

export interface ClusterModel {
  readonly options: ResolvedOptions;
  readonly traits: Traits;
  /** Storages have ids of their own, which names and lists carry instead of IP addresses. */
  readonly storageIds: boolean;
  readonly trunk: boolean;
  /** In the order of their names. */
  readonly groups: readonly Group[];
  readonly trackers: readonly TrackerNode[];
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Connections are pre-allocated in blocks of this many, and reported so. */
const CONNECTION_BLOCK = 64;

export function countAllocatedConnections(counts: ConnectionCounts): number {
  return Math.ceil(counts.max / CONNECTION_BLOCK) * CONNECTION_BLOCK;
}
