/**
 * The configured trackers and the state of each. One that failed is in backoff for a short, growing time; while all
 * are, they are asked all the same, the one that comes out of it first before the others.
 */

import { type Address, formatAddress } from '../model/address.js';
import { backoffMs } from '../net/backoff.js';

/** A tracker may have two addresses; `addresses[0]` is the one that worked last. */
export interface Tracker {
  readonly name: string;
  readonly addresses: Address[];
  failures: number;
  retryAt: number;
}

export class Trackers {
  readonly all: readonly Tracker[];
  #turn = 0;

  constructor(trackers: readonly (readonly Address[])[]) {
    this.all = trackers.map((addresses) => ({
      name: formatAddress(addresses[0]!),
      addresses: [...addresses],
      failures: 0,
      retryAt: 0,
    }));
  }

  /** In the order to ask: healthy ones in turn, then those in backoff. */
  inOrder(now = performance.now()): Tracker[] {
    if (this.all.length === 1) return [...this.all];
    const rotated = rotate(this.all, this.#turn++);
    const healthy = rotated.filter((tracker) => tracker.retryAt <= now);
    const inBackoff = rotated.filter((tracker) => tracker.retryAt > now);
    return [...healthy, ...inBackoff.sort((a, b) => a.retryAt - b.retryAt)];
  }

  /** Ends the backoff of a tracker that answered, and puts the address that did first. */
  worked(tracker: Tracker, address: Address): void {
    tracker.failures = 0;
    tracker.retryAt = 0;
    if (tracker.addresses[0] === address) return;
    tracker.addresses.splice(tracker.addresses.indexOf(address), 1);
    tracker.addresses.unshift(address);
  }

  /**
   * Starts or extends the backoff of a tracker.
   * @param before its `failures` when the failed attempt began: attempts that failed together count once
   * @returns whether this one counted
   */
  failed(tracker: Tracker, now = performance.now(), before = tracker.failures): boolean {
    if (tracker.failures !== before) return false;
    tracker.retryAt = now + backoffMs(tracker.failures++);
    return true;
  }
}

/** The list from `turn` on, and then what is before it. */
function rotate<T>(list: readonly T[], turn: number): readonly T[] {
  const start = turn % list.length;
  return start === 0 ? list : [...list.slice(start), ...list.slice(0, start)];
}
