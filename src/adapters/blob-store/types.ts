/** What callers of the blob store write and get. The shapes of abstract-blob-store, with their gaps filled. */

import { FastDFSError } from '../../core/base/errors.js';
import type { DownloadOptions, UploadOptions, UploadResult } from '../../index.js';

/**
 * Where keys of the caller's choice lead to file ids: a `Map`, a Keyv, a `KvStore<string>` of tus. Its functions may
 * return promises; one that fails rejects or throws.
 */
export interface BlobIndex {
  /** The file id of a key; null or undefined where there is none. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  /** Has a key lead to a file id. */
  set(key: string, fileId: string): unknown;
  /** Forgets a key; one that is not there is no error. */
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

/** How a store is made: the index, and what every write starts from. */
export interface BlobStoreOptions extends BlobDefaults {
  /** Makes the caller's keys real. Default: none, and the key of a blob is its file id. */
  index?: BlobIndex;
}

/** What names a blob. Fields that are not known here are left alone: callers hand whole blobs back. */
export interface BlobName {
  /** With an index the key; without one only its extension counts. */
  key?: string;
  /** Stands for `key` where that is missing. */
  name?: string;
  /** Left alone. */
  [other: string]: unknown;
}

/** Key of the blob to write, and options of its upload. */
export type BlobWriteOptions = BlobName & UploadOptions;
/** Key of the blob to read, and options of its download: `start` and `end` in bytes, inclusive. */
export type BlobReadOptions = BlobName & DownloadOptions;

/** A blob as the callback of `createWriteStream` gets it; `key` is what finds it again. */
export interface StoredBlob extends UploadResult {
  /** What finds the blob again: the caller's key with an index, the file id without. */
  key: string;
  /** As it was given. */
  name?: string;
  /** An older file of this key that could not be removed. The blob itself is in place. */
  orphan?: string;
}

/** As everywhere in Node, the second argument counts only when the first is null. */
export type WriteCallback = (error: Error | null, blob: StoredBlob) => void;
/** Called once: with an error, or with null and the answer. */
export type ExistsCallback = (error: Error | null, exists: boolean) => void;
/** Called once: with an error, or with null. */
export type RemoveCallback = (error: Error | null) => void;

/** No blob has this key. `code` is `FASTDFS_NOT_FOUND`. */
export class BlobNotFoundError extends FastDFSError {
  /** What users of abstract-blob-store look for. */
  readonly notFound = true;

  /** @internal */
  constructor(key: unknown, details: { fileId?: string | undefined; cause?: unknown } = {}) {
    const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 160)) : String(key);
    super('FASTDFS_NOT_FOUND', `There is no blob with the key ${shown}`, details);
  }
}
