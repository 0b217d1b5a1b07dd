/** Spreads bytes over time. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  #freeAt = performance.now();

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Takes bytes that have been read; returns the milliseconds to wait before the next. */
  take(bytes: number): number {
    const now = performance.now();
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes / this.#bytesPerSecond) * 1000;
    return this.#freeAt - now;
  }
}
