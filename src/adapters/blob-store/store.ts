/** The blob store: streams, promises and callbacks over a client and the keys that lead to its files. */
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream';
import { type Conf, engineOf, type FastDFSClient } from '../../client.js';
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import { CALL_OPTIONS, checkOptions } from '../../core/base/validate.js';
import type { CallOptions, Metadata, Source, UploadOptions } from '../../index.js';
import { withSource } from '../../streams/upload/source.js';
import { checkKey, type KeyIndex } from '../indexes/contract.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import { isMissing } from '../shared/is-missing.js';
import { waitForReady } from '../shared/wait-for-ready.js';
import { encodeKey, withoutKey } from './key-metadata.js';
import { FileIdKeys, IndexedKeys, type Keys, type RemoveFile } from './keys.js';
import { type BlobList, type BlobListOptions, listBlobs } from './list.js';
import { normalizeName, pickDownload, pickUpload, resolveOptions } from './options.js';
import { BlobReadStream } from './read-stream.js';
import {
  type BlobDefaults,
  type BlobName,
  BlobNotFoundError,
  type BlobReadOptions,
  type BlobStoreOptions,
  type BlobWriteOptions,
  type ExistsCallback,
  type MovedBlob,
  type RemoveCallback,
  type StoredBlob,
  type WriteCallback,
} from './types.js';
import { BlobWriteStream, type Placement, placeBlob } from './write-stream.js';

/**
 * An abstract-blob-store over FastDFS; made by `fdfsBlobStore()`. Its calls fail as those of the client do, and
 * with {@link BlobNotFoundError} for a key that leads to no file; an index that fails fails the call.
 */
export class FdfsBlobStore {
  readonly #handle: ClientHandle;
  readonly #defaults: BlobDefaults;
  readonly #keepKey: boolean;
  readonly #keys: Keys;
  /** Made here for `index: './keys'`, and closed here. */
  readonly #ownIndex: KeyIndex | undefined;
  readonly #removeFile: RemoveFile = async (fileId) => {
    await this.client.delete(fileId, { ignoreNotFound: true }).catch((error) => {
      if (!isBadFileId(error)) throw error;
    });
  };

  /** Made by `fdfsBlobStore()`. */
  constructor(conf: Conf, options: BlobStoreOptions) {
    const { index, ownsIndex, keepKey, defaults } = resolveOptions(options);
    this.#handle = openClient(conf);
    this.#defaults = defaults;
    this.#keepKey = keepKey;
    this.#keys = index ? new IndexedKeys(index, this.#removeFile) : new FileIdKeys(this.#removeFile);
    this.#ownIndex = ownsIndex ? index : undefined;
  }

  /** The client that stores and reads. */
  get client(): FastDFSClient {
    return this.#handle.client;
  }

  /** Closes the client, unless it was passed in, and the index of a path. Calls in progress fail. Safe to call twice. */
  async close(): Promise<void> {
    await this.#handle.close();
    await this.#ownIndex?.close?.();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * A Writable that becomes a blob. Destroyed or failed before its 'finish' it leaves nothing, and a blob that had
   * the key before remains; once the key leads to the new file, destroying has no effect.
   * @param callback called once: with the blob when the stream has finished, or with the error
   */
  createWriteStream(callback?: WriteCallback): BlobWriteStream;
  /**
   * The same for a key of your own, or with options.
   * @param options key, or `key` or `name` and options of an upload; other fields are ignored, and of a blob that was
   * returned before only `key` and `name` count
   * @param callback called once: with the blob when the stream has finished, or with the error
   */
  createWriteStream(
    options: string | BlobWriteOptions | StoredBlob | undefined,
    callback?: WriteCallback,
  ): BlobWriteStream;
  /** For code with the types of abstract-blob-store, which give every stream the type of a terminal's. */
  createWriteStream(options: string | BlobWriteOptions, callback: WriteCallback): NodeJS.WriteStream;
  createWriteStream(
    options?: string | BlobWriteOptions | StoredBlob | WriteCallback,
    callback?: WriteCallback,
  ): Writable & NodeJS.WriteStream & BlobWriteStream {
    const given = normalizeName(typeof options === 'function' ? undefined : options);
    const onStored = typeof options === 'function' ? options : callback;
    const stream = new BlobWriteStream({
      ...this.#placement(given),
      open: () => this.client.createUploadStream(this.#uploadOptions(given)),
    });
    if (onStored) {
      finished(stream, (error) => {
        if (error) (onStored as (error: Error) => void)(error);
        else onStored(null, stream.blob!);
      });
    }
    return stream as Writable & NodeJS.WriteStream & BlobWriteStream;
  }

  /**
   * Stores content as a blob.
   * @param options key, or `key` or `name` and options of an upload
   * @param source content as `client.upload()` takes it: in memory, a stream, an iterable, a function that writes it
   */
  async put(options: string | BlobWriteOptions | StoredBlob, source: Source): Promise<StoredBlob> {
    return await withSource(source, async () => {
      const given = normalizeName(options);
      const placement = this.#placement(given);
      const upload = this.#uploadOptions(given);
      const result = await this.client.upload(source, upload);
      return await placeBlob(result, placement, () => !upload.signal?.aborted);
    });
  }

  /**
   * A Readable over a blob, or over its bytes from `start` to `end` (inclusive). A key that leads to no file is an 'error'
   * with `notFound`, also while nothing reads.
   * @param options key, or `key` or `name` and options of a download
   */
  createReadStream(options?: string | BlobReadOptions | StoredBlob): BlobReadStream;
  /** For code with the types of abstract-blob-store, which give every stream the type of a terminal's. */
  createReadStream(options: string | BlobReadOptions): NodeJS.ReadStream;
  createReadStream(
    options?: string | BlobReadOptions | StoredBlob,
  ): Readable & NodeJS.ReadStream & BlobReadStream {
    const given = normalizeName(options);
    const download = pickDownload(given);
    const stream = new BlobReadStream(
      (open) =>
        this.#withFile(given.key, async (fileId) => open(this.client.createDownloadStream(fileId, download))),
      download.highWaterMark,
    );
    return stream as Readable & NodeJS.ReadStream & BlobReadStream;
  }

  /**
   * Returns a blob, or its bytes from `start` to `end` (inclusive), in memory.
   * @throws BlobNotFoundError for a key that leads to no file
   */
  async get(options: string | BlobReadOptions | StoredBlob): Promise<Buffer> {
    const given = normalizeName(options);
    const { start, end, signal, verify } = pickDownload(given);
    const download = {
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
      ...(signal === undefined ? {} : { signal }),
      ...(verify === undefined ? {} : { verify }),
    };
    return await this.#withFile(given.key, (fileId) => this.client.download(fileId, download));
  }

  /** Whether a key leads to a blob; false without a key, and for one that cannot be any. */
  exists(options?: string | BlobName | StoredBlob): Promise<boolean>;
  /** The same by callback. */
  exists(options: string | BlobName | StoredBlob | undefined, callback: ExistsCallback): void;
  exists(options?: string | BlobName | StoredBlob, callback?: ExistsCallback): Promise<boolean> | undefined {
    return settle(this.#exists(normalizeName(options).key), callback);
  }

  /** Removes a blob. One that does not exist is no error. */
  remove(options?: string | BlobName | StoredBlob): Promise<void>;
  /** The same by callback. */
  remove(options: string | BlobName | StoredBlob | undefined, callback: RemoveCallback): void;
  remove(options?: string | BlobName | StoredBlob, callback?: RemoveCallback): Promise<void> | undefined {
    return settle(this.#keys.remove(normalizeName(options).key), callback);
  }

  /**
   * Lists blobs in the order of their keys' UTF-8 bytes, with the semantics of S3.
   * @throws ArgumentError without an index, and for one that cannot list its keys
   */
  async list(options: BlobListOptions = {}): Promise<BlobList> {
    return await listBlobs(this.#indexed('list()').index, options);
  }

  /**
   * Copies content and metadata of a blob to another key.
   * @throws BlobNotFoundError when `from` leads to no file
   */
  async copy(from: string, to: string, options: CallOptions = {}): Promise<StoredBlob> {
    checkOptions('copy()', options, CALL_OPTIONS);
    const { signal } = options;
    return await this.#withFile(from, async (fileId) => {
      const metadata = withoutKey(await this.client.getMetadata(fileId, options));
      const source = this.client.createDownloadStream(fileId, options);
      try {
        const size = await waitForReady(source);
        return await this.put({ key: to, size, metadata, ...(signal ? { signal } : {}) }, source);
      } finally {
        source.destroy();
      }
    });
  }

  /**
   * Gives a blob another key in one atomic step; a blob that had it before is removed. With an index that has no `transfer`
   * the content is copied.
   * @throws BlobNotFoundError when `from` leads to no file
   * @throws ArgumentError without an index
   */
  async move(from: string, to: string, options: CallOptions = {}): Promise<MovedBlob> {
    checkOptions('move()', options, CALL_OPTIONS);
    const keys = this.#indexed('move()');
    options.signal?.throwIfAborted();
    if (!keys.index.transfer) return await this.#moveByCopy(keys, from, to, options);
    const moved = await keys.transfer(from, to);
    if (this.#keepKey) await this.#updateKey(moved.fileId, to);
    return moved;
  }

  /** A file that was written to `from` meanwhile stays there. */
  async #moveByCopy(keys: IndexedKeys, from: string, to: string, options: CallOptions): Promise<MovedBlob> {
    const before = await keys.find(from);
    const { key, fileId, orphan } = await this.copy(from, to, options);
    if (before !== undefined && from !== to) await keys.removeFile(from, before);
    return { key, fileId, ...(orphan === undefined ? {} : { orphan }) };
  }

  /** The move is done: metadata that is behind concerns a rebuilt index only, and is worth a warning. */
  async #updateKey(fileId: string, key: string): Promise<void> {
    await this.client
      .setMetadata(fileId, encodeKey(key, Date.now(), true), { mode: 'merge' })
      .catch((error: Error) => {
        engineOf(this.client).options.logger.warn(
          `Could not keep the new key of ${fileId} as metadata: ${error.message}`,
        );
      });
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
   * Uses the file of a key. A missing file may have been replaced since the key was looked up, so that the key is looked up
   * again until it stays the same.
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

  /** Whether the error proves that there is no such file; a cluster that cannot be asked proves nothing. */
  async #isMissing(error: unknown, fileId: string): Promise<boolean> {
    if (error instanceof BlobNotFoundError || isBadFileId(error)) return true;
    return await isMissing(this.client, error, fileId);
  }

  #indexed(call: string): IndexedKeys {
    if (this.#keys instanceof IndexedKeys) return this.#keys;
    throw new ArgumentError(
      `${call} needs the option \`index\`: without it the key of a blob is its file id`,
    );
  }

  #placement(given: BlobWriteOptions): Placement {
    return {
      name: given.name,
      keep: (fileId, isWanted) => this.#keys.keep(given.key, fileId, isWanted),
      removeFile: this.#removeFile,
    };
  }

  /** @throws ArgumentError for what cannot be a key */
  #uploadOptions(given: BlobWriteOptions): UploadOptions {
    if (given.key !== undefined && typeof given.key !== 'string')
      throw new ArgumentError(`The key of a blob must be a string, not ${typeof given.key}`);
    if (given.key !== undefined && this.#keys instanceof IndexedKeys) checkKey(given.key);
    const own = typeof given.fileId === 'string' ? {} : pickUpload(given);
    const filename = own.filename ?? given.name ?? given.key;
    const metadata = this.#metadata(given.key, own.metadata ?? this.#defaults.metadata);
    return {
      ...this.#defaults,
      ...own,
      ...(typeof filename === 'string' ? { filename } : {}),
      ...(metadata === undefined ? {} : { metadata }),
    };
  }

  #metadata(key: string | undefined, metadata: Metadata | undefined): Metadata | undefined {
    if (!this.#keepKey || key === undefined) return metadata;
    return { ...metadata, ...encodeKey(key, Date.now()) };
  }
}

function isBadFileId(error: unknown): boolean {
  return error instanceof FastDFSError && error.code === 'FASTDFS_BAD_FILE_ID';
}

/** Returns the promise, or calls back with its outcome. What the callback throws is left to the caller's process. */
function settle<T>(
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
