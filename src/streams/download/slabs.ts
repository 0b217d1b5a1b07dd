/** Memory for content that its reader retains: slabs that are filled from end to end and given away slice by slice. */

/** A slab with less than this part of it left is abandoned: many small reads cost more. */
const MIN_REMAINDER = 1 / 8;
/** A reader who has taken so much without a long stop gets larger slabs; more than a stopped one may leave in the buffers behind it. */
const FAST_AFTER_BYTES = 8 * 1024 * 1024;
const LONG_STOP_MS = 20;

export class SlabAllocator {
  readonly #minBytes: number;
  readonly #maxBytes: number;
  #slab: Buffer | undefined;
  /** Bytes since the reader last stopped for long. */
  #taken = 0;
  #fullSince: number | undefined;

  /**
   * @param minBytes bytes of a slab
   * @param maxBytes bytes of a slab for a reader who is fast: fewer and larger reads
   */
  constructor(minBytes: number, maxBytes: number) {
    this.#minBytes = minBytes;
    this.#maxBytes = Math.max(minBytes, maxBytes);
  }

  /** Where the next read may go; nowhere while the reader is full and not known to be fast: it may be full for long. */
  allocate(): Buffer | undefined {
    if (this.#fullSince !== undefined && !this.#isFast) return undefined;
    const bytes = this.#isFast ? this.#maxBytes : this.#minBytes;
    if (this.#slab === undefined || this.#slab.length < bytes * MIN_REMAINDER) {
      this.#slab = Buffer.allocUnsafeSlow(bytes);
    }
    return this.#slab;
  }

  /** Records that a slice was passed to the reader, and whether the reader has room for more. */
  commit(slice: Buffer, hasRoom: boolean): void {
    if (this.#slab?.buffer === slice.buffer) this.#slab = this.#slab.subarray(slice.length);
    const now = performance.now();
    if (this.#fullSince !== undefined && now - this.#fullSince > LONG_STOP_MS) this.#taken = 0;
    this.#taken += slice.length;
    this.#fullSince = hasRoom ? undefined : now;
    // The rest of a slab would lie idle for as long as the reader does.
    if (!hasRoom && !this.#isFast) this.#slab = undefined;
  }

  get #isFast(): boolean {
    return this.#taken >= FAST_AFTER_BYTES;
  }
}
