/**
 * The memory that a socket reads into. Small replies are decoded in place and the same bytes are used again;
 * content that a consumer keeps is handed over without a copy, and reading goes on behind it in the same slab.
 */

/** Enough for every reply but large content. */
const RESTING_BYTES = 64 * 1024;
/** A slab with less than this part of it left is given up rather than read into in crumbs. */
const LEAST_ROOM = 1 / 8;

export class ReadBuffers {
  #current: Buffer = Buffer.allocUnsafeSlow(RESTING_BYTES);
  /** Content is coming, and is read into slabs of so many bytes. */
  #slabBytes: number | undefined;
  #kept = 0;

  /** What the next read may fill. */
  next(): Buffer {
    const room = this.#current.length - this.#kept;
    if (this.#slabBytes !== undefined) {
      if (room < this.#slabBytes * LEAST_ROOM) this.#current = Buffer.allocUnsafeSlow(this.#slabBytes);
      else if (this.#kept > 0) this.#current = this.#current.subarray(this.#kept);
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

  /**
   * Content is coming, or is over: back to the resting size, so that an idle connection holds no slab.
   * @param slabBytes few large reads, or little memory behind a slow reader
   */
  expectContent(slabBytes: number | undefined): void {
    this.#slabBytes = slabBytes;
  }
}
