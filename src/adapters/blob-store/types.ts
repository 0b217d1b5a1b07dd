/** What users of the blob store pass and get: the shapes of abstract-blob-store, with their gaps filled. */
import { FastDFSError } from '../../core/base/errors.js';
import type { DownloadOptions, UploadOptions, UploadResult } from '../../index.js';
import type { KeyIndex, MapLike } from '../indexes/contract.js';

/** Upload options that every write starts from; those of the write itself take precedence. */
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

/** Options of `fdfsBlobStore()`: the index, and what every write starts from. */
export interface BlobStoreOptions extends BlobDefaults {
  /**
   * Leads keys of your own to files: a map-like for one process, a {@link KeyIndex} such as `redisIndex()` for several, or the
   * path of a folder, which stands for `levelIndex(path)`. Default: none, and the key of a blob is its file id.
   */
  index?: KeyIndex | MapLike | string | undefined;
  /**
   * Keep the key as metadata of its file, so that `rebuildIndex()` can make a lost index again; one more request for each
   * write. Only with an index. Default false.
   */
  keepKey?: boolean | undefined;
}

/** What names a blob. Unknown fields are ignored: whole blobs may be passed. */
export interface BlobName {
  /** With an index the key; without one only its extension counts. */
  key?: string;
  /** The key, where `key` is missing. */
  name?: string;
  /** Ignored. */
  [other: string]: unknown;
}

/** Key of the blob to write, and options of its upload. */
export type BlobWriteOptions = BlobName & UploadOptions;
/** Key of the blob to read, and options of its download: `start` and `end` in bytes, inclusive. */
export type BlobReadOptions = BlobName & Omit<DownloadOptions, 'storage'>;

/** A blob that was written; `key` finds it again. */
export interface StoredBlob extends UploadResult {
  /** Finds the blob again: your own key with an index, the file id without. */
  key: string;
  /** As it was passed. */
  name?: string;
  /** An older file of this key that could not be removed. The blob itself is in place. */
  orphan?: string;
}

/** A blob that was moved. */
export interface MovedBlob {
  /** Its new key. */
  key: string;
  /** Its file; another than before where the index has no `transfer`. */
  fileId: string;
  /** The file that the new key led to before, where that could not be removed. */
  orphan?: string;
}

/** As everywhere in Node, the second argument counts only when the first is null. */
export type WriteCallback = (error: Error | null, blob: StoredBlob) => void;
/** Called once: with an error, or with null and the result. */
export type ExistsCallback = (error: Error | null, exists: boolean) => void;
/** Called once: with an error, or with null. */
export type RemoveCallback = (error: Error | null) => void;

/** No blob has this key. `code` is `FASTDFS_NOT_FOUND`. */
export class BlobNotFoundError extends FastDFSError {
  /** As users of abstract-blob-store expect it. */
  readonly notFound = true;

  /** @internal */
  constructor(key: unknown, details: { fileId?: string | undefined; cause?: unknown } = {}) {
    const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 160)) : String(key);
    super('FASTDFS_NOT_FOUND', `There is no blob with the key ${shown}`, details);
  }
}
