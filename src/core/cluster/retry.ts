/**
 * When a failed attempt is made again, and how long to wait: p-retry's back-off around our own rule. It is loaded when it is first
 * needed, which is never while all is well.
 */
import { onAbort } from '../base/abort.js';
import {
  ArgumentError,
  ClosedError,
  FastDFSError,
  NetworkError,
  ServerError,
  TimeoutError,
} from '../base/errors.js';
import type { ResolvedOptions } from '../config/client-options.js';

/**
 * The attempt changed nothing, and the next one may fare better. Time-outs of a server that accepts and then
 * stays silent are not repeated: the caller has waited long enough.
 */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TimeoutError) return error.retryable && error.phase === 'connect';
  return error instanceof NetworkError && error.retryable;
}

/** Another server may do what this one did not: everything but the caller's own faults and clear answers. */
export function isFailoverable(error: unknown): boolean {
  if (!(error instanceof FastDFSError) || error instanceof ArgumentError || error instanceof ClosedError)
    return false;
  if (error instanceof ServerError) return false;
  if (error instanceof TimeoutError && error.phase === 'lease') return false;
  return error.retryable;
}

/** Runs `attempt`, again after a pause while {@link isRetryable}. The first run costs nothing extra. */
export async function withRetry<T>(
  options: ResolvedOptions['retry'],
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (options.retries === 0 || signal?.aborted || !isRetryable(error)) throw error;
    let first: unknown = error;
    const { default: pRetry } = await import('p-retry');
    // p-retry listens to its signal itself; to a shared one many calls would.
    const stop = new AbortController();
    const release = onAbort(signal, (reason) => stop.abort(reason));
    return await pRetry(
      () => {
        const failed = first;
        first = undefined;
        if (failed !== undefined) throw failed;
        return attempt();
      },
      {
        retries: options.retries,
        minTimeout: options.minTimeoutMs,
        maxTimeout: options.maxTimeoutMs,
        randomize: true,
        shouldRetry: ({ error: latest }) => isRetryable(latest),
        signal: stop.signal,
      },
    ).finally(release);
  }
}
