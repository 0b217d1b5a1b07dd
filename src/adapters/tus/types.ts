/**
 * What passes between the store and `@tus/server`, declared here so that this package's declarations do not need that one. The
 * compiler holds them against the originals where test/adapters/tus/harness.ts makes a server.
 */
import type { KeyIndex } from '../indexes/contract.js';

/** Where an upload lies, as hooks see it in `upload.storage`. */
export interface TusStorage {
  /** `fastdfs`. */
  type: string;
  /** File id. */
  path: string;
  /** Group. */
  bucket?: string;
}

/** `Upload` of `@tus/server`. */
export interface TusUpload {
  /** Upload id: the last part of the url. */
  id: string;
  /** From the header `Upload-Metadata`; null where a key has no value. */
  metadata: Record<string, string | null> | undefined;
  /** Bytes in all; undefined while the client has not declared it. */
  size: number | undefined;
  /** Bytes that are stored. */
  offset: number;
  /** ISO 8601. */
  creation_date: string | undefined;
  /** Where it lies; undefined until it is created. */
  storage: TusStorage | undefined;
  /** The number of bytes is not known yet. */
  readonly sizeIsDeferred: boolean;
}

/** How uploads are signed, stored and finished. */
export interface FdfsStoreOptions {
  /**
   * Signs the upload ids, so that no other can be made up. All nodes that serve the same uploads, now and after a
   * restart, need the same. Default: random, for the life of this store.
   */
  secret?: string | undefined;
  /** Bytes sent to the storage in one request; about twice as many are held in memory. Default 2 MiB. */
  blockBytes?: number | undefined;
  /**
   * Turn a finished upload into an ordinary file, of which `onUploadFinish` sees the id as `upload.storage.path`.
   * The upload's url answers 404 from then on. Default false: it remains an appender file and keeps its id.
   */
  finalize?: boolean | undefined;
  /** Group to upload to. Default: the client's `group`, else the trackers decide. */
  group?: string | undefined;
  /**
   * Keeps a list of unfinished uploads, for `deleteExpired()`: an index of its own, shared by all nodes, e.g.
   * `redisIndex(url, { name: 'tus' })`. Needs `expireAfterMs`. Default: none.
   */
  index?: KeyIndex | Map<string, string> | undefined;
  /**
   * Milliseconds from its creation after which an unfinished upload expires: the server answers 410, and
   * `server.cleanUpExpiredUploads()` removes it. Needs `index`. Default: uploads do not expire.
   */
  expireAfterMs?: number | undefined;
}
