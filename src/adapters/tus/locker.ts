/**
 * A locker for tus servers that serve the same uploads: a lock is a key of an index that all nodes share.
 *
 *     tus-lock/<hash of the upload id> → <holder>:<count>            held; the holder counts up while it is alive
 *                                        <holder>:<count>:wanted     another request waits for it
 *
 * No clocks are compared: a lock whose value has not changed for the length of a lease, by the clock of the node that waits, has
 * lost its holder and is taken over.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS } from '@tus/server';
import { type Checks, checkOptions, integerOption } from '../../core/base/validate.js';
import type { KeyIndex, MapLike } from '../indexes/contract.js';
import { toKeyIndex } from '../indexes/map.js';
import { toIndexError } from './errors.js';

/** `Locker` of `@tus/server`. */
export interface TusLocker {
  /** Returns the lock of an upload, not yet acquired. */
  newLock(id: string): TusLock;
}

/** `Lock` of `@tus/server`. */
export interface TusLock {
  /** Waits for the lock. `cancelReq` is called when another request waits for it, or it may be lost. */
  lock(signal: AbortSignal, cancelReq: () => Promise<void> | void): Promise<void>;
  /** Releases the lock. */
  unlock(): Promise<void>;
}

/** Times of the locker, in milliseconds. */
export interface IndexLockerOptions {
  /** After this long without a sign of life of its node a lock is taken over. The same on all nodes. Default 10,000. */
  leaseMs?: number | undefined;
  /** A request waits this long for a lock before it fails. Default 30,000. */
  acquireTimeoutMs?: number | undefined;
}

const CHECKS: Checks<IndexLockerOptions> = {
  leaseMs: integerOption(100),
  acquireTimeoutMs: integerOption(1),
};
const WANTED = 'wanted';
/** How often a holder looks whether another request waits, and how often that looks whether the lock is free. */
const WATCH_MS = 500;
const WAIT_MS = 50;

/**
 * Returns a locker for `new Server({ datastore, locker: indexLocker(redisIndex(url)) })`: requests for one upload wait for each
 * other, whichever node they reach.
 * @param index shared by all nodes: `redisIndex` or `postgresIndex`
 * @throws ArgumentError for wrong options
 */
export function indexLocker(index: KeyIndex | MapLike, options: IndexLockerOptions = {}): TusLocker {
  checkOptions('indexLocker()', options, CHECKS);
  const { leaseMs = 10_000, acquireTimeoutMs = 30_000 } = options;
  const keys = toKeyIndex(index);
  return { newLock: (id) => new IndexLock(keys, id, leaseMs, acquireTimeoutMs) };
}

class IndexLock implements TusLock {
  readonly #index: KeyIndex;
  readonly #key: string;
  readonly #leaseMs: number;
  readonly #acquireTimeoutMs: number;
  readonly #holder = randomUUID();
  #watching: Promise<void> | undefined;
  readonly #released = new AbortController();

  constructor(index: KeyIndex, id: string, leaseMs: number, acquireTimeoutMs: number) {
    this.#index = index;
    // Ids come from strangers: they may be too long for a key.
    this.#key = `tus-lock/${createHash('sha256').update(id).digest('base64url')}`;
    this.#leaseMs = leaseMs;
    this.#acquireTimeoutMs = acquireTimeoutMs;
  }

  async lock(signal: AbortSignal, cancelReq: () => Promise<void> | void): Promise<void> {
    const acquiredAt = await this.#acquire(signal).catch((error) => {
      throw toIndexError(error);
    });
    if (acquiredAt === undefined) throw ERRORS.ERR_LOCK_TIMEOUT;
    this.#watching = this.#watch(acquiredAt, cancelReq);
  }

  async unlock(): Promise<void> {
    this.#released.abort();
    await this.#watching;
    try {
      for (;;) {
        const current = await this.#index.get(this.#key);
        if (!current?.startsWith(this.#holder)) return;
        if (await this.#index.swap(this.#key, current, undefined)) return;
      }
    } catch {
      // The request is done, whatever becomes of its lock; the lease runs out.
    }
  }

  /** @returns when the lock was acquired; undefined when the request or its time has ended before */
  async #acquire(signal: AbortSignal): Promise<number | undefined> {
    const deadline = performance.now() + this.#acquireTimeoutMs;
    let seen: string | undefined;
    let seenAt = 0;
    while (!signal.aborted && performance.now() < deadline) {
      const current = (await this.#index.get(this.#key)) ?? undefined;
      if (current !== seen) [seen, seenAt] = [current, performance.now()];
      const isFree = current === undefined || performance.now() - seenAt > this.#leaseMs;
      const before = performance.now();
      if (isFree) {
        if (await this.#index.swap(this.#key, current, this.#value(0))) return before;
        continue;
      }
      if (!current.endsWith(WANTED)) await this.#index.swap(this.#key, current, `${current}:${WANTED}`);
      await delay(WAIT_MS);
    }
    return undefined;
  }

  /** Shows that the holder is alive, and cancels its request when another waits or the lease may run out. */
  async #watch(acquiredAt: number, cancelReq: () => Promise<void> | void): Promise<void> {
    const { signal } = this.#released;
    const everyMs = Math.min(WATCH_MS, this.#leaseMs / 5);
    let renewedAt = acquiredAt;
    let isCancelled = false;
    for (let count = 1; ; count++) {
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      const before = performance.now();
      const state = await this.#renew(count).catch(() => 'failed' as const);
      if (state === 'held' || state === 'wanted') renewedAt = before;
      // Well before the lease ends, so that what the request still has to store is stored by then.
      const isEnding = performance.now() - renewedAt > this.#leaseMs * 0.6;
      if (!isCancelled && (state === 'wanted' || state === 'lost' || isEnding)) {
        isCancelled = true;
        await cancelReq();
      }
      if (state === 'lost') return;
    }
  }

  async #renew(count: number): Promise<'held' | 'wanted' | 'lost' | 'failed'> {
    const current = await this.#index.get(this.#key);
    if (!current?.startsWith(this.#holder)) return 'lost';
    const isWanted = current.endsWith(WANTED);
    const next = isWanted ? `${this.#value(count)}:${WANTED}` : this.#value(count);
    // Another request has asked for the lock meanwhile: seen at the next look.
    if (!(await this.#index.swap(this.#key, current, next))) return 'failed';
    return isWanted ? 'wanted' : 'held';
  }

  #value(count: number): string {
    return `${this.#holder}:${count}`;
  }
}
