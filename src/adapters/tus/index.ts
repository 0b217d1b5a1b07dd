/**
 * `fastdfs-streams/tus`: a data store for `@tus/server` 2. An upload is an appender file that grows; all that is to
 * be known of it lies in the file itself and in its metadata, and nothing in this process. Several nodes may serve
 * the same uploads if they have the same `secret` and share a locker, as `@tus/server` wants it for any store.
 */
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { type Conf, engineOf, type FastDFSClient } from '../../client.js';
import { FastDFSError, ServerError } from '../../core/base/errors.js';
import { parseFileId } from '../../core/model/file-id.js';
import { STATUS_EINVAL } from '../../core/protocol/constants.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import { isMissing } from '../shared/is-missing.js';
import { PartReader } from '../shared/part-reader.js';
import { HandedOut } from './handed-out.js';
import { checkOptions } from './options.js';
import { decodeState, encodeLength, encodeState, plainMetadata, type UploadState } from './state.js';
import type { FdfsStoreOptions, TusUpload } from './types.js';
import { UploadIds } from './upload-ids.js';
import { webStreamOf } from './web-stream.js';

export { allowAnyFileName, type FileNameQuoter } from './file-names.js';
export type { FdfsStoreOptions, TusStorage, TusUpload } from './types.js';

/**
 * Returns a data store for `@tus/server`: `new Server({ path: '/files', datastore: fdfsTusStore(conf, { secret }) })`.
 * @param conf path of a `client.conf`, options, or a client; the caller of this function closes a client it passes
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsTusStore(conf: Conf, options: FdfsStoreOptions = {}): FdfsStore {
  return new FdfsStore(conf, options);
}

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
 * with `status_code` and `body` for the rest.
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
  readonly #handedOut = new HandedOut();

  /**
   * @param conf path of a `client.conf`, options, or a client; who passes a client keeps it and closes it
   * @throws ArgumentError for wrong options, before anything connects
   */
  constructor(conf: Conf, options: FdfsStoreOptions = {}) {
    super();
    const { secret, blockBytes, finalize, group } = checkOptions(options);
    this.#handle = openClient(conf);
    this.client = this.#handle.client;
    this.#finalize = finalize;
    this.#blockBytes = blockBytes;
    this.#group = group;
    this.#ids = new UploadIds(secret ?? randomBytes(32));
    if (secret === undefined) {
      this.#warn(
        'FdfsStore signs upload ids with a secret that it made up: other nodes, and this one after a restart, ' +
          'answer 404 for its uploads. Set the option `secret` to go on with them.',
      );
    }
  }

  /** Closes the client, unless it was passed in. Uploads can be gone on with later. Safe to call twice. */
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
    // No PATCH comes for an upload of nothing: it is finished here.
    const finished = length === 0 && this.#finalize;
    const filename = metadata?.filename ?? metadata?.name ?? undefined;
    const { fileId } = await this.#explained(undefined, () =>
      this.client.upload(Buffer.alloc(0), {
        appender: !finished,
        metadata: finished ? plainMetadata(metadata) : encodeState({ length, metadata }),
        ...(filename === undefined ? {} : { filename }),
        ...(this.#group === undefined ? {} : { group: this.#group }),
      }),
    );
    upload.id = this.#ids.sign(fileId);
    upload.storage = this.#handedOut.storageOf(fileId);
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
      storage: this.#handedOut.storageOf(fileId),
    });
  }

  /**
   * PATCH. Stores what comes block by block, each at its offset, so that one that was lost and is sent again does no
   * harm. What came of a request that breaks off is stored, too.
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
      throw await this.#writeError(error, fileId);
    }
    const confirmed = offset + blocks.bytesConfirmed;
    if (this.#finalize && confirmed === found.length) await this.#finish(fileId, found);
    return confirmed;
  }

  /** PATCH with a length that was not known before. */
  async declareUploadLength(id: string, length: number): Promise<void> {
    const fileId = this.#open(id);
    await this.#explained(fileId, () =>
      this.client.setMetadata(fileId, encodeLength(length), { mode: 'merge' }),
    );
  }

  /** DELETE. */
  async remove(id: string): Promise<void> {
    const fileId = this.#open(id);
    await this.#explained(fileId, () => this.client.delete(fileId));
  }

  /** GET. Nothing is fetched before the first read; a reader that leaves ends the download. */
  async read(id: string): Promise<ReadableStream<Uint8Array>> {
    const fileId = this.#open(id);
    return webStreamOf(() => this.client.createDownloadStream(fileId));
  }

  /**
   * Removes nothing: FastDFS cannot list its files.
   * @returns 0
   */
  async deleteExpired(): Promise<number> {
    return 0;
  }

  /** 0: uploads do not expire. */
  getExpiration(): number {
    return 0;
  }

  #open(id: string): string {
    const fileId = this.#ids.open(id);
    if (fileId === undefined) throw ERRORS.FILE_NOT_FOUND;
    return fileId;
  }

  async #find(fileId: string): Promise<Found> {
    return await this.#explained(fileId, async () => {
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
        this.#warn(`The storage cannot turn appender files into ordinary ones: ${fileId} stays as it is`);
        return;
      }
      throw await this.#explain(error, 'FILE_WRITE_ERROR', fileId);
    }
    this.#handedOut.rename(fileId, newFileId);
    // The file has its content and its name by now: the rest is worth a warning, not the upload.
    const plain = plainMetadata(metadata);
    if (Object.keys(plain).length > 0) {
      await this.client.setMetadata(newFileId, plain).catch((error: Error) => {
        this.#warn(`Could not set the metadata of ${newFileId}: ${error.message}`);
      });
    }
    // The storage leaves the metadata of the old name behind, as a file that nobody would find.
    await this.client.delete(`${fileId}-m`, { ignoreNotFound: true }).catch((error: Error) => {
      this.#warn(`Could not remove the former metadata of ${newFileId}: ${error.message}`);
    });
  }

  /** Status 22 may say that the file is gone: DELETE came in between. */
  async #writeError(error: unknown, fileId: string): Promise<unknown> {
    if (error instanceof ServerError && !(await this.client.exists(fileId).catch(() => true))) {
      return ERRORS.FILE_NOT_FOUND;
    }
    return await this.#explain(error, 'FILE_WRITE_ERROR', fileId);
  }

  async #explained<T>(fileId: string | undefined, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw await this.#explain(error, 'UNKNOWN_ERROR', fileId);
    }
  }

  /**
   * The error as `@tus/server` answers it. It tells `onResponseError` everything, and the client nothing about the
   * servers behind. A client that hears of a file that is gone begins anew; otherwise it tries again.
   */
  async #explain(error: unknown, otherwise: keyof typeof ERRORS, fileId?: string): Promise<unknown> {
    if (fileId !== undefined && (await isMissing(this.client, error, fileId))) return ERRORS.FILE_NOT_FOUND;
    return error instanceof FastDFSError ? Object.assign(error, ERRORS[otherwise]) : error;
  }

  #warn(message: string): void {
    engineOf(this.client).options.logger.warn(message);
  }
}

function isAppender(fileId: string): boolean {
  return parseFileId(fileId).kind === 'appender';
}
