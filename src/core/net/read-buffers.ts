/**
 * The memory that sockets read into: one buffer that all connections share, whose content is used or copied before the next
 * read; for large content memory that its consumer allocates, so that no byte is copied.
 */

/** Enough for every reply but large content. */
const SHARED_BYTES = 64 * 1024;

/**
 * libuv fills a buffer and calls back in one go, so that what one socket has read is used before the next one reads. Not so
 * on Windows, where the system knows the buffer of each socket beforehand.
 */
const SHARED = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(SHARED_BYTES);

/** Memory for the next read, not empty; undefined while there is none to spare. */
export type Allocate = () => Buffer | undefined;

/** Size of reads while no memory is allocated: a paused consumer has to hold what was read, and should not hold much. */
const LITTLE_BYTES = 32 * 1024;

/** Where one connection reads into. */
export class ReadBuffers {
  readonly #shared = SHARED ?? Buffer.allocUnsafeSlow(SHARED_BYTES);
  readonly #little = this.#shared.subarray(0, LITTLE_BYTES);
  #allocate: Allocate | undefined;

  /** Returns the memory for the next read. */
  next(): Buffer {
    return this.#allocate ? (this.#allocate() ?? this.#little) : this.#shared;
  }

  /** Returns whether the next read overwrites this buffer. */
  isShared(buffer: Buffer): boolean {
    return buffer.buffer === this.#shared.buffer;
  }

  /** Sets the memory for content that follows; undefined when it has ended. */
  expectContent(allocate: Allocate | undefined): void {
    this.#allocate = allocate;
  }
}
