/** Waiting for what goes on whether or not the one who waits loses interest. */

/**
 * The promise's outcome, or the signal's reason as soon as that comes.
 * @param late hears of a value that came after the caller had gone
 */
export function unlessAborted<T>(
  coming: Promise<T>,
  signal: AbortSignal | undefined,
  late?: (value: T) => void,
): Promise<T> {
  if (!signal) return coming;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    // An event that has passed does not come again.
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    coming
      .then((value) => (signal.aborted ? late?.(value) : resolve(value)), reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
