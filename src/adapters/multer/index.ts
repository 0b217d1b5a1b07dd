/**
 * `fastdfs-streams/multer`: a storage engine for multer 1.4.4 and later. Files go to FastDFS while they arrive, and
 * a request that fails in any way leaves none behind.
 */
import type { Duplex } from 'node:stream';
import type { Conf, FastDFSClient } from '../../client.js';
import { ClosedError, FastDFSError } from '../../core/base/errors.js';
import { parseFileId } from '../../core/model/file-id.js';
import type { UploadOptions, UploadResult, UploadStream } from '../../index.js';
import { clientOf, type HeldClient } from '../shared/client-handle.js';
import { beginningOf } from './beginning.js';
import { drain, feed } from './feed.js';
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

/** A file that ends within so much is uploaded from memory: a stream would hold as much, and cost more. */
const SMALL_BYTES = 256 * 1024;

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
  readonly #held: HeldClient;
  /** Ends each file under way. */
  readonly #underWay = new Set<() => void>();
  readonly #options: Readonly<FdfsStorageOptions<Req>>;
  readonly #requests = new WeakMap<object, RequestState>();

  /** Made by `fdfsStorage()`. */
  constructor(conf: Conf, options: FdfsStorageOptions<Req>) {
    this.#options = checkOptions(options);
    this.#held = clientOf(conf);
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
    state.watch(file.stream);
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
    try {
      const info = await this.#store(req, file, state).finally(() => this.#underWay.delete(stop));
      callBack(() => callback(null, info));
    } catch (error) {
      // Multer fails the whole request for this: its other files need not go on.
      state.fail(error);
      drain(file);
      callBack(() => callback(asObject(error)));
    }
  }

  async #store(req: Req, file: EngineFile, state: RequestState): Promise<StoredInfo> {
    const { signal } = state;
    const options = await state.race(optionsFor(this.#options, req, file));
    const transforms = await state.race(transformsFor(this.#options.transforms, req, file, signal));
    const result = await this.#upload(file, options.upload, transforms, signal);
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

  /** When it rejects, nothing is left of the file. */
  async #upload(
    file: EngineFile,
    options: UploadOptions,
    transforms: readonly Duplex[],
    signal: AbortSignal,
  ): Promise<UploadResult> {
    let beginning: readonly Buffer[] = [];
    if (transforms.length === 0 && options.whenSizeUnknown !== 'reject') {
      const limit = Math.min(options.blockBytes ?? SMALL_BYTES, SMALL_BYTES);
      const { chunks, whole } = await beginningOf(file, limit, signal);
      if (whole) return await this.client.upload(chunks, { ...options, signal });
      beginning = chunks;
    }
    const upload = this.#open(options, transforms, signal);
    await feed(file, beginning, transforms, upload, signal);
    return upload.result!;
  }

  #open(options: UploadOptions, transforms: readonly Duplex[], signal: AbortSignal): UploadStream {
    try {
      return this.client.createUploadStream({ ...options, signal });
    } catch (error) {
      for (const transform of transforms) transform.destroy();
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
  const etag =
    crc32 === undefined ? undefined : `"${size.toString(16)}-${crc32.toString(16).padStart(8, '0')}"`;
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
