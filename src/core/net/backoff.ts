/** How long calls avoid a server that did not answer, where another can serve them. */

const FIRST_BACKOFF_MS = 500;
export const MAX_BACKOFF_MS = 10_000;

/**
 * Returns the milliseconds of backoff after so many failures in a row before this one: half a second, doubling up to ten.
 * With jitter, so that many clients do not come back at the same instant.
 */
export function backoffMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS) * (0.75 + Math.random() / 2);
}
