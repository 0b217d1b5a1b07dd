/** Readable over a blob: finds the file first, which may mean to look into an index, and then passes its bytes on. */
import { Readable } from 'node:stream';
import type { DownloadStream } from '../../index.js';
import { waitForReady } from '../shared/wait-for-ready.js';

/** Finds the file of a key and opens it; where it was replaced meanwhile, the file that replaced it. */
export type OpenFile = (open: (stream: DownloadStream) => Promise<unknown>) => Promise<unknown>;

/**
 * A blob as a Readable; made by `store.createReadStream()`. A missing blob is an 'error' with `notFound`, also
 * while nothing reads.
 */
export class BlobReadStream extends Readable {
  readonly #find: OpenFile;
  #source: DownloadStream | undefined;
  #ready = false;

  /** @internal */
  constructor(find: OpenFile, highWaterMark: unknown) {
    // A wrong value fails the download, and with it this stream.
    super({
      highWaterMark:
        Number.isSafeInteger(highWaterMark) && (highWaterMark as number) > 0
          ? (highWaterMark as number)
          : 64 * 1024,
    });
    this.#find = find;
  }

  /** The file that is read; set when 'ready' fires. */
  get fileId(): string | undefined {
    return this.#ready ? this.#source?.fileId : undefined;
  }

  /** Bytes that this stream delivers in all. Set when 'ready' fires. */
  get size(): number | undefined {
    return this.#ready ? this.#source?.size : undefined;
  }

  /**
   * Opens without being read, so that a missing blob is an 'error' even while nothing reads.
   * @internal
   */
  override _construct(callback: () => void): void {
    // At once: a silent server must not hold up a destroy().
    callback();
    this.#find((source) => this.#open(source)).catch((error) => this.destroy(error));
  }

  /** @internal */
  override _read(): void {
    if (this.#ready) this.#source?.resume();
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source?.destroy(error ?? undefined);
    callback(error);
  }

  async #open(source: DownloadStream): Promise<void> {
    this.#source = source;
    source.once('ready', () => {
      this.#ready = true;
      source.on('error', (error) => this.destroy(error));
      source.on('data', (chunk) => {
        if (!this.push(chunk)) source.pause();
      });
      source.on('end', () => this.push(null));
      this.emit('ready');
    });
    if (this.destroyed) source.destroy();
    await waitForReady(source);
  }
}
