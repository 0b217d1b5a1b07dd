/**
 * `fastdfs-streams/multer`: a storage engine for multer 1.4.4 and later. Files go to FastDFS while they arrive, and
 * a request that fails in any way leaves none behind.
 */
import type { Conf, FastDFSClient } from '../../client.js';
import { ClosedError, FastDFSError } from '../../core/base/errors.js';
import { formatEtag } from '../../core/model/etag.js';
import { parseFileId } from '../../core/model/file-id.js';
import type { UploadResult } from '../../index.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import type { PartReader } from '../shared/part-reader.js';
import { storePart } from '../shared/store-part.js';
import { checkOptions, optionsFor, transformsFor, urlFor } from './options.js';
import { RequestState } from './request-state.js';
import type {
  EngineFile,
  FdfsStorageOptions,
  HandleCallback,
  MulterRequest,
  RemoveCallback,
  StoredInfo,
} from './types.js';

export type {
  EngineFile,
  FdfsStorageOptions,
  HandleCallback,
  IncomingFile,
  MulterRequest,
  PerFile,
  PerFileCallback,
  PerFileFunction,
  PerFileResult,
  RemoveCallback,
  StoredFields,
  StoredFile,
  StoredInfo,
  TransformList,
} from './types.js';

/**
 * Makes a storage engine: `multer({ storage: fdfsStorage('/etc/fdfs/client.conf') })`.
 * @param conf path of a `client.conf`, options, or a client; who passes a client keeps it and closes it
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsStorage<Req extends MulterRequest = MulterRequest>(
  conf: Conf,
  options: FdfsStorageOptions<Req> = {},
): FdfsStorage<Req> {
  return new FdfsStorage(conf, options);
}

/**
 * A storage engine for multer; made by `fdfsStorage()`. What goes wrong with a file fails its request, with the
 * error of the upload, `FASTDFS_REQUEST_ABORTED` when the sender left, or `FASTDFS_OPTION_FAILED` when an
 * option rejects with something that is no object.
 */
export class FdfsStorage<Req extends MulterRequest = MulterRequest> {
  /** The client that uploads. */
  readonly client: FastDFSClient;
  readonly #held: ClientHandle;
  /** Ends each file under way. */
  readonly #underWay = new Set<() => void>();
  readonly #options: Readonly<FdfsStorageOptions<Req>>;
  readonly #requests = new WeakMap<object, RequestState>();

  /** Made by `fdfsStorage()`. */
  constructor(conf: Conf, options: FdfsStorageOptions<Req>) {
    this.#options = checkOptions(options);
    this.#held = openClient(conf);
    this.client = this.#held.client;
  }

  /** Closes the client, unless it was passed in. Uploads under way fail and leave nothing. Safe to call twice. */
  async close(): Promise<void> {
    // A part whose beginning is still awaited has no upload that could hear of it.
    if (this.#held.owned) for (const stop of this.#underWay) stop();
    await this.#held.close();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Called by multer for each file. Calls back once: with what `req.file` gains, or when nothing is left of the file. */
  _handleFile(req: Req, file: EngineFile, callback: HandleCallback): void {
    const state = this.#stateOf(req);
    void this.#handle(req, file, state, callback);
  }

  /** Called by multer for files of a request that failed afterwards. */
  _removeFile(req: Req, file: { fileId?: string | undefined }, callback: RemoveCallback): void {
    const { fileId } = file;
    if (fileId === undefined) {
      callback(null);
      return;
    }
    this.#stateOf(req)
      .remove(fileId)
      .then(
        () => callBack(() => callback(null)),
        (error) => callBack(() => callback(error)),
      );
  }

  async #handle(req: Req, file: EngineFile, state: RequestState, callback: HandleCallback): Promise<void> {
    const stop = () => state.fail(new ClosedError());
    this.#underWay.add(stop);
    const part = state.read(file);
    try {
      const info = await this.#store(req, file, part, state).finally(() => this.#underWay.delete(stop));
      callBack(() => callback(null, info));
    } catch (error) {
      // Multer fails the whole request for this: its other files need not go on.
      state.fail(error);
      part.drain();
      callBack(() => callback(asObject(error)));
    }
  }

  async #store(req: Req, file: EngineFile, part: PartReader, state: RequestState): Promise<StoredInfo> {
    const { signal } = state;
    const options = await state.race(optionsFor(this.#options, req, file));
    const transforms = await state.race(transformsFor(this.#options.transforms, req, file, signal));
    const result = await storePart(this.client, part.through(transforms), { ...options.upload, signal });
    try {
      const info = infoOf(result, options.contentType);
      const url = await state.race(urlFor(this.#options.url, req, { ...file, ...info }));
      // Nothing may come between this check and the file's being known to the request.
      signal.throwIfAborted();
      state.keep(info.fileId);
      return { ...info, url, location: url };
    } catch (error) {
      await state.remove(result.fileId).catch(() => markOrphan(error, result.fileId));
      throw error;
    }
  }

  #stateOf(req: Req): RequestState {
    let state = this.#requests.get(req);
    if (!state) {
      const remove = (fileId: string) => this.client.delete(fileId, { ignoreNotFound: true });
      state = new RequestState(req, remove);
      this.#requests.set(req, state);
    }
    return state;
  }
}

function infoOf(result: UploadResult, contentType: string): StoredInfo {
  const { fileId, group, size, url, metadata } = result;
  const crc32 = result.crc32 ?? parseFileId(fileId).crc32;
  const etag = crc32 === undefined ? undefined : formatEtag(size, crc32);
  return {
    fileId,
    key: fileId,
    group,
    bucket: group,
    url,
    location: url,
    size,
    contentType,
    metadata,
    crc32,
    etag,
  };
}

/** What the callee throws is its own affair: it must not become a rejection of ours, or a second callback. */
function callBack(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** Options may reject with anything, and multer takes nothing for success and sets fields on the rest. */
function asObject(error: unknown): object {
  if (typeof error === 'object' && error !== null) return error;
  return new FastDFSError('FASTDFS_OPTION_FAILED', `An option failed: ${String(error)}`, { cause: error });
}

function markOrphan(error: unknown, fileId: string): void {
  if (error instanceof FastDFSError) error.orphan = fileId;
}
