/**
 * What passes between the store and `@tus/server`, written down here so that this package's declarations stand
 * without that one. The compiler holds them against the originals where test/adapters/tus-harness.ts makes a server.
 */

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
  /** Bytes in all; undefined while the client has not said so. */
  size: number | undefined;
  /** Bytes that are stored. */
  offset: number;
  /** ISO 8601. */
  creation_date: string | undefined;
  /** Where it lies; undefined until it is created. */
  storage: TusStorage | undefined;
  /** The client has not said yet how many bytes there will be. */
  readonly sizeIsDeferred: boolean;
}

/** How uploads are signed, stored and finished. */
export interface FdfsStoreOptions {
  /**
   * Signs the upload ids, so that nobody can make one up. All nodes that serve the same uploads, now and after a
   * restart, need the same. Default: random, for the life of this store.
   */
  secret?: string;
  /** Bytes sent to the storage in one request; about twice as many are held in memory. Default 2 MiB. */
  blockBytes?: number;
  /**
   * Turn a finished upload into an ordinary file, of which `onUploadFinish` sees the id as `upload.storage.path`.
   * The upload's url is gone from then on. Default false: it stays an appender file and keeps its id.
   */
  finalize?: boolean;
  /** Group to upload to. Default: the client's `group`, else the trackers decide. */
  group?: string;
}
