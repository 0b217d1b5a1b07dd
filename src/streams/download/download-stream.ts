/**
 * Readable over a file or a part of it. It opens at once, so that a missing file is an 'error' even before it
 * is read; a slow reader stops the socket.
 */
import { Readable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import type { Engine } from '../../core/cluster/engine.js';
import { Download, type DownloadSink } from './download.js';
import { checkDownloadOptions, type DownloadOptions } from './options.js';
import { SlabAllocator } from './slabs.js';

const HIGH_WATER_MARK = 32 * 1024;
/** Content is read in pieces of the high-water mark, within these bounds; a full reader gets smaller ones. */
const MIN_PIECE_BYTES = 64 * 1024;
const MAX_PIECE_BYTES = 512 * 1024;
/** For a reader that never makes the download wait. */
const FAST_PIECE_BYTES = 256 * 1024;

/**
 * A file, or a part of it, as a Readable; made by `client.createDownloadStream()`. It opens at once and emits
 * 'ready' when the first storage has answered. A broken connection is no error as long as another replica can
 * continue. It fails with `FASTDFS_NOT_FOUND` for a file that does not exist and `FASTDFS_CHECKSUM_MISMATCH` for content
 * that differs from what was uploaded.
 */
export class DownloadStream extends Readable implements DownloadSink {
  /** The file that is read. */
  readonly fileId: string;
  /** @internal */
  readonly retainsChunks = true;
  /** @internal */
  readonly mayIdle = true;
  readonly #slabs: SlabAllocator;
  readonly #download: Download;
  readonly #stop = new AbortController();
  #releaseSignal: (() => void) | undefined;
  #onConstructed: ((error?: Error | null) => void) | undefined;
  #size: number | undefined;
  #bytesRead = 0;

  /** @internal */
  constructor(engine: Engine, fileId: string, options: DownloadOptions = {}) {
    checkDownloadOptions(options);
    super({ highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK });
    this.fileId = fileId;
    this.#slabs = new SlabAllocator(
      Math.min(Math.max(this.readableHighWaterMark, MIN_PIECE_BYTES), MAX_PIECE_BYTES),
      FAST_PIECE_BYTES,
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
    // Node calls this even when the constructor has thrown (for a malformed id): then no caller has the stream.
    if (!this.#download) return;
    this.#onConstructed = callback;
    this.#download.run().then(
      () => {
        this.#finishConstruction();
        this.push(null);
      },
      (error) => {
        // Destroyed before it was constructed: destroy() has the reason.
        if (this.#onConstructed) this.#finishConstruction(this.destroyed ? undefined : error);
        else this.destroy(error);
      },
    );
  }

  /** @internal */
  override _read(): void {
    this.#download.resume();
  }

  /**
   * Ends the download; the connection is released or closed. Node calls `_destroy` only once the stream is
   * constructed; a server that is silent until then must not delay it.
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
    this.#finishConstruction();
    this.emit('ready');
  }

  /** @internal */
  onContent(slice: Buffer): boolean {
    this.#bytesRead += slice.length;
    const hasRoom = this.push(slice);
    this.#slabs.commit(slice, hasRoom);
    return hasRoom;
  }

  /** @internal */
  allocate(): Buffer | undefined {
    return this.#slabs.allocate();
  }

  #finishConstruction(error?: Error): void {
    const callback = this.#onConstructed;
    this.#onConstructed = undefined;
    callback?.(error);
  }
}
