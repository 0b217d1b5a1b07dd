/** The client: every operation in one place, each a few lines over engine and streams. */
import { ArgumentError } from './core/base/errors.js';
import { type CallOptions, checkCount, isFileUrl } from './core/base/validate.js';
import { Engine } from './core/cluster/engine.js';
import type { PoolStats } from './core/cluster/pools.js';
import { type FastDFSOptions, resolveOptions } from './core/config/client-options.js';
import { loadConfig } from './core/config/index.js';
import { splitAppenderId, truncate } from './core/files/appender.js';
import {
  type DeleteManyOptions,
  type DeleteOptions,
  type DeleteOutcome,
  deleteFile,
  deleteMany,
} from './core/files/delete.js';
import { type LocateOptions, locate } from './core/files/locate.js';
import { getMetadata, type SetMetadataOptions, setMetadata } from './core/files/metadata.js';
import { exists, type FileStat, type StatOptions, stat } from './core/files/stat.js';
import type { Address } from './core/model/address.js';
import type { Metadata } from './core/model/metadata.js';
import { createPath, type UrlOptions } from './core/model/url.js';
import {
  type AppendOptions,
  AppendStream,
  appendBlock,
  checkAppendOptions,
  type ModifyOptions,
  ModifyStream,
  modifyBlock,
} from './streams/append/append-stream.js';
import { DownloadStream } from './streams/download/download-stream.js';
import type { DownloadFileSettings, DownloadOptions, DownloadSettings } from './streams/download/options.js';
import { downloadToBuffer } from './streams/download/to-buffer.js';
import type { DownloadedFile } from './streams/download/to-file.js';
import { type CopyOptions, copyFile, type FinalizeOptions, finalize } from './streams/upload/copy.js';
import type { UploadOptions } from './streams/upload/plan.js';
import { feed, type Source, withSource } from './streams/upload/source.js';
import { TeeStream } from './streams/upload/tee-stream.js';
import { readMemory, uploadLocalFile, uploadSource } from './streams/upload/upload.js';
import { UploadStream } from './streams/upload/upload-stream.js';
import type { UploadResult } from './streams/upload/verify.js';

/**
 * What every client, admin and adapter is made from: the path of a `client.conf` or its `file:` URL, options, or a client
 * that exists already.
 */
export type Conf = string | URL | FastDFSOptions | FastDFSClient;

/**
 * Options of `uploadSlave()`: those of an upload, without `appender` (a slave is an ordinary file) and `group`
 * (its master's).
 */
export type SlaveUploadOptions = Omit<UploadOptions, 'appender' | 'group'>;

/**
 * Makes a client. It connects when it is first used.
 * @param conf path or `file:` URL of a `client.conf`, or options; a client is returned unchanged
 * @throws ArgumentError for wrong options (`FASTDFS_ARGUMENT`), or a file that cannot be read or makes no sense
 * (`FASTDFS_CONFIG`)
 */
export function createClient(conf: Conf): FastDFSClient {
  if (conf instanceof FastDFSClient) return conf;
  if (typeof conf !== 'string' && !isFileUrl(conf)) {
    assertOptions(conf);
    return new FastDFSClient(conf);
  }
  const { options, mistakes } = loadConfig(conf);
  for (const mistake of mistakes)
    process.emitWarning(mistake, { type: 'FastDFSWarning', code: 'FASTDFS_CONFIG' });
  return new FastDFSClient(options);
}

/** @throws ArgumentError for a client of another copy of the package, whose inside cannot be used here */
function assertOptions(conf: URL | FastDFSOptions): asserts conf is FastDFSOptions {
  if (typeof conf !== 'object' || conf === null || !('createUploadStream' in conf)) return;
  throw new ArgumentError(
    'This client was made by another copy of fastdfs-streams: `npm ls fastdfs-streams` shows where the copies are installed',
  );
}

/** The engine inside a client, for the parts of this package that send commands of their own. Not exported from it. */
export let engineOf: (client: FastDFSClient) => Engine;

/**
 * Every operation on the files of one cluster. It holds the connections, so an application has one for all its
 * life, and ends it by `close()` or `await using`.
 *
 * What asks a server rejects with a {@link FastDFSError}:
 *
 * - {@link ServerError}: the server refused; `code` says why, e.g. `FASTDFS_NOT_FOUND`, `FASTDFS_NO_SPACE`
 * - {@link NetworkError}, {@link TimeoutError}, {@link ProtocolError}: no server, no answer, or no sensible one
 * - {@link ArgumentError}: what was passed cannot work, and nothing was sent (`FASTDFS_BAD_FILE_ID` for a
 *   malformed file id)
 * - {@link ClosedError}: after `close()`
 *
 * and with the signal's reason where a `signal` ended it. Only what is particular to a method is said there.
 */
export class FastDFSClient {
  readonly #engine: Engine;

  static {
    engineOf = (client) => client.#engine;
  }

  /**
   * As `createClient(options)`.
   * @throws ArgumentError (`FASTDFS_ARGUMENT`) for wrong options, naming the key
   */
  constructor(options: FastDFSOptions) {
    this.#engine = new Engine(resolveOptions(options));
  }

  /**
   * A Writable that becomes a file; its `fileId` is set when 'finish' fires. Destroyed or aborted before that,
   * it leaves nothing on the server.
   * @throws ArgumentError at once for wrong options; what goes wrong later is an 'error' event
   * (`FASTDFS_SIZE_MISMATCH`, `FASTDFS_CHECKSUM_MISMATCH` and whatever a call rejects with)
   */
  createUploadStream(options: UploadOptions = {}): UploadStream {
    return new UploadStream(this.#assertOpen(), options);
  }

  /**
   * A Readable over a file, or over the bytes from `start` to `end` (inclusive).
   * @throws ArgumentError at once for a malformed file id or range; what goes wrong later is an 'error' event,
   * also before the stream is read (`FASTDFS_NOT_FOUND`)
   */
  createDownloadStream(fileId: string, options: DownloadOptions = {}): DownloadStream {
    return new DownloadStream(this.#assertOpen(), fileId, options);
  }

  /**
   * A Writable onto the end of an appender file; what it has confirmed stays whatever happens later.
   * @throws ArgumentError at once for wrong options, and for a file that is no appender file
   * (`FASTDFS_NOT_APPENDER`)
   */
  createAppendStream(fileId: string, options: AppendOptions = {}): AppendStream {
    return new AppendStream(this.#assertOpen(), fileId, options);
  }

  /**
   * A Writable over the bytes of an appender file from `start` on.
   * @throws ArgumentError at once for wrong options, and for a file that is no appender file
   * (`FASTDFS_NOT_APPENDER`)
   */
  createModifyStream(fileId: string, options: ModifyOptions): ModifyStream {
    return new ModifyStream(this.#assertOpen(), fileId, options);
  }

  /**
   * A Transform that passes every byte on and uploads it too; its `fileId` is set when 'finish' fires.
   * @throws ArgumentError at once for wrong options
   */
  createTeeStream(options: UploadOptions = {}): TeeStream {
    return new TeeStream(this.createUploadStream(options));
  }

  /**
   * Uploads content from memory, a stream, an iterable, or a function that writes it.
   * @throws ArgumentError for wrong options or content, for content of another length than `size`
   * (`FASTDFS_SIZE_MISMATCH`), and for content of unknown length with `whenSizeUnknown: 'reject'`
   * (`FASTDFS_SIZE_UNKNOWN`)
   * @throws ProtocolError (`FASTDFS_CHECKSUM_MISMATCH`) when the storage has other bytes; they were removed
   * @throws ServerError: `FASTDFS_NO_SPACE`; `FASTDFS_NOT_FOUND` for an unknown group, or one without an ACTIVE
   * storage
   */
  async upload(source: Source, options: UploadOptions = {}): Promise<UploadResult> {
    return await withSource(source, () => uploadSource(this.#assertOpen(), source, options));
  }

  /**
   * Uploads a local file; its extension is kept unless the options say otherwise. Fails as `upload()` does;
   * errors of the local file are Node's own (`ENOENT`, `EISDIR`).
   */
  async uploadFile(path: string | URL, options: UploadOptions = {}): Promise<UploadResult> {
    return await uploadLocalFile(this.#assertOpen(), path, options);
  }

  /**
   * Uploads a file that belongs to another: its id is the master's with `prefix` before the extension. Fails as
   * `upload()` does.
   * @param masterFileId a file that is there; its extension is taken over unless the options say otherwise
   * @param prefix 1 to 16 characters of A–Z a–z 0–9 . _ -
   * @throws ServerError: `FASTDFS_EXISTS` when the master has such a slave already, `FASTDFS_NOT_FOUND` without
   * the master
   */
  async uploadSlave(
    masterFileId: string,
    prefix: string,
    source: Source,
    options: SlaveUploadOptions = {},
  ): Promise<UploadResult> {
    const slave = { master: masterFileId, prefix };
    return await withSource(source, () => uploadSource(this.#assertOpen(), source, options, slave));
  }

  /**
   * A whole file, or the bytes from `start` to `end` (inclusive), in memory. An `end` behind the file stands
   * for its last byte; a `start` behind it gives no bytes.
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when there is no such file
   * @throws ProtocolError (`FASTDFS_CHECKSUM_MISMATCH`) when the bytes are not those that were uploaded
   * @throws ArgumentError for a wrong range, and for more bytes than a Buffer holds
   */
  async download(fileId: string, options?: DownloadSettings): Promise<Buffer> {
    return await downloadToBuffer(this.#assertOpen(), fileId, options);
  }

  /**
   * Downloads to a local file: written under a temporary name beside it, then renamed. Fails as `download()`
   * does; errors of the local file are Node's own, and leave what was there before.
   * @param path default: the remote base name, in the current directory; may be left out before `options`
   */
  async downloadFile(
    fileId: string,
    path?: string | URL | DownloadFileSettings,
    options?: DownloadFileSettings,
  ): Promise<DownloadedFile> {
    const hasPath = typeof path !== 'object' || isFileUrl(path);
    const [target, settings] = hasPath ? [path, options] : [undefined, path];
    const engine = this.#assertOpen();
    // The names of temporary files need `node:crypto`.
    const { downloadToFile } = await import('./streams/download/to-file.js');
    return await downloadToFile(engine, fileId, target, settings);
  }

  /**
   * Appends to an appender file. Content from memory goes in one request: all of it or nothing. Content of a
   * stream goes block by block, and blocks that were written stay when it fails.
   * @throws ServerError (`FASTDFS_INVALID`) or ArgumentError (`FASTDFS_NOT_APPENDER`) for any other file,
   * ServerError (`FASTDFS_NOT_FOUND`) for none; after an error with `maybeApplied` look at the size first
   */
  async append(fileId: string, source: Source, options?: AppendOptions): Promise<void> {
    await withSource(source, async () => {
      checkAppendOptions('append()', options);
      splitAppenderId(fileId);
      const content = readMemory(source);
      if (content === undefined)
        return void (await feed(source, () => this.createAppendStream(fileId, options)));
      if (content.size === 0) return;
      await appendBlock(this.#assertOpen(), fileId, content, options?.signal);
    });
  }

  /**
   * Writes over an appender file from byte `start` (at most its size) on, and past its end. Fails as `append()`
   * does, and with `FASTDFS_INVALID` for a `start` behind the end; it may be repeated without harm.
   */
  async modify(fileId: string, start: number, source: Source, options?: AppendOptions): Promise<void> {
    await withSource(source, async () => {
      checkAppendOptions('modify()', options);
      checkCount('start', start, 0, Number.MAX_SAFE_INTEGER);
      splitAppenderId(fileId);
      const content = readMemory(source);
      if (content === undefined)
        return void (await feed(source, () => this.createModifyStream(fileId, { ...options, start })));
      if (content.size === 0) return;
      await modifyBlock(this.#assertOpen(), fileId, start, content, options?.signal);
    });
  }

  /**
   * Cuts an appender file to `size` bytes (default 0), or extends it with zeros.
   * @throws ServerError: `FASTDFS_INVALID` for any other file, `FASTDFS_NOT_FOUND` for none
   */
  async truncate(fileId: string, size = 0, options?: CallOptions): Promise<void> {
    await truncate(this.#assertOpen(), fileId, size, options);
  }

  /**
   * Turns an appender file into an ordinary one. By `copy`, the default, its content is read from its source and stored as a
   * new file of the same group, with its metadata, verified, and the appender file is removed last. By `rename` the storage
   * renames it: no second copy, but the metadata is lost, and the replication of the whole group stops for about 5 s.
   * @returns the new id; the old one is no longer valid
   * @throws ArgumentError (`FASTDFS_NOT_APPENDER`) for any other file
   * @throws ServerError: `FASTDFS_NOT_FOUND` without the file; `FASTDFS_INVALID` by storages before 6.02 for `rename`
   * @throws FastDFSError (`FASTDFS_BUSY`) when the file changed while it was copied; it stays as it was
   */
  async finalize(fileId: string, options?: FinalizeOptions): Promise<string> {
    return await finalize(this.#assertOpen(), fileId, options);
  }

  /**
   * Copies a file inside the cluster, with its extension and metadata unless the options say otherwise. The copy is an ordinary
   * file, also of an appender or slave file, unless `appender` is true.
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when there is no such file
   */
  async copy(fileId: string, options?: CopyOptions): Promise<UploadResult> {
    return await copyFile(this.#assertOpen(), fileId, options);
  }

  /**
   * Removes a file and its metadata. With `ignoreNotFound` (default false) a file that does not exist is no
   * error.
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when there is no such file, unless that is ignored
   */
  async delete(fileId: string, options?: DeleteOptions): Promise<void> {
    await deleteFile(this.#assertOpen(), fileId, options);
  }

  /**
   * Removes many files, at most `concurrency` (default 16) at a time.
   * @returns for each id `'deleted'`, `'absent'`, or the error, in the order of the ids
   */
  async deleteMany(
    fileIds: Iterable<string> | AsyncIterable<string>,
    options?: DeleteManyOptions,
  ): Promise<Map<string, DeleteOutcome>> {
    return await deleteMany(this.#assertOpen(), fileIds, options);
  }

  /** Whether a storage has the file. Asks one, for an ordinary file, too. */
  async exists(fileId: string, options?: CallOptions): Promise<boolean> {
    return await exists(this.#assertOpen(), fileId, options);
  }

  /**
   * Size, time and checksum. `source: 'id'` reads them out of the id without a request, so a deleted file has
   * them, too; `server` asks; `auto` (default) asks only what the id does not tell.
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when a server was asked and has no such file
   * @throws ArgumentError for `source: 'id'` and a file whose id does not tell its size (appender and slave
   * files)
   */
  async stat(fileId: string, options?: StatOptions): Promise<FileStat> {
    return await stat(this.#assertOpen(), fileId, options);
  }

  /**
   * The file's metadata; `{}` when it has none.
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when there is no such file
   */
  async getMetadata(fileId: string, options?: CallOptions): Promise<Metadata> {
    return await getMetadata(this.#assertOpen(), fileId, options);
  }

  /**
   * Replaces the file's metadata (`overwrite`, the default) or adds to it (`merge`).
   * @throws ArgumentError for what FastDFS would not return unchanged: an empty key or one above 64 bytes, a value
   * above 256, NUL, 0x01 or 0x02 in either
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when there is no such file
   */
  async setMetadata(fileId: string, metadata: Metadata, options?: SetMetadataOptions): Promise<void> {
    await setMetadata(this.#assertOpen(), fileId, metadata, options);
  }

  /**
   * The storages that have the file (`read`, the default), or the one where it can be changed (`update`), in
   * the order in which the tracker names them. Trackers do not know whether there is such a file.
   * @throws ServerError (`FASTDFS_NOT_FOUND`) when there is no such group, or no storage of it that could be
   * asked
   */
  async locate(fileId: string, options?: LocateOptions): Promise<Address[]> {
    return await locate(this.#assertOpen(), fileId, options);
  }

  /**
   * Where a web server of the cluster serves the file: below `baseUrl`, or a path without one. Sends no request.
   * @throws ArgumentError for a malformed file id, and for `expiresIn` without `httpSecret`
   */
  url(fileId: string, options: UrlOptions = {}): string {
    const { options: resolved } = this.#engine;
    return (resolved.baseUrl ?? '') + createPath(resolved, fileId, options);
  }

  /** Connections per server (`host:port`), as they are now. */
  stats(): PoolStats {
    return this.#engine.pools.stats();
  }

  /**
   * Ends every call and stream under way with ClosedError, removes what they left half-done, closes all
   * connections. Safe to call twice.
   */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertOpen(): Engine {
    this.#engine.assertOpen();
    return this.#engine;
  }
}
