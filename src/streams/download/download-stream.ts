/**
 * Readable over a file or a part of it. It opens at once, so that a missing file is an 'error' even when nobody
 * reads yet; a slow reader stops the socket.
 */
import { Readable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import type { Engine } from '../../core/cluster/engine.js';
import { Download, type DownloadSettings, type DownloadSink } from './download.js';
import { Slabs } from './slabs.js';

/** Which bytes to fetch, whether to check them, and how much to keep ready. */
export interface DownloadOptions extends DownloadSettings {
  /** Bytes kept ready for the reader. Default 32 KiB. */
  highWaterMark?: number;
}

const HIGH_WATER_MARK = 32 * 1024;
/** Content is read in pieces of the high-water mark, within these; a reader who is full gets smaller ones. */
const LEAST_PIECE = 64 * 1024;
const LARGEST_PIECE = 512 * 1024;
/** For a reader who takes what comes. */
const FAST_PIECE = 256 * 1024;

/**
 * A file, or a part of it, as a Readable; made by `client.createDownloadStream()`. It opens at once and emits
 * 'ready' when the first storage has answered. A broken connection is no error as long as another replica can
 * go on. It fails with `FASTDFS_NOT_FOUND` for a file that is not there and `FASTDFS_CHECKSUM_MISMATCH` for one
 * that is not what was uploaded.
 */
export class DownloadStream extends Readable implements DownloadSink {
  /** The file that is read. */
  readonly fileId: string;
  /** @internal */
  readonly retainsChunks = true;
  readonly #slabs: Slabs;
  readonly #download: Download;
  readonly #stop = new AbortController();
  #releaseSignal: (() => void) | undefined;
  #opened: ((error?: Error | null) => void) | undefined;
  #size: number | undefined;
  #bytesRead = 0;

  /** @internal */
  constructor(engine: Engine, fileId: string, options: DownloadOptions = {}) {
    super({ highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK });
    this.fileId = fileId;
    this.#slabs = new Slabs(
      Math.min(Math.max(this.readableHighWaterMark, LEAST_PIECE), LARGEST_PIECE),
      FAST_PIECE,
    );
    this.#download = new Download(engine, fileId, { ...options, signal: this.#stop.signal }, this);
    engine.register(this);
    this.#releaseSignal = onAbort(options.signal, (reason) => this.destroy(reason as Error));
  }

  /** Bytes that this stream delivers in all: the length of the file or of the range. Set when 'ready' fires. */
  get size(): number | undefined {
    return this.#size;
  }

  /** Bytes delivered so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** @internal */
  override _construct(callback: (error?: Error | null) => void): void {
    // Node calls this even when the constructor has thrown (for a malformed id or range): nobody has the stream then.
    if (!this.#download) return;
    this.#opened = callback;
    this.#download.run().then(
      () => {
        this.#open();
        this.push(null);
      },
      (error) => {
        // Destroyed before it was open: whoever destroyed it said why.
        if (this.#opened) this.#open(this.destroyed ? undefined : error);
        else this.destroy(error);
      },
    );
  }

  /** @internal */
  override _read(): void {
    this.#download.resume();
  }

  /**
   * Ends the download; the connection is given back or closed. Node calls `_destroy` only once the stream has
   * opened; a server that is silent until then must not hold it up.
   * @param error emitted as 'error'; default none
   */
  override destroy(error?: Error): this {
    if (!this.readableEnded) this.#stop.abort(error ?? new Error('The stream was destroyed'));
    return super.destroy(error);
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#releaseSignal?.();
    callback(error);
  }

  /** @internal */
  onStart(bytes: number): void {
    this.#size = bytes;
    this.#open();
    this.emit('ready');
  }

  /** @internal */
  onContent(slice: Buffer): boolean {
    this.#bytesRead += slice.length;
    const hasRoom = this.push(slice);
    this.#slabs.handedOver(slice, hasRoom);
    return hasRoom;
  }

  /** @internal */
  allocate(): Buffer | undefined {
    return this.#slabs.allocate();
  }

  #open(error?: Error): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.(error);
  }
}
