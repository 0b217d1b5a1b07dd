/** The client: every operation in one place, each a few lines over engine and streams. */
import { open } from 'node:fs/promises';
import { checkCount } from './core/check.js';
import type { PoolStats } from './core/cluster/pools.js';
import { loadConfig } from './core/config/index.js';
import type { DownloadSettings } from './core/download.js';
import { Engine } from './core/engine.js';
import type { Metadata } from './core/metadata.js';
import { type FastDFSOptions, resolveOptions } from './core/options.js';
import type { MetadataMode } from './core/protocol/storage-commands.js';
import { uploadContent } from './core/upload-content.js';
import type { UploadResult } from './core/uploaded.js';
import { createPath, createUrl, type UrlOptions } from './core/url.js';
import * as files from './files.js';
import {
  type AppendOptions,
  AppendStream,
  appendBlock,
  type ModifyOptions,
  ModifyStream,
  modifyBlock,
} from './streams/block-streams.js';
import { type DownloadOptions, DownloadStream } from './streams/download-stream.js';
import { type DownloadedFile, downloadBuffer, downloadToFile } from './streams/download-to.js';
import { contentOf, feed, type Source, sizeOf } from './streams/source.js';
import { TeeStream } from './streams/tee-stream.js';
import {
  assertContentSize,
  planUpload,
  type SlaveTarget,
  type UploadOptions,
} from './streams/upload-options.js';
import { UploadStream } from './streams/upload-stream.js';

/** A `client.conf` by path, options, or a client that exists already. */
export type Conf = string | FastDFSOptions | FastDFSClient;

export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

export type SlaveUploadOptions = Omit<UploadOptions, 'appender' | 'group'>;

/**
 * Makes a client. It connects when it is first used.
 * @param conf path of a `client.conf`, or options; a client is returned as it is
 * @throws ArgumentError for wrong options or an unreadable file
 */
export function createClient(conf: Conf): FastDFSClient {
  if (conf instanceof FastDFSClient) return conf;
  return typeof conf === 'string' ? configured(conf) : new FastDFSClient(conf);
}

/** A file may tell the storage ids, or have them loaded from the trackers; options have no word for either. */
function configured(path: string): FastDFSClient {
  const { options, storageIds, loadParametersFromTracker } = loadConfig(path);
  const client = new FastDFSClient(options);
  engineOf(client).storageIds.use(storageIds, loadParametersFromTracker);
  return client;
}

/** The engine inside a client, for the parts of this package that send commands of their own. Not exported from it. */
export let engineOf: (client: FastDFSClient) => Engine;

export class FastDFSClient {
  readonly #engine: Engine;

  static {
    engineOf = (client) => client.#engine;
  }

  constructor(options: FastDFSOptions) {
    this.#engine = new Engine(resolveOptions(options));
  }

  /**
   * A Writable that becomes a file; its `fileId` is set when 'finish' fires. Destroyed or aborted before that, it
   * leaves nothing on the server.
   */
  createUploadStream(options: UploadOptions = {}): UploadStream {
    return new UploadStream(this.#usable(), options);
  }

  /** A Readable over a file, or over the bytes from `start` to `end` (inclusive). */
  createDownloadStream(fileId: string, options: DownloadOptions = {}): DownloadStream {
    return new DownloadStream(this.#usable(), fileId, options);
  }

  /** A Writable onto the end of an appender file; what it has confirmed stays whatever happens later. */
  createAppendStream(fileId: string, options: AppendOptions = {}): AppendStream {
    return new AppendStream(this.#usable(), fileId, options);
  }

  /** A Writable over the bytes of an appender file from `start` on. */
  createModifyStream(fileId: string, options: ModifyOptions): ModifyStream {
    return new ModifyStream(this.#usable(), fileId, options);
  }

  /** A Transform that passes every byte on and uploads it too; its `fileId` is set when 'finish' fires. */
  createTeeStream(options: UploadOptions = {}): TeeStream {
    return new TeeStream(this.createUploadStream(options));
  }

  /** Uploads content from memory, a stream, an iterable, or a function that writes it. */
  upload(source: Source, options: UploadOptions = {}): Promise<UploadResult> {
    return this.#upload(source, options);
  }

  /** Uploads a local file; its extension is kept unless the options say otherwise. Errors of the file are Node's own (`ENOENT`). */
  async uploadFile(path: string, options: UploadOptions = {}): Promise<UploadResult> {
    const file = await open(path, 'r');
    try {
      const { isFile, size } = await files.describe(file, path);
      const known = isFile ? { size } : {};
      const source = file.createReadStream({ highWaterMark: files.READ_BYTES, autoClose: false });
      return await this.#upload(source, { filename: path, ...known, ...options });
    } finally {
      await file.close();
    }
  }

  /** Uploads a file that belongs to another: its id is the master's with `prefix` before the extension. */
  async uploadSlave(
    masterFileId: string,
    prefix: string,
    source: Source,
    options: SlaveUploadOptions = {},
  ): Promise<UploadResult> {
    return await this.#upload(source, options, { master: masterFileId, prefix });
  }

  /** A whole file, or the bytes from `start` to `end` (inclusive), in memory. */
  async download(fileId: string, options: DownloadSettings = {}): Promise<Buffer> {
    return await downloadBuffer(this.#usable(), fileId, options);
  }

  /**
   * Downloads to a local file: written under a temporary name beside it, then renamed.
   * @param path default: the remote base name, in the current directory
   */
  async downloadFile(fileId: string, path?: string, options: DownloadSettings = {}): Promise<DownloadedFile> {
    return await downloadToFile(this.#usable(), fileId, path, options);
  }

  /** Appends to an appender file. Content from memory goes in one request: all of it or nothing. */
  async append(fileId: string, source: Source, options: AppendOptions = {}): Promise<void> {
    const content = contentOf(source);
    if (content === undefined)
      return void (await feed(source, () => this.createAppendStream(fileId, options)));
    if (content.length === 0) return;
    await appendBlock(this.#usable(), fileId, { chunks: [content], size: content.length }, options.signal);
  }

  /** Writes over an appender file from byte `start` (at most its size) on. */
  async modify(fileId: string, start: number, source: Source, options: AppendOptions = {}): Promise<void> {
    const content = contentOf(source);
    if (content === undefined)
      return void (await feed(source, () => this.createModifyStream(fileId, { ...options, start })));
    checkCount('start', start, 0, Number.MAX_SAFE_INTEGER);
    if (content.length === 0) return;
    await modifyBlock(
      this.#usable(),
      fileId,
      start,
      { chunks: [content], size: content.length },
      options.signal,
    );
  }

  /** Cuts an appender file to `size` bytes (default 0), or extends it with zeros. */
  async truncate(fileId: string, size = 0, options: CallOptions = {}): Promise<void> {
    await files.truncate(this.#usable(), fileId, size, options);
  }

  /**
   * Turns an appender file into an ordinary one. The storage reads all of it first.
   * @returns the new id; the old one is gone, and so is the metadata
   */
  async finalize(fileId: string, options: CallOptions = {}): Promise<string> {
    return await files.finalizeFile(this.#usable(), fileId, options);
  }

  /** Removes a file and its metadata. With `ignoreNotFound` a file that is gone already is no error. */
  async delete(fileId: string, options: CallOptions & { ignoreNotFound?: boolean } = {}): Promise<void> {
    await files.remove(this.#usable(), fileId, options);
  }

  async exists(fileId: string, options: CallOptions = {}): Promise<boolean> {
    return await files.exists(this.#usable(), fileId, options);
  }

  /**
   * Size, time and checksum. `source: 'id'` reads them out of the id and asks nobody, so a deleted file has them,
   * too; `server` asks; `auto` (default) asks only what the id does not tell.
   */
  async stat(fileId: string, options: files.StatOptions = {}): Promise<files.FileStat> {
    return await files.stat(this.#usable(), fileId, options);
  }

  /** The file's metadata; `{}` when it has none. */
  async getMetadata(fileId: string, options: CallOptions = {}): Promise<Metadata> {
    return await files.getFileMetadata(this.#usable(), fileId, options);
  }

  /** Replaces the file's metadata (`overwrite`, the default) or adds to it (`merge`). */
  async setMetadata(
    fileId: string,
    metadata: Metadata,
    options: CallOptions & { mode?: MetadataMode } = {},
  ): Promise<void> {
    await files.setFileMetadata(this.#usable(), fileId, metadata, options);
  }

  /** The storages that have the file (`read`, the default), or the one where it can be changed (`update`). */
  async locate(
    fileId: string,
    options: CallOptions & { for?: 'read' | 'update' } = {},
  ): Promise<files.StorageAddress[]> {
    return await files.locate(this.#usable(), fileId, options);
  }

  /** Where a web server of the cluster serves the file: below `baseUrl`, or a path without one. */
  url(fileId: string, options: UrlOptions = {}): string {
    const { options: resolved } = this.#engine;
    return createUrl(resolved, fileId, options) ?? createPath(resolved, fileId, options);
  }

  /** Connections per server, as they are now. */
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #upload(source: Source, options: UploadOptions, slave?: SlaveTarget): Promise<UploadResult> {
    const engine = this.#usable();
    const content = contentOf(source);
    if (content !== undefined) {
      assertContentSize(options, content.length);
      const plan = planUpload(engine, options, slave);
      const search = plan.signal;
      const result = await uploadContent(engine, plan.destination(search), content, plan);
      plan.onProgress?.({ transferred: content.length, total: content.length });
      return result;
    }
    const size = options.size ?? (await sizeOf(source));
    const stream = await feed(source, () => {
      return new UploadStream(engine, size === undefined ? options : { ...options, size }, slave);
    });
    return stream.result!;
  }

  #usable(): Engine {
    this.#engine.assertOpen();
    return this.#engine;
  }
}
