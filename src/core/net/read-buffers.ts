/**
 * The memory that a socket reads into. Small replies are decoded in place and the same bytes are used again;
 * content that a consumer keeps is handed over without a copy, and reading goes on behind it in the same slab.
 */

/** Enough for every reply but large content. */
const RESTING_BYTES = 64 * 1024;
/** Content is read into slabs of this size: few large reads, and little memory behind a slow reader. */
const SLAB_BYTES = 512 * 1024;
/** A slab with less room than this left is given up rather than read into in crumbs. */
const MIN_READ_BYTES = 64 * 1024;

export class ReadBuffers {
  #current: Buffer = Buffer.allocUnsafeSlow(RESTING_BYTES);
  #large = false;
  #kept = 0;

  /** What the next read may fill. */
  next(): Buffer {
    const room = this.#current.length - this.#kept;
    if (this.#large) {
      if (room < MIN_READ_BYTES || this.#current.length <= RESTING_BYTES) {
        this.#current = Buffer.allocUnsafeSlow(SLAB_BYTES);
      } else if (this.#kept > 0) {
        this.#current = this.#current.subarray(this.#kept);
      }
    } else if (room !== RESTING_BYTES) {
      this.#current = Buffer.allocUnsafeSlow(RESTING_BYTES);
    }
    this.#kept = 0;
    return this.#current;
  }

  /** The first `bytes` of the current buffer now belong to somebody else. */
  keep(bytes: number): void {
    this.#kept = bytes;
  }

  /** Content is coming (large reads), or is over (back to the resting size, so that an idle connection holds no slab). */
  expectContent(coming: boolean): void {
    this.#large = coming;
  }
}
