/** Several calls at a time, with their results in order; and a wait that a signal ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { raceAbort } from '../core/base/abort.js';

/** Yields the result of each item, in the order of the items, with at most `limit` calls under way. */
export async function* mapConcurrently<T, R>(
  items: Iterable<T>,
  limit: number,
  run: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = [];
  const iterator = items[Symbol.iterator]();
  let done = false;
  try {
    for (;;) {
      while (!done && pending.length < limit) {
        const next = iterator.next();
        if (next.done) done = true;
        else pending.push(start(run, next.value));
      }
      if (pending.length === 0) return;
      yield await pending.shift()!;
    }
  } finally {
    // What still runs when the caller stops, or when one call fails, ends before this does.
    await Promise.allSettled(pending);
  }
}

/**
 * Gives out the items of batches one by one. An async generator in between would cost as much for each as making it: three
 * promises instead of one.
 */
export class BatchedItems<T> implements AsyncGenerator<T, void, undefined> {
  readonly #batches: AsyncGenerator<readonly T[], void, undefined>;
  #batch: readonly T[] = [];
  #at = 0;
  #refilling: Promise<IteratorResult<T, void>> | undefined;

  constructor(batches: AsyncGenerator<readonly T[], void, undefined>) {
    this.#batches = batches;
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#refilling) return this.#refilling.then(() => this.next());
    if (this.#at < this.#batch.length) {
      return Promise.resolve({ value: this.#batch[this.#at++]!, done: false });
    }
    this.#refilling = this.#refill().finally(() => {
      this.#refilling = undefined;
    });
    return this.#refilling;
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#batch = [];
    await this.#batches.return();
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    this.#batch = [];
    await this.#batches.throw(error);
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #refill(): Promise<IteratorResult<T, void>> {
    for (;;) {
      const { value, done } = await this.#batches.next();
      if (done) return { value: undefined, done };
      if (value.length === 0) continue;
      this.#batch = value;
      this.#at = 1;
      return { value: value[0]!, done: false };
    }
  }
}

/** The failure of a call that is awaited later must not be an unhandled rejection until then. */
function start<T, R>(run: (item: T) => Promise<R>, item: T): Promise<R> {
  const promise = run(item);
  promise.catch(() => undefined);
  return promise;
}

/** Waits; many waits may share one signal. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  try {
    const timer = delay(milliseconds, undefined, { signal: end.signal });
    timer.catch(() => undefined);
    await raceAbort(timer, signal);
  } finally {
    end.abort();
  }
}
