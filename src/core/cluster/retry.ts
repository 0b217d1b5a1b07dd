/**
 * When a failed call is repeated, and after which pause: p-retry's backoff around our own rule. It is loaded when it is first
 * needed.
 */

import { onAbort } from '../base/abort.js';
import { NetworkError, TimeoutError } from '../base/errors.js';
import type { ResolvedOptions } from '../config/client-options.js';

/**
 * Checks that the attempt changed nothing and that the next one may succeed. Time-outs of a server that accepts and then
 * stays silent are not repeated: the caller has waited long enough.
 */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TimeoutError) return error.retryable && error.phase === 'connect';
  return error instanceof NetworkError && error.retryable;
}

/** Runs `attempt`, and repeats it after a pause while {@link isRetryable}. The first run costs nothing extra. */
export async function withRetry<T>(
  options: ResolvedOptions['retry'],
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (options.retries === 0 || signal?.aborted || !isRetryable(error)) throw error;
    return await repeat(options, signal, error, attempt);
  }
}

async function repeat<T>(
  { retries, minTimeoutMs, maxTimeoutMs }: ResolvedOptions['retry'],
  signal: AbortSignal | undefined,
  firstFailure: unknown,
  attempt: () => Promise<T>,
): Promise<T> {
  const { default: pRetry } = await import('p-retry');
  // p-retry listens to its signal itself: on one that many calls share Node would warn of a leak.
  const stop = new AbortController();
  const release = onAbort(signal, (reason) => stop.abort(reason));
  try {
    return await pRetry(
      (number) => {
        if (number === 1) throw firstFailure;
        return attempt();
      },
      {
        retries,
        minTimeout: minTimeoutMs,
        maxTimeout: maxTimeoutMs,
        randomize: true,
        shouldRetry: ({ error }) => isRetryable(error),
        signal: stop.signal,
      },
    );
  } finally {
    release();
  }
}
