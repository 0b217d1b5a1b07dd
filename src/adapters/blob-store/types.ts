/** What callers of the blob store write and get. The shapes of abstract-blob-store, with their gaps filled. */

import { FastDFSError } from '../../core/errors.js';
import type { DownloadOptions, UploadOptions, UploadResult } from '../../index.js';

type MaybePromise<T> = T | Promise<T>;

/**
 * Where keys of the caller's choice lead to file ids: a `Map`, a Keyv, a `KvStore<string>` of tus. Its functions may
 * return promises; one that fails rejects or throws.
 */
export interface BlobIndex {
  get(key: string): MaybePromise<string | null | undefined>;
  set(key: string, fileId: string): unknown;
  delete(key: string): unknown;
}

/** Options that every write starts from; those of the write itself come first. */
export type BlobDefaults = Pick<
  UploadOptions,
  | 'group'
  | 'ext'
  | 'metadata'
  | 'keepFilename'
  | 'appender'
  | 'whenSizeUnknown'
  | 'finalize'
  | 'blockBytes'
  | 'verify'
>;

export interface BlobStoreOptions extends BlobDefaults {
  /** Makes the caller's keys real. Default: none, and the key of a blob is its file id. */
  index?: BlobIndex;
}

/** Fields that are not known here are left alone: callers hand whole blobs back. */
interface Named {
  /** With an index the key; without one only its extension counts. */
  key?: string;
  /** Stands for `key` where that is missing. */
  name?: string;
  [other: string]: unknown;
}

export type BlobWriteOptions = Named & UploadOptions;
export type BlobReadOptions = Named & DownloadOptions;
export type BlobName = Named;

/** A blob as the callback of `createWriteStream` gets it; `key` is what finds it again. */
export interface StoredBlob extends UploadResult {
  key: string;
  /** As it was given. */
  name?: string;
  /** An older file of this key that could not be removed. The blob itself is in place. */
  orphan?: string;
}

/** As everywhere in Node, the second argument counts only when the first is null. */
export type WriteCallback = (error: Error | null, blob: StoredBlob) => void;
export type ExistsCallback = (error: Error | null, exists: boolean) => void;
export type RemoveCallback = (error: Error | null) => void;

/** No blob has this key. */
export class BlobNotFoundError extends FastDFSError {
  readonly notFound = true;

  constructor(key: unknown, details: { fileId?: string | undefined; cause?: unknown } = {}) {
    const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 160)) : String(key);
    super('FASTDFS_NOT_FOUND', `There is no blob with the key ${shown}`, details);
  }
}
