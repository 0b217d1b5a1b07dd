/**
 * `fastdfs-streams/blob-store`: FastDFS as an abstract-blob-store. Without an index the key of a blob is its file id;
 * with one, keys are the caller's own, and can be overwritten.
 */
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream';
import type { Conf, FastDFSClient } from '../../client.js';
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import type { DownloadOptions, UploadOptions } from '../../index.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import { isMissing } from '../shared/is-missing.js';
import { FileIdKeys, IndexedKeys, type Keys, type RemoveFile } from './keys.js';
import { BlobReadStream } from './read-stream.js';
import {
  type BlobDefaults,
  type BlobName,
  BlobNotFoundError,
  type BlobReadOptions,
  type BlobStoreOptions,
  type BlobWriteOptions,
  type ExistsCallback,
  type RemoveCallback,
  type StoredBlob,
  type WriteCallback,
} from './types.js';
import { BlobWriteStream } from './write-stream.js';

export type { BlobReadStream } from './read-stream.js';
export {
  type BlobDefaults,
  type BlobIndex,
  type BlobName,
  BlobNotFoundError,
  type BlobReadOptions,
  type BlobStoreOptions,
  type BlobWriteOptions,
  type ExistsCallback,
  type RemoveCallback,
  type StoredBlob,
  type WriteCallback,
} from './types.js';
export type { BlobWriteStream } from './write-stream.js';

const DEFAULT_KEYS: Record<keyof BlobDefaults, true> = {
  group: true,
  ext: true,
  metadata: true,
  keepFilename: true,
  appender: true,
  whenSizeUnknown: true,
  finalize: true,
  blockBytes: true,
  verify: true,
};
const WRITE_KEYS: Record<keyof UploadOptions, true> = {
  ...DEFAULT_KEYS,
  filename: true,
  size: true,
  signal: true,
  onProgress: true,
};
const READ_KEYS: Record<keyof DownloadOptions, true> = {
  start: true,
  end: true,
  verify: true,
  signal: true,
  highWaterMark: true,
};

/**
 * Makes a blob store: `fdfsBlobStore('/etc/fdfs/client.conf', { index: new Map() })`.
 * @param conf path of a `client.conf`, options, or a client; who passes a client keeps it and closes it
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsBlobStore(conf: Conf, options: BlobStoreOptions = {}): FdfsBlobStore {
  return new FdfsBlobStore(conf, options);
}

/**
 * An abstract-blob-store over FastDFS; made by `fdfsBlobStore()`. Its calls fail as those of the client do, and
 * with {@link BlobNotFoundError} for a key that leads nowhere; an index that fails fails the call.
 */
export class FdfsBlobStore {
  readonly #handle: ClientHandle;
  readonly #defaults: BlobDefaults;
  readonly #keys: Keys;
  readonly #removeFile: RemoveFile = async (fileId) => {
    await this.client.delete(fileId, { ignoreNotFound: true }).catch((error) => {
      if (!isNoFileId(error)) throw error;
    });
  };

  /** Made by `fdfsBlobStore()`. */
  constructor(conf: Conf, { index, ...defaults }: BlobStoreOptions) {
    for (const key of Object.keys(defaults)) {
      if (!Object.hasOwn(DEFAULT_KEYS, key))
        throw new ArgumentError(`Unknown option \`${key}\` of fdfsBlobStore`);
    }
    if (index !== undefined && !isIndex(index)) {
      throw new ArgumentError(
        'Option `index` must have the functions get, set and delete, as a Map has them',
      );
    }
    this.#defaults = defaults;
    this.#keys = index ? new IndexedKeys(index, this.#removeFile) : new FileIdKeys(this.#removeFile);
    this.#handle = openClient(conf);
  }

  /** The client that stores and reads. */
  get client(): FastDFSClient {
    return this.#handle.client;
  }

  /** Closes the client, unless it was passed in. What is under way fails. Safe to call twice. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * A Writable that becomes a blob. Destroyed or failed before its 'finish' it leaves nothing, and a blob that had
   * the key before is still there; once the key leads to the new file, giving up comes too late.
   * @param callback called once: with the blob when the stream has finished, or with what went wrong
   */
  createWriteStream(callback?: WriteCallback): BlobWriteStream;
  /**
   * The same for a key of one's own, or with options.
   * @param options key, or `key` or `name` and options of an upload; fields that are neither are left alone, and of a
   * blob handed back only `key` and `name` count
   * @param callback called once: with the blob when the stream has finished, or with what went wrong
   */
  createWriteStream(
    options: string | BlobWriteOptions | StoredBlob | undefined,
    callback?: WriteCallback,
  ): BlobWriteStream;
  /** For code with the types of abstract-blob-store, which call every stream a terminal's. */
  createWriteStream(options: string | BlobWriteOptions, callback: WriteCallback): NodeJS.WriteStream;
  createWriteStream(
    options?: string | BlobWriteOptions | StoredBlob | WriteCallback,
    callback?: WriteCallback,
  ): Writable & NodeJS.WriteStream & BlobWriteStream {
    const given = named(typeof options === 'function' ? undefined : options);
    const told = typeof options === 'function' ? options : callback;
    const upload = this.#uploadOptions(given);
    const stream = new BlobWriteStream({
      name: given.name,
      open: () => {
        if (given.key !== undefined && typeof given.key !== 'string')
          throw new ArgumentError(`The key of a blob must be a string, not ${typeof given.key}`);
        return this.client.createUploadStream(upload);
      },
      keep: (fileId, wanted) => this.#keys.keep(given.key, fileId, wanted),
      removeFile: this.#removeFile,
    });
    if (told) {
      finished(stream, (error) => {
        if (error) (told as (error: Error) => void)(error);
        else told(null, stream.blob!);
      });
    }
    return stream as Writable & NodeJS.WriteStream & BlobWriteStream;
  }

  /**
   * A Readable over a blob, or over its bytes from `start` to `end` (inclusive). A key that leads nowhere is an 'error'
   * with `notFound`, whether or not anybody reads.
   * @param options key, or `key` or `name` and options of a download
   */
  createReadStream(options?: string | BlobReadOptions | StoredBlob): BlobReadStream;
  /** For code with the types of abstract-blob-store, which call every stream a terminal's. */
  createReadStream(options: string | BlobReadOptions): NodeJS.ReadStream;
  createReadStream(
    options?: string | BlobReadOptions | StoredBlob,
  ): Readable & NodeJS.ReadStream & BlobReadStream {
    const given = named(options);
    const download = pick<DownloadOptions>(given, READ_KEYS);
    const stream = new BlobReadStream(
      (open) =>
        this.#withFile(given.key, async (fileId) => open(this.client.createDownloadStream(fileId, download))),
      download.highWaterMark,
    );
    return stream as Readable & NodeJS.ReadStream & BlobReadStream;
  }

  /** Whether a key leads to a blob; no key, or one that could be none, does not. */
  exists(options?: string | BlobName | StoredBlob): Promise<boolean>;
  /** The same by callback. */
  exists(options: string | BlobName | StoredBlob | undefined, callback: ExistsCallback): void;
  exists(options?: string | BlobName | StoredBlob, callback?: ExistsCallback): Promise<boolean> | undefined {
    return answered(this.#exists(named(options).key), callback);
  }

  /** Removes a blob. One that is not there is no error. */
  remove(options?: string | BlobName | StoredBlob): Promise<void>;
  /** The same by callback. */
  remove(options: string | BlobName | StoredBlob | undefined, callback: RemoveCallback): void;
  remove(options?: string | BlobName | StoredBlob, callback?: RemoveCallback): Promise<void> | undefined {
    return answered(this.#keys.remove(named(options).key), callback);
  }

  async #exists(key: unknown): Promise<boolean> {
    try {
      await this.#withFile(key, async (fileId) => {
        if (!(await this.client.exists(fileId))) throw new BlobNotFoundError(key, { fileId });
      });
      return true;
    } catch (error) {
      if (error instanceof BlobNotFoundError) return false;
      throw error;
    }
  }

  /**
   * Does something with the file of a key. A file that is gone may have been replaced since the key was looked up, so
   * it is looked up again until it stays the same.
   * @throws BlobNotFoundError when the key leads to no file
   */
  async #withFile<T>(key: unknown, use: (fileId: string) => Promise<T>): Promise<T> {
    let fileId = await this.#keys.find(key);
    for (;;) {
      if (fileId === undefined) throw new BlobNotFoundError(key);
      try {
        return await use(fileId);
      } catch (error) {
        if (!(await this.#isMissing(error, fileId))) throw error;
        const current = await this.#keys.find(key);
        if (current === fileId) throw new BlobNotFoundError(key, { fileId, cause: error });
        fileId = current;
      }
    }
  }

  /** Whether the error says that this leads to no file. That it cannot be asked about is no such error. */
  async #isMissing(error: unknown, fileId: string): Promise<boolean> {
    if (error instanceof BlobNotFoundError || isNoFileId(error)) return true;
    return await isMissing(this.client, error, fileId);
  }

  #uploadOptions(given: BlobWriteOptions): UploadOptions {
    const own = typeof given.fileId === 'string' ? {} : pick<UploadOptions>(given, WRITE_KEYS);
    const filename = own.filename ?? given.name ?? given.key;
    return { ...this.#defaults, ...own, ...(typeof filename === 'string' ? { filename } : {}) };
  }
}

function isNoFileId(error: unknown): boolean {
  return error instanceof FastDFSError && error.code === 'FASTDFS_BAD_FILE_ID';
}

function isIndex(value: unknown): boolean {
  const index = (value ?? {}) as Record<string, unknown>;
  return ['get', 'set', 'delete'].every((name) => typeof index[name] === 'function');
}

/** Options with their key in `key`, in whichever of the three ways it was given. */
function named<T extends BlobName>(options: string | T | StoredBlob | undefined | null): T {
  if (typeof options === 'string') return { key: options } as T;
  return { ...options, key: options?.key ?? options?.name } as unknown as T;
}

function pick<T extends object>(given: object, keys: Record<keyof T, true>): T {
  const known = Object.entries(given).filter(
    ([key, value]) => Object.hasOwn(keys, key) && value !== undefined,
  );
  return Object.fromEntries(known) as T;
}

/** A promise, or for who prefers it a callback. What the callback throws is its own affair. */
function answered<T>(
  work: Promise<T>,
  callback: ((error: Error | null, value: T) => void) | undefined,
): Promise<T> | undefined {
  if (!callback) return work;
  work.then(
    (value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, error),
  );
  return undefined;
}
