/**
 * The configured trackers and how each is doing. One that failed rests for a short, growing time and is
 * asked again after it; while all are resting they are asked all the same, the longest rested first.
 */

import { type Address, formatAddress } from '../model/address.js';
import { backoffMs } from '../net/backoff.js';
import { rotate } from './rotate.js';

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

  /** In the order to ask: healthy ones in turn, then resting ones. */
  inOrder(now = performance.now()): Tracker[] {
    if (this.all.length === 1) return [...this.all];
    const rotated = rotate(this.all, this.#turn++);
    const healthy = rotated.filter((tracker) => tracker.retryAt <= now);
    const resting = rotated.filter((tracker) => tracker.retryAt > now);
    return [...healthy, ...resting.sort((a, b) => a.retryAt - b.retryAt)];
  }

  worked(tracker: Tracker, address: Address): void {
    tracker.failures = 0;
    tracker.retryAt = 0;
    if (tracker.addresses[0] === address) return;
    tracker.addresses.splice(tracker.addresses.indexOf(address), 1);
    tracker.addresses.unshift(address);
  }

  failed(tracker: Tracker, now = performance.now()): void {
    tracker.retryAt = now + backoffMs(tracker.failures++);
  }
}
