/** The data store: the verbs of tus over appender files. */
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { type Conf, engineOf, type FastDFSClient } from '../../client.js';
import { ServerError } from '../../core/base/errors.js';
import { parseFileId } from '../../core/model/file-id.js';
import { STATUS_EINVAL } from '../../core/protocol/constants.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import { toStorableName } from '../shared/file-names.js';
import { PartReader } from '../shared/part-reader.js';
import { toIndexError, toTusError } from './errors.js';
import { UnfinishedUploads } from './expiry.js';
import { resolveOptions } from './options.js';
import { decodeState, encodeLength, encodeState, plainMetadata, type UploadState } from './state.js';
import { StorageRegistry } from './storage-registry.js';
import type { FdfsStoreOptions, TusUpload } from './types.js';
import { UploadIds } from './upload-ids.js';
import { toWebStream } from './web-stream.js';

/** Under its own type the base class would need `@tus/server` in this package's declarations. */
const Base: new () => EventEmitter = DataStore;

/** What a file is as an upload. */
interface Found extends UploadState {
  /** Bytes at the source storage. */
  readonly size: number;
  /** Where the client should go on; see {@link FdfsStore.getUpload}. */
  readonly offset: number;
}

/**
 * A data store for `@tus/server` 2, which calls its methods. They fail with what that answers: `ERRORS` of
 * `@tus/server` for an unknown upload id (404), a wrong offset (409) and the like, and an error of the client
 * with `status_code` and `body` for the rest: 503 for a cluster that cannot be reached, 507 without space, else 500.
 */
export class FdfsStore extends Base {
  /** Extensions of the protocol that it serves. */
  readonly extensions: string[] = [
    'creation',
    'creation-with-upload',
    'creation-defer-length',
    'termination',
  ];
  /** The client that this store uses. */
  readonly client: FastDFSClient;
  readonly #handle: ClientHandle;
  readonly #ids: UploadIds;
  readonly #finalize: boolean;
  readonly #blockBytes: number;
  readonly #group: string | undefined;
  readonly #expireAfterMs: number;
  readonly #unfinished: UnfinishedUploads | undefined;
  readonly #storages = new StorageRegistry();

  /**
   * @param conf path of a `client.conf`, options, or a client; the caller closes a client it passes
   * @throws ArgumentError for wrong options, before anything connects
   */
  constructor(conf: Conf, options: FdfsStoreOptions = {}) {
    super();
    const { secret, blockBytes, finalize, group, expiry } = resolveOptions(options);
    this.#handle = openClient(conf);
    this.client = this.#handle.client;
    this.#finalize = finalize;
    this.#blockBytes = blockBytes;
    this.#group = group;
    this.#expireAfterMs = expiry?.expireAfterMs ?? 0;
    if (expiry) {
      this.#unfinished = new UnfinishedUploads(expiry.index);
      this.extensions.push('expiration');
    }
    this.#ids = new UploadIds(secret ?? randomBytes(32));
    if (secret === undefined) {
      this.#warn(
        'FdfsStore signs upload ids with a random secret: other nodes, and this one after a restart, ' +
          'answer 404 for its uploads. Set the option `secret` to continue them.',
      );
    }
  }

  /** Closes the client, unless it was passed in. Uploads can be continued later. Safe to call twice. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whether it serves an extension. */
  hasExtension(extension: string): boolean {
    return this.extensions.includes(extension);
  }

  /** POST. Makes the file, and gives the upload the id that leads back to it. */
  async create(upload: TusUpload): Promise<TusUpload> {
    const { size: length, metadata } = upload;
    // No PATCH follows for an upload of nothing: it is finished here.
    const isFinished = length === 0 && this.#finalize;
    const filename = toStorableName(metadata?.filename ?? metadata?.name);
    const { fileId } = await this.#translate(undefined, () =>
      this.client.upload(Buffer.alloc(0), {
        appender: !isFinished,
        metadata: isFinished ? plainMetadata(metadata) : encodeState({ length, metadata }),
        ...(filename === undefined ? {} : { filename }),
        ...(this.#group === undefined ? {} : { group: this.#group }),
      }),
    );
    if (length !== 0) await this.#register(fileId);
    upload.id = this.#ids.sign(fileId);
    upload.storage = this.#storages.get(fileId);
    upload.creation_date = parseFileId(fileId).createdAt.toISOString();
    return upload;
  }

  /**
   * HEAD, and before every other verb. With `finalize` an upload that is complete and still an appender file lacks
   * its last byte: whatever kept it from being finished, the client sends that one again, and then it is.
   */
  async getUpload(id: string): Promise<TusUpload> {
    const fileId = this.#open(id);
    const { length, metadata, offset } = await this.#find(fileId);
    return new Upload({
      id,
      offset,
      ...(length === undefined ? {} : { size: length }),
      ...(metadata === undefined ? {} : { metadata }),
      creation_date: parseFileId(fileId).createdAt.toISOString(),
      storage: this.#storages.get(fileId),
    });
  }

  /**
   * PATCH. Stores the body block by block, each at its offset, so that a block that was lost may be sent again. What arrived
   * of a request that breaks off is stored, too.
   * @returns the new offset, as confirmed by the storage
   */
  async write(stream: Readable, id: string, offset: number): Promise<number> {
    const fileId = this.#open(id);
    const found = await this.#find(fileId);
    if (offset !== found.size && offset !== found.offset) throw ERRORS.INVALID_OFFSET;
    if (!isAppender(fileId)) return await this.#nothingMore(stream, found.size);
    const blocks = this.client.createModifyStream(fileId, { start: offset, blockBytes: this.#blockBytes });
    try {
      await PartReader.open(stream).pump(blocks, { keepPartial: true });
    } catch (error) {
      throw await this.#toWriteError(error, fileId);
    }
    const confirmed = offset + blocks.bytesConfirmed;
    if (confirmed === found.length) {
      if (this.#finalize) await this.#finish(fileId, found);
      await this.#unregister(fileId);
    }
    return confirmed;
  }

  /** PATCH with a length that was not known before. */
  async declareUploadLength(id: string, length: number): Promise<void> {
    const fileId = this.#open(id);
    await this.#translate(fileId, () =>
      this.client.setMetadata(fileId, encodeLength(length), { mode: 'merge' }),
    );
  }

  /** DELETE. */
  async remove(id: string): Promise<void> {
    const fileId = this.#open(id);
    await this.#translate(fileId, () => this.client.delete(fileId));
    await this.#unregister(fileId);
  }

  /** GET. Nothing is fetched before the first read; a reader that leaves ends the download. */
  async read(id: string): Promise<ReadableStream<Uint8Array>> {
    const fileId = this.#open(id);
    return toWebStream(() => this.client.createDownloadStream(fileId));
  }

  /**
   * Removes unfinished uploads that were made longer ago than `expireAfterMs` and have received nothing for as long. May run on
   * several nodes at once.
   * @returns how many were removed; 0 without the option
   */
  async deleteExpired(): Promise<number> {
    const unfinished = this.#unfinished;
    if (!unfinished) return 0;
    const time = Date.now() - this.#expireAfterMs;
    let removed = 0;
    for await (const fileId of unfinished.listBefore(time)) {
      const state = await this.#readState(fileId, time);
      // A request is writing to it at the moment.
      if (state === 'active') continue;
      if (!(await unfinished.remove(fileId)) || state === 'finished') continue;
      try {
        await this.client.delete(fileId, { ignoreNotFound: true });
        removed += 1;
      } catch (error) {
        await unfinished.add(fileId);
        throw error;
      }
    }
    return removed;
  }

  /** Milliseconds from the creation of an upload to its expiry; 0 where uploads do not expire. */
  getExpiration(): number {
    return this.#expireAfterMs;
  }

  #open(id: string): string {
    const fileId = this.#ids.open(id);
    if (fileId === undefined) throw ERRORS.FILE_NOT_FOUND;
    return fileId;
  }

  async #find(fileId: string): Promise<Found> {
    return await this.#translate(fileId, async () => {
      // Of an appender file both come from its source storage: replicas lag behind.
      const [{ size }, stored] = await Promise.all([
        this.client.stat(fileId, { source: 'server' }),
        this.client.getMetadata(fileId),
      ]);
      if (!isAppender(fileId)) return { size, offset: size, length: size, metadata: stored };
      const state = decodeState(stored);
      if (!state) throw ERRORS.FILE_NOT_FOUND;
      const unfinished = this.#finalize && size > 0 && size === state.length;
      return { ...state, size, offset: unfinished ? size - 1 : size };
    });
  }

  /** A finished upload takes an empty body only. */
  async #nothingMore(stream: Readable, size: number): Promise<number> {
    for await (const chunk of stream) if (chunk.length > 0) throw ERRORS.ERR_SIZE_EXCEEDED;
    return size;
  }

  async #finish(fileId: string, { metadata }: UploadState): Promise<void> {
    let newFileId: string;
    try {
      newFileId = await this.client.finalize(fileId);
    } catch (error) {
      // Servers before 6.02 do not know the command: the appender file stays, complete and usable.
      if (error instanceof ServerError && error.serverStatus === STATUS_EINVAL) {
        this.#warn(
          `The storage cannot turn appender files into ordinary ones: ${fileId} remains an appender file`,
        );
        return;
      }
      throw await toTusError(this.client, error, 'FILE_WRITE_ERROR', fileId);
    }
    this.#storages.rename(fileId, newFileId);
    // The file has its content and its name by now: what fails from here on is worth a warning, not the upload.
    // Replaces the state of the upload, where the new file has it.
    await this.client.setMetadata(newFileId, plainMetadata(metadata)).catch((error: Error) => {
      this.#warn(`Could not set the metadata of ${newFileId}: ${error.message}`);
    });
    // A storage that renames the file leaves the metadata of the old name behind, as a file of its own.
    await this.client.delete(`${fileId}-m`, { ignoreNotFound: true }).catch((error: Error) => {
      this.#warn(`Could not remove the former metadata of ${newFileId}: ${error.message}`);
    });
  }

  async #register(fileId: string): Promise<void> {
    try {
      await this.#unfinished?.add(fileId);
    } catch (error) {
      await this.client.delete(fileId, { ignoreNotFound: true }).catch((failure: Error) => {
        this.#warn(`Could not remove the upload ${fileId}: ${failure.message}`);
      });
      throw toIndexError(error);
    }
  }

  /** An entry that stays is removed by the next `deleteExpired()`, which looks at the file. */
  async #unregister(fileId: string): Promise<void> {
    await this.#unfinished?.remove(fileId).catch((error: Error) => {
      this.#warn(`Could not remove the expiry of ${fileId}: ${error.message}`);
    });
  }

  /** Whether an upload that is due is to be removed, is complete or removed already, or has received bytes since `time`. */
  async #readState(fileId: string, time: number): Promise<'expired' | 'finished' | 'active'> {
    try {
      const [{ size, createdAt, modifiedAt = createdAt }, stored] = await Promise.all([
        this.client.stat(fileId, { source: 'server' }),
        this.client.getMetadata(fileId),
      ]);
      const state = decodeState(stored);
      // With `finalize` a complete appender file lacks its finish, see getUpload().
      if (!state || (size === state.length && !this.#finalize)) return 'finished';
      return modifiedAt.getTime() >= time ? 'active' : 'expired';
    } catch (error) {
      if ((await toTusError(this.client, error, 'UNKNOWN_ERROR', fileId)) === ERRORS.FILE_NOT_FOUND)
        return 'finished';
      throw error;
    }
  }

  /** Status 22 may also mean that the file was removed: DELETE came in between. */
  async #toWriteError(error: unknown, fileId: string): Promise<unknown> {
    if (error instanceof ServerError && !(await this.client.exists(fileId).catch(() => true))) {
      return ERRORS.FILE_NOT_FOUND;
    }
    return await toTusError(this.client, error, 'FILE_WRITE_ERROR', fileId);
  }

  /** Runs calls of the client, and rejects as `@tus/server` takes it. */
  async #translate<T>(fileId: string | undefined, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw await toTusError(this.client, error, 'UNKNOWN_ERROR', fileId);
    }
  }

  #warn(message: string): void {
    engineOf(this.client).options.logger.warn(message);
  }
}

function isAppender(fileId: string): boolean {
  return parseFileId(fileId).kind === 'appender';
}
