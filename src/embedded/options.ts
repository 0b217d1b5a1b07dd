/** Options of an embedded cluster: meaning, units, defaults. */

/** How the cluster is made up. Everything has a default; unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface EmbeddedOptions {
  /** Groups and how many storages each has, 1 to 32. Default: `{ group1: 1 }`. */
  groups?: Record<string, number> | undefined;
  /** How many trackers, 1 to 16. Default: 1. */
  trackers?: number | undefined;
  /**
   * Where contents and storage ids are kept; they are found again at the next start. One process at a time: a second one
   * is refused. Default: a temporary directory, which `stop()` removes.
   */
  directory?: string | undefined;
  /** Address to listen on, and to announce unless it is a wildcard. Names are looked up. Default: 127.0.0.1. */
  host?: string | undefined;
  /**
   * IP address that trackers announce for the storages, where clients reach them by another than `host`.
   * Default: `host`.
   */
  announceHost?: string | undefined;
  /** Port of the first tracker; the others follow it. Default: any free ports. */
  port?: number | undefined;
  /** Port of the first storage; the others follow it. Default: any free ports. */
  storagePort?: number | undefined;
  /**
   * `http.anti_steal` secret, passed on in `options` so that urls carry tokens. The servers do not use it.
   * Default: none.
   */
  secret?: string | undefined;
  /**
   * Whose reply layouts and behaviour to have, e.g. `'6.10.0'`. Before 5.12 names carry the CRC-32 of that time.
   * Default: 6.16.1.
   */
  serverVersion?: string | undefined;
  /**
   * How long after a change the other storages of the group do not have it yet, in milliseconds. With 0 they have it before
   * the client gets its reply: that hides every mistake of reading from a replica too early. Default: 1,000.
   */
  syncDelayMs?: number | undefined;
  /**
   * From this age on a file that nothing newer has followed counts as replicated, in milliseconds
   * (`storage_sync_file_max_time`). Default: 300,000; 0 with `syncDelayMs: 0`.
   */
  syncFileMaxTimeMs?: number | undefined;
  /**
   * How long a rename (REGENERATE_APPENDER_FILENAME) of a file that another storage has already holds up the replication to
   * it, in milliseconds. None with `syncDelayMs: 0`. Default: 5,000.
   */
  renameStallMs?: number | undefined;
  /** How often a storage writes its binlog, from which files are listed (command 26), in milliseconds. Default: 1,000. */
  binlogFlushMs?: number | undefined;
  /**
   * Storages have numeric ids (100001, 100002, …) instead of their IP addresses.
   * Default: true unless there is one storage only, or each has an IP address of its own.
   */
  storageIds?: boolean | undefined;
  /** IP addresses of the storages of a group, where the machine has several. Default: `host` for all. */
  storageHosts?: Record<string, string[]> | undefined;
  /**
   * Trunk mode: a group has a trunk server, and files of up to 1 MB get ids with the place in a trunk file (60 characters
   * after the group). Each file is a file on disk all the same. Default: false.
   */
  trunk?: boolean | undefined;
  /** Size of addresses in replies: 16 or 46. Servers before 6.15 have no choice. Default: 46 for IPv6, else 16. */
  addressBytes?: 16 | 46 | undefined;
  /** A client that is silent in the middle of a request is disconnected after this, in milliseconds. Default: 60,000. */
  networkTimeoutMs?: number | undefined;
  /** Connections of each server; further ones are closed at once. Default: 256. */
  maxConnections?: number | undefined;
  /**
   * Which group an upload without a group gets: 0 each in turn, 1 `storeGroup`, 2 the one with the most free space; of
   * equal ones the first. Default: 2.
   */
  storeLookup?: 0 | 1 | 2 | undefined;
  /** The group for `storeLookup: 1`. */
  storeGroup?: string | undefined;
  /** Which storage an upload gets: 0 each in turn, 1 the first, 2 the one of the lowest upload priority. Default: 0; in trunk mode 1. */
  storeServer?: 0 | 1 | 2 | undefined;
  /** Which store path an upload gets: 0 each in turn, 2 the one with the most free space. Default: 0. */
  storePath?: 0 | 2 | undefined;
  /** Where reads go: 0 each storage that has the file in turn, 1 the source of the file. Default: 0. */
  downloadServer?: 0 | 1 | undefined;
  /** Store paths of each storage, 1 to 256. Default: 1. */
  storePaths?: number | undefined;
  /** Upload priorities of the storages of a group; the lowest wins. Default: 10 each. */
  uploadPriorities?: Record<string, number[]> | undefined;
  /** What each storage of a group is named for. Default: `'both'`. */
  rwModes?: Record<string, RwModeName[]> | undefined;
  /** Bytes that each storage, or each of a group, can hold. Default: what the disk has. */
  capacityBytes?: number | Record<string, number[]> | undefined;
  /** Bytes that uploads leave free, at each storage or at each of a group. Default: 1 % of the disk; 0 with `capacityBytes`. */
  reservedBytes?: number | Record<string, number[]> | undefined;
}

/** What trackers name a storage for. */
export type RwModeName = 'both' | 'readonly' | 'writeonly' | 'none';

export interface StorageSettings {
  readonly listen: string;
  readonly announce: string;
  readonly uploadPriority: number;
  readonly rwMode: RwModeName;
  readonly capacityBytes: number | undefined;
  readonly reservedBytes: number | undefined;
}

/** Options with every default in place. */
export interface ResolvedOptions {
  readonly groups: ReadonlyArray<{ name: string; storages: readonly StorageSettings[] }>;
  readonly trackers: number;
  readonly directory: string | undefined;
  /** Where the temporary directory is made. */
  readonly temporaryRoot: string;
  readonly host: string;
  readonly announceHost: string;
  readonly port: number;
  readonly storagePort: number;
  readonly secret: string | undefined;
  readonly serverVersion: string;
  readonly syncDelayMs: number;
  readonly syncFileMaxTimeMs: number;
  readonly renameStallMs: number;
  readonly binlogFlushMs: number;
  readonly storageIds: boolean;
  readonly trunk: boolean;
  readonly addressBytes: 16 | 46;
  readonly networkTimeoutMs: number;
  readonly maxConnections: number;
  readonly storeLookup: 0 | 1 | 2;
  readonly storeGroup: string | undefined;
  readonly storeServer: 0 | 1 | 2;
  readonly storePath: 0 | 2;
  readonly downloadServer: 0 | 1;
  readonly storePaths: number;
}
