/** Chance that can be repeated: the same seed makes the same choices. `TEST_SEED` replays a failure. */

export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** As files are: most are small, some are not, a few are empty. */
  size(max: number): number {
    const kind = this.next();
    if (kind < 0.03) return 0;
    if (kind < 0.7) return this.int(1, Math.min(8 * 1024, max));
    if (kind < 0.97) return this.int(1, Math.min(160 * 1024, max));
    return this.int(1, max);
  }
}

export function newSeed(): number {
  return Number(process.env.TEST_SEED ?? Date.now() % 0x7fff_ffff);
}
