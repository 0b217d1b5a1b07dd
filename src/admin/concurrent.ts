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
