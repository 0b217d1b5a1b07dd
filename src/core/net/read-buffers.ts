/**
 * The memory that sockets read into: one buffer that all connections share, whose content is used or copied before the next
 * read; for large content what the one who wants it offers, so that no byte is copied.
 */

/** Enough for every reply but large content. */
const SHARED_BYTES = 64 * 1024;

/**
 * libuv fills a buffer and calls back in one go, so that what one socket has read is used before the next one reads. Not so
 * on Windows, where each socket has told the system beforehand where to put what will come.
 */
const SHARED = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(SHARED_BYTES);

/** Memory for the next read, not empty; undefined while there is none to spare. */
export type Allocate = () => Buffer | undefined;

/** Read of content while there is no memory for it: who rests and has to keep it all the same should not have to keep much. */
const LITTLE_BYTES = 32 * 1024;

/** Where one connection reads into. */
export class ReadBuffers {
  readonly #shared = SHARED ?? Buffer.allocUnsafeSlow(SHARED_BYTES);
  readonly #little = this.#shared.subarray(0, LITTLE_BYTES);
  #allocate: Allocate | undefined;

  /** What the next read may fill. */
  next(): Buffer {
    return this.#allocate ? (this.#allocate() ?? this.#little) : this.#shared;
  }

  /** Whether what was read into this buffer is gone with the next read. */
  isShared(buffer: Buffer): boolean {
    return buffer.buffer === this.#shared.buffer;
  }

  /** Content is coming for one who has memory for it, or is over. */
  expectContent(allocate: Allocate | undefined): void {
    this.#allocate = allocate;
  }
}
