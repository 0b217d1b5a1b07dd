/** How long a server that did not answer is left alone, where another can do the same. */

const FIRST_BACKOFF_MS = 500;
export const MAX_BACKOFF_MS = 10_000;

/**
 * Milliseconds to rest after so many failures in a row before this one: half a second, growing to ten.
 * With jitter: many clients must not come back in the same instant.
 */
export function backoffMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS) * (0.75 + Math.random() / 2);
}
