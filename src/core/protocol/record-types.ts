/** Groups and storages as users see them: what the records of the trackers say. */

/** What a tracker holds of a storage. Only ACTIVE ones serve clients. An unknown number is passed on unchanged. */
export type StorageState =
  | 'INIT'
  | 'WAIT_SYNC'
  | 'SYNCING'
  | 'IP_CHANGED'
  | 'DELETED'
  | 'OFFLINE'
  | 'ONLINE'
  | 'ACTIVE'
  | 'RECOVERY'
  | 'NONE'
  | `STATUS_${number}`;

/** What a storage may be used for: `rw=` in `storage_ids.conf`. */
export type RwMode = 'none' | 'read' | 'write' | 'both';

/** How often something was tried (or how many bytes), and how often with success. */
export interface Counter {
  /** Attempts, or bytes. */
  readonly total: number;
  /** Those of them that succeeded. */
  readonly success: number;
}

/** Connections to a server: slots allocated, open now, most open at a time. */
export interface ConnectionCounts {
  /** Slots that the server has made. */
  readonly allocated: number;
  /** Open now. */
  readonly current: number;
  /** Most that were open at a time. */
  readonly max: number;
}

/** A group as one tracker sees it. */
export interface GroupRecord {
  /** Name of the group. */
  readonly name: string;
  /** Disk space in bytes, of the storage that has the least: a group holds no more than that one. */
  readonly totalBytes: number;
  /** Free disk space in bytes, of the storage that has the least. */
  readonly freeBytes: number;
  /** Bytes kept free by the trackers' `reserved_storage_space`; servers from 6.13.1 on tell it. */
  readonly reservedBytes?: number;
  /** Bytes that uploads can still fill: free less reserved, at least 0; where the reserve is known. */
  readonly availableBytes?: number;
  /** Bytes free inside trunk files. */
  readonly trunkFreeBytes: number;
  /** Storages on record, deleted ones included. */
  readonly storageCount: number;
  /** Port on which the storages listen. */
  readonly storagePort: number;
  /** Storages that serve downloads; servers from 6.13.0 on tell it. */
  readonly readableCount?: number;
  /** Storages that take uploads; servers from 6.13.0 on tell it. */
  readonly writableCount?: number;
  /** ACTIVE storages; servers before 6.13.0 tell this instead. */
  readonly activeCount?: number;
  /** Port of the storages' web servers; servers before 6.13.0. */
  readonly httpPort?: number;
  /** Index of the storage that the next upload goes to. */
  readonly currentWriteServer: number;
  /** Store paths of each storage (`M00`, `M01`, …). */
  readonly storePathCount: number;
  /** Folders on each of the two levels of a store path. */
  readonly subdirCountPerPath: number;
  /** Number of the trunk file in use; undefined while trunk mode is off. */
  readonly currentTrunkFileId?: number;
}

/** A storage as one tracker sees it. */
export interface StorageRecord {
  /** The group that it is in. */
  readonly group: string;
  /** Its storage id, or its IP address in clusters without ids. */
  readonly id: string;
  /** Its IP address. */
  readonly host: string;
  /** Port on which it listens. */
  readonly port: number;
  /** What the tracker holds of it; only `ACTIVE` ones serve clients. */
  readonly status: StorageState;
  /** What it may be used for; servers from 6.13.0 on tell it. */
  readonly rwMode?: RwMode;
  /** Id of the storage that gave this one its first files, where there was one. */
  readonly sourceId?: string;
  /** Version of the server, e.g. `6.16.1`. */
  readonly version: string;
  /** When it joined the group. */
  readonly joinedAt?: Date;
  /** When it was started. */
  readonly upSince?: Date;
  /** Disk space in bytes. */
  readonly totalBytes: number;
  /** Free disk space in bytes. */
  readonly freeBytes: number;
  /** Bytes kept free; servers from 6.13.1 on tell it. */
  readonly reservedBytes?: number;
  /** Bytes that uploads can still fill: free less reserved, at least 0; where the reserve is known. */
  readonly availableBytes?: number;
  /** The lowest takes uploads first where trackers go by priority. */
  readonly uploadPriority: number;
  /** Its store paths (`M00`, `M01`, …). */
  readonly storePathCount: number;
  /** Folders on each of the two levels of a store path. */
  readonly subdirCountPerPath: number;
  /** Index of the store path that the next upload goes to. */
  readonly currentWritePath: number;
  /** Name of its web server; servers before 6.13.0. */
  readonly domainName?: string;
  /** Port of its web server; servers before 6.13.0. */
  readonly httpPort?: number;
  /** Connections to it; servers from 5.04 on tell them. */
  readonly connections?: ConnectionCounts;
  /** Operations since the storage was set up. */
  readonly operations: Readonly<Record<OperationName, Counter>>;
  /** Bytes of content since the storage was set up. */
  readonly bytes: Readonly<Record<ByteName, Counter>>;
  /** Operations of the disk. */
  readonly disk: Readonly<Record<DiskName, Counter>>;
  /** Last change by a client at this storage. */
  readonly lastSourceUpdate?: Date;
  /** Last change taken over from another storage, by the clock of this one. */
  readonly lastSyncUpdate?: Date;
  /** Changes of the other storages are here up to this time of theirs. */
  readonly lastSynced?: Date;
  /** When the tracker last heard of it. */
  readonly lastHeartbeat?: Date;
  /** It hands out the space in trunk files for its group. */
  readonly trunkServer: boolean;
}

/** Operations that a storage counts. */
export type OperationName =
  | 'upload'
  | 'append'
  | 'modify'
  | 'truncate'
  | 'setMetadata'
  | 'delete'
  | 'download'
  | 'getMetadata'
  | 'createLink'
  | 'deleteLink';
/** Directions in which a storage counts bytes of content. */
export type ByteName = 'upload' | 'append' | 'modify' | 'download' | 'syncIn' | 'syncOut';
/** Operations of the disk that a storage counts. */
export type DiskName = 'open' | 'read' | 'write';
