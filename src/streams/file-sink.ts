/**
 * Writes a download to a file in large pieces. What the socket has read is copied into a few blocks that are used again and
 * again: new memory for every piece costs several times the copy.
 */
import type { FileHandle } from 'node:fs/promises';
import type { DownloadSink } from '../core/download.js';

const BLOCK_BYTES = 1024 * 1024;
/** With so many blocks waiting for the disk the download pauses. */
const MOST_WAITING = 2;

export class FileSink implements DownloadSink {
  /** Nothing is kept of what comes. */
  readonly pieceBytes = 0;
  readonly #file: FileHandle;
  readonly #failed: (error: unknown) => void;
  readonly #room: () => void;
  readonly #waiting: Buffer[] = [];
  readonly #free: Buffer[] = [];
  #filling: Buffer | undefined;
  #filled = 0;
  #written = 0;
  #writing: Promise<void> | undefined;

  /**
   * @param failed hears why the file cannot be written; nothing is written after that
   * @param room the download may go on
   */
  constructor(file: FileHandle, failed: (error: unknown) => void, room: () => void) {
    this.#file = file;
    this.#failed = failed;
    this.#room = room;
  }

  /** Bytes that are in the file. */
  get written(): number {
    return this.#written;
  }

  onStart(): void {}

  onContent(slice: Buffer): boolean {
    for (let from = 0; from < slice.length; ) {
      this.#filling ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
      const copied = slice.copy(this.#filling, this.#filled, from);
      this.#filled += copied;
      from += copied;
      if (this.#filled === BLOCK_BYTES) this.#flush();
    }
    return this.#waiting.length < MOST_WAITING;
  }

  /** Resolves when all of it has been written, or writing has failed. */
  async finish(): Promise<void> {
    if (this.#filled > 0) this.#flush();
    await this.#writing;
  }

  #flush(): void {
    this.#waiting.push(this.#filling!.subarray(0, this.#filled));
    this.#filling = undefined;
    this.#filled = 0;
    this.#writing ??= this.#write().catch(this.#failed);
  }

  async #write(): Promise<void> {
    for (let block = this.#waiting[0]; block; block = this.#waiting[0]) {
      for (let from = 0; from < block.length; ) {
        const { bytesWritten } = await this.#file.write(block, from);
        from += bytesWritten;
        this.#written += bytesWritten;
      }
      this.#waiting.shift();
      if (block.length === BLOCK_BYTES) this.#free.push(block);
      this.#room();
    }
    this.#writing = undefined;
  }
}
