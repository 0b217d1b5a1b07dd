/**
 * The memory that sockets read into. Small replies are decoded in place, in one buffer that all connections share; content
 * that a consumer keeps is read into slabs and handed over without a copy.
 */

/** Enough for every reply but large content. */
const SHARED_BYTES = 64 * 1024;
/** A slab with less than this part of it left is given up rather than read into in crumbs. */
const LEAST_ROOM = 1 / 8;

/**
 * libuv fills a buffer and calls back in one go, so that what one socket has read is used before the next one reads. Not so
 * on Windows, where each socket has told the system beforehand where to put what will come.
 */
const SHARED = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(SHARED_BYTES);

/** Where one connection reads into. */
export class ReadBuffers {
  readonly #common = SHARED ?? Buffer.allocUnsafeSlow(SHARED_BYTES);
  /** Content is coming, and is read into slabs of so many bytes. */
  #slabBytes: number | undefined;
  /** What is left of the present slab. */
  #slab: Buffer | undefined;
  /** Nobody takes content: a slab made now would lie idle for as long as that lasts. */
  paused = false;

  /** What the next read may fill. */
  next(): Buffer {
    if (this.#slabBytes === undefined) return this.#common;
    const room = this.#slab?.length ?? 0;
    if (room < this.#slabBytes * LEAST_ROOM) {
      this.#slab = this.paused ? undefined : Buffer.allocUnsafeSlow(this.#slabBytes);
    }
    return this.#slab ?? this.#common;
  }

  /** Whether what was read into this buffer stays as it is, however much is read after it. */
  lasting(buffer: Buffer): boolean {
    return buffer === this.#slab;
  }

  /** The first `bytes` of the slab now belong to somebody else. */
  handedOver(bytes: number): void {
    this.#slab = this.#slab?.subarray(bytes);
  }

  /**
   * Content is coming, or is over: an idle connection holds no slab.
   * @param slabBytes few large reads, or little memory behind a slow reader
   */
  expectContent(slabBytes: number | undefined): void {
    this.#slabBytes = slabBytes;
    this.#slab = undefined;
  }
}
