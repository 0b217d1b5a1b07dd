/**
 * Writes a download to a file in large pieces. The socket reads into a few blocks that are used again and again: new memory
 * for every piece costs several times a copy.
 */
import type { FileHandle } from 'node:fs/promises';
import type { DownloadSink } from './download.js';

/** Written in one go, or up to one read more: reads that ended with the block could not show when too much comes. */
const BLOCK_BYTES = 1024 * 1024;
/** Read at a time, so that the checksum finds it in the cache. */
const READ_BYTES = 256 * 1024;
/** With this many blocks queued for the disk the download pauses. */
const MAX_QUEUED_BLOCKS = 2;

export class FileSink implements DownloadSink {
  /** What does not come in a block of ours is copied to one at once. */
  readonly retainsChunks = false;
  /** A disk is slow, but never for long. */
  readonly mayIdle = false;
  readonly #file: FileHandle;
  readonly #onFailure: (error: unknown) => void;
  readonly #onDrain: () => void;
  readonly #waiting: { block: Buffer; bytes: number }[] = [];
  readonly #free: Buffer[] = [];
  #blockBytes = BLOCK_BYTES + READ_BYTES;
  #filling: Buffer | undefined;
  #filled = 0;
  readonly #position: number | undefined;
  #written = 0;
  #writing: Promise<void> | undefined;

  /**
   * @param onFailure receives why the file cannot be written; nothing is written after that
   * @param onDrain called when the download may continue
   * @param position where the content belongs in the file; default: where the file is written next
   */
  constructor(file: FileHandle, onFailure: (error: unknown) => void, onDrain: () => void, position?: number) {
    this.#file = file;
    this.#onFailure = onFailure;
    this.#onDrain = onDrain;
    this.#position = position;
  }

  /** Bytes that are in the file. */
  get written(): number {
    return this.#written;
  }

  onStart(bytes: number): void {
    this.#blockBytes = bytes < READ_BYTES ? bytes : BLOCK_BYTES + READ_BYTES;
  }

  /** Little content is not read into its block: that would have to be larger than the content. */
  allocate(): Buffer | undefined {
    return this.#full || this.#blockBytes < READ_BYTES
      ? undefined
      : this.#block().subarray(this.#filled, this.#filled + READ_BYTES);
  }

  onContent(slice: Buffer): boolean {
    const block = this.#block();
    if (slice.buffer !== block.buffer) slice.copy(block, this.#filled);
    this.#filled += slice.length;
    if (this.#filled >= BLOCK_BYTES) this.#flush();
    return !this.#full;
  }

  /** Resolves when all of it has been written, or writing has failed. */
  async finish(): Promise<void> {
    if (this.#filled > 0) this.#flush();
    await this.#writing;
  }

  get #full(): boolean {
    return this.#waiting.length >= MAX_QUEUED_BLOCKS;
  }

  #block(): Buffer {
    this.#filling ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#blockBytes);
    return this.#filling;
  }

  #flush(): void {
    this.#waiting.push({ block: this.#filling!, bytes: this.#filled });
    this.#filling = undefined;
    this.#filled = 0;
    this.#writing ??= this.#write().catch(this.#onFailure);
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { block, bytes } = next;
      for (let from = 0; from < bytes; ) {
        const place = this.#position === undefined ? null : this.#position + this.#written;
        const { bytesWritten } = await this.#file.write(block, from, bytes - from, place);
        from += bytesWritten;
        this.#written += bytesWritten;
      }
      this.#waiting.shift();
      this.#free.push(block);
      this.#onDrain();
    }
    this.#writing = undefined;
  }
}
