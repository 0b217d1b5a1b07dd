/** Signals: one listener of ours on each, however many calls share it. */
import { addAbortListener } from 'node:events';

type Callback = (reason: unknown) => void;

interface Listeners {
  readonly callbacks: Set<Callback>;
  readonly subscription: Disposable;
}

/** With one event listener for each call Node would warn of a leak as soon as eleven calls share a signal. */
const listenersBySignal = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls `callback` with the signal's reason when it aborts; at once when it is aborted already.
 * @param signal undefined: nothing is called
 * @returns removes the callback
 */
export function onAbort(signal: AbortSignal | undefined, callback: Callback): () => void {
  if (!signal) return doNothing;
  if (signal.aborted) {
    callback(signal.reason);
    return doNothing;
  }
  // The same function may be registered by two calls.
  const entry: Callback = (reason) => callback(reason);
  const { callbacks } = subscribe(signal);
  callbacks.add(entry);
  return () => {
    if (callbacks.delete(entry) && callbacks.size === 0) unsubscribe(signal, callbacks);
  };
}

/**
 * Settles as `promise` does, or rejects with the signal's reason if that comes first.
 * @param onLate receives a value that arrives after the signal has aborted
 */
export function raceAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  onLate?: (value: T) => void,
): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, reject);
    promise
      .then((value) => (signal.aborted ? onLate?.(value) : resolve(value)), reject)
      .finally(() => release());
  });
}

function subscribe(signal: AbortSignal): Listeners {
  const known = listenersBySignal.get(signal);
  if (known) return known;
  const callbacks = new Set<Callback>();
  const subscription = addAbortListener(signal, () => {
    listenersBySignal.delete(signal);
    const due = [...callbacks];
    callbacks.clear();
    for (const callback of due) run(callback, signal.reason);
  });
  const listeners = { callbacks, subscription };
  listenersBySignal.set(signal, listeners);
  return listeners;
}

/** A signal that lives as long as the application must not keep what has ended. */
function unsubscribe(signal: AbortSignal, callbacks: Set<Callback>): void {
  const known = listenersBySignal.get(signal);
  if (known?.callbacks !== callbacks) return;
  known.subscription[Symbol.dispose]();
  listenersBySignal.delete(signal);
}

/** A callback that throws must not keep the others from running; the error is uncaught, as in any event listener. */
function run(callback: Callback, reason: unknown): void {
  try {
    callback(reason);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

function doNothing(): void {}
