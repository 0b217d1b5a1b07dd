/**
 * `fastdfs-streams/multer`: a storage engine for multer 1.4.4 and later. Files go to FastDFS while they arrive, and
 * a request that fails in any way leaves none behind.
 */
import type { IncomingMessage } from 'node:http';
import type { Conf, FastDFSClient } from '../../client.js';
import { ClosedError, FastDFSError } from '../../core/base/errors.js';
import { formatEtag } from '../../core/model/etag.js';
import { parseFileId } from '../../core/model/file-id.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import { decodeFileName } from '../shared/file-names.js';
import { OptionError } from '../shared/option-error.js';
import type { PartReader } from '../shared/part-reader.js';
import { planSlaves, type SlavePlan, storeWithSlaves } from '../shared/slaves.js';
import { type StoredContent, storePart } from '../shared/store-part.js';
import { openTransforms } from '../shared/transforms.js';
import { checkStorageOptions, evaluate, evaluateOptions, evaluateUrl } from './options.js';
import { RequestState } from './request-state.js';
import type {
  EngineFile,
  FdfsStorageOptions,
  HandleCallback,
  MulterRequest,
  RemoveCallback,
  StoredIds,
  StoredInfo,
} from './types.js';

export type {
  EngineFile,
  ExpressFields,
  FdfsStorageOptions,
  HandleCallback,
  IncomingFile,
  MulterRequest,
  PerFile,
  PerFileCallback,
  PerFileFunction,
  PerFileResult,
  RemoveCallback,
  RoutedRequest,
  SlaveList,
  SlaveOptions,
  StoredFields,
  StoredFile,
  StoredIds,
  StoredInfo,
  StoredSlave,
  TransformList,
} from './types.js';

/**
 * Makes a storage engine: `multer({ storage: fdfsStorage('/etc/fdfs/client.conf') })`.
 * @param conf path of a `client.conf`, options, or a client; who passes a client keeps it and closes it
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsStorage<Req = MulterRequest>(
  conf: Conf,
  options: FdfsStorageOptions<Req> = {},
): FdfsStorage {
  return new FdfsStorage(conf, options as FdfsStorageOptions<never>);
}

/**
 * A storage engine for multer; made by `fdfsStorage()`. What goes wrong with a file fails its request, with the
 * error of the upload, `FASTDFS_REQUEST_ABORTED` when the client left, or `FASTDFS_OPTION_FAILED` when an
 * option rejects with something that is no object.
 */
export class FdfsStorage {
  /** The client that uploads. */
  readonly client: FastDFSClient;
  readonly #handle: ClientHandle;
  /** Ends each file in progress. */
  readonly #stops = new Set<() => void>();
  readonly #options: Readonly<FdfsStorageOptions>;
  readonly #requests = new WeakMap<object, RequestState>();

  /** Made by `fdfsStorage()`. */
  constructor(conf: Conf, options: FdfsStorageOptions<never>) {
    this.#options = checkStorageOptions(options as unknown as FdfsStorageOptions);
    this.#handle = openClient(conf);
    this.client = this.#handle.client;
  }

  /** Closes the client, unless it was passed in. Uploads in progress fail and leave nothing. Safe to call twice. */
  async close(): Promise<void> {
    // A part whose first bytes are still awaited has no upload that the client could end.
    if (this.#handle.owned) for (const stop of this.#stops) stop();
    await this.#handle.close();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Called by multer for each file. Calls back once: with what `req.file` gains, or when nothing of the file remains. */
  _handleFile(req: IncomingMessage, file: EngineFile, callback: HandleCallback): void {
    void this.#handleFile(req as MulterRequest, file, this.#findState(req), callback);
  }

  /** Called by multer for files of a request that failed afterwards. */
  _removeFile(req: IncomingMessage, file: StoredIds, callback: RemoveCallback): void {
    const { fileId, slaves = {} } = file;
    if (fileId === undefined) {
      callback(null);
      return;
    }
    const fileIds = [...Object.values(slaves).map((slave) => slave.fileId), fileId];
    this.#findState(req)
      .removeAll(fileIds)
      .then(
        () => run(() => callback(null)),
        (error) => run(() => callback(error)),
      );
  }

  async #handleFile(
    req: MulterRequest,
    file: EngineFile,
    state: RequestState,
    callback: HandleCallback,
  ): Promise<void> {
    const stop = () => state.fail(new ClosedError());
    this.#stops.add(stop);
    // Options see the name as the sender's browser meant it, and so does the application.
    file.originalname = decodeFileName(file.originalname);
    const part = state.open(file);
    try {
      const info = await this.#store(req, file, part, state).finally(() => this.#stops.delete(stop));
      run(() => callback(null, info));
    } catch (error) {
      // Multer fails the whole request for this: its other files need not go on.
      state.fail(error);
      part.drain();
      run(() => callback(toObject(error)));
    }
  }

  async #store(
    req: MulterRequest,
    file: EngineFile,
    part: PartReader,
    state: RequestState,
  ): Promise<StoredInfo> {
    const { signal } = state;
    const { transforms: transformsOption, slaves: slaveList, url } = this.#options;
    const found = await state.race(evaluateOptions(this.#options, req, file));
    const settings = { ...found, upload: { ...found.upload, signal } };
    const perFile = (option: unknown) => evaluate(option, req, file);
    const transforms = await state.race(
      transformsOption ? openTransforms(transformsOption, perFile, signal) : [],
    );
    let plans: readonly SlavePlan[] = [];
    try {
      if (slaveList) plans = await state.race(planSlaves(slaveList, perFile, signal));
    } catch (error) {
      for (const transform of transforms) transform.destroy();
      throw error;
    }
    const stored: StoredInfo[] = [];
    const fail = (reason: unknown) => state.fail(reason);
    const add = async (content: StoredContent): Promise<StoredInfo> => {
      const info = describe(content);
      stored.push(info);
      info.url = await state.race(evaluateUrl(url, req, { ...file, ...info }));
      info.location = info.url;
      return info;
    };
    try {
      const info =
        plans.length === 0
          ? await add(await storePart(this.client, part.through(transforms), settings))
          : await storeWithSlaves({
              client: this.client,
              part,
              transforms,
              plans,
              settings,
              signal,
              fail,
              add,
            });
      // Nothing may come between this check and the request's knowing of the files.
      signal.throwIfAborted();
      for (const { fileId } of stored) state.keep(fileId);
      return slaveList && !info.slaves ? { ...info, slaves: {} } : info;
    } catch (error) {
      await Promise.all(
        stored.map(({ fileId }) => state.remove(fileId).catch(() => markOrphan(error, fileId))),
      );
      throw error;
    }
  }

  #findState(req: IncomingMessage): RequestState {
    let state = this.#requests.get(req);
    if (!state) {
      const remove = (fileId: string) => this.client.delete(fileId, { ignoreNotFound: true });
      state = new RequestState(req, remove);
      this.#requests.set(req, state);
    }
    return state;
  }
}

function describe({ result, contentType = '' }: StoredContent): StoredInfo {
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

/** An exception of the callee must not become a rejection of ours, or a second callback. */
function run(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** Options may reject with anything; multer takes null for success, and sets fields on all else. */
function toObject(error: unknown): object {
  return typeof error === 'object' && error !== null ? error : new OptionError(error);
}

function markOrphan(error: unknown, fileId: string): void {
  if (error instanceof FastDFSError) error.orphan ??= fileId;
}
