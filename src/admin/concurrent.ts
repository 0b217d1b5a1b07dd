/** Several calls at a time, with their results in order; and a wait that a signal ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { raceAbort } from '../core/base/abort.js';

/** Results that wait for an earlier call, beside the calls under way. */
const MAX_WAITING = 1024;

interface Call<R> {
  readonly result: Promise<R>;
  ended: boolean;
}

/**
 * Yields the result of each item, in the order of the items, with at most `limit` calls under way. A call that takes long does
 * not hold up those behind it, only their results.
 */
export async function* mapConcurrently<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  run: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const calls: Call<R>[] = [];
  let running = 0;
  let failed = false;
  let onEnd: () => void = () => undefined;
  const start = (item: T) => {
    const call: Call<R> = { result: run(item), ended: false };
    const end = () => {
      call.ended = true;
      running--;
      onEnd();
    };
    running++;
    calls.push(call);
    call.result.then(end, () => {
      failed = true;
      end();
    });
  };
  try {
    for await (const item of items) {
      start(item);
      if (running >= limit) {
        await new Promise<void>((resolve) => {
          onEnd = resolve;
        });
      }
      while (calls[0]?.ended || calls.length >= limit + MAX_WAITING) yield await calls.shift()!.result;
      // It throws when its turn comes.
      if (failed) break;
    }
    while (calls.length > 0) yield await calls.shift()!.result;
  } finally {
    // What still runs when the caller stops, or when one call fails, ends before this does.
    await Promise.allSettled(calls.map(({ result }) => result));
  }
}

/** Lets at most so many calls run at a time, first come, first served. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<R>(call: () => Promise<R>): Promise<R> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
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
