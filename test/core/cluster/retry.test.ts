/** Which failures are repeated, how often, and what ends the repeats. */
import { describe, expect, it } from 'vitest';
import {
  ClosedError,
  NetworkError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from '../../../src/core/base/errors.js';
import { isRetryable, withRetry } from '../../../src/core/cluster/failover.js';

const QUICK = { retries: 2, minTimeoutMs: 1, maxTimeoutMs: 2 };
const refused = () => new NetworkError('FASTDFS_CONNECT_FAILED', 'refused', { retryable: true });

/** Fails with these errors in turn, then succeeds. */
function createAttempt(...errors: Error[]) {
  const attempt = async () => {
    attempt.count++;
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
  attempt.count = 0;
  return attempt;
}

describe('isRetryable', () => {
  it.each<[boolean, unknown]>([
    [true, refused()],
    [true, new TimeoutError('connect', 'slow', { retryable: true })],
    [false, new TimeoutError('response', 'silent', { retryable: true })],
    [false, new TimeoutError('lease', 'busy', { retryable: true })],
    [false, new NetworkError('FASTDFS_CONNECTION_LOST', 'lost', { maybeApplied: true })],
    [false, new ServerError(2, { retryable: true })],
    [false, new ProtocolError('garbage', { retryable: true })],
    [false, new ClosedError()],
    [false, new Error('foreign')],
  ])('is %s for %s', (expected, error) => {
    expect(isRetryable(error)).toBe(expected);
  });
});

describe('withRetry', () => {
  it('runs once without failures', async () => {
    const attempt = createAttempt();
    expect(await withRetry(QUICK, undefined, attempt)).toBe('done');
    expect(attempt.count).toBe(1);
  });

  it('repeats as often as the option says, then rejects with the last error', async () => {
    const attempt = createAttempt(refused(), refused());
    expect(await withRetry(QUICK, undefined, attempt)).toBe('done');
    expect(attempt.count).toBe(3);
    const failing = createAttempt(refused(), refused(), new ServerError(28), refused());
    await expect(withRetry(QUICK, undefined, failing)).rejects.toMatchObject({ serverStatus: 28 });
    expect(failing.count).toBe(3);
  });

  it.each([
    ['without retries', { ...QUICK, retries: 0 }, refused()],
    ['after an answer', QUICK, new ServerError(22)],
  ])('runs once %s', async (_, options, error) => {
    const attempt = createAttempt(error);
    await expect(withRetry(options, undefined, attempt)).rejects.toBe(error);
    expect(attempt.count).toBe(1);
  });

  it('ends with the reason of the signal during a pause', async () => {
    const controller = new AbortController();
    const attempt = createAttempt(refused(), refused());
    const slow = { retries: 2, minTimeoutMs: 5_000, maxTimeoutMs: 5_000 };
    const outcome = withRetry(slow, controller.signal, attempt);
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(outcome).rejects.toThrow('enough');
    expect(attempt.count).toBe(1);
  });

  it('does not repeat for a signal that has aborted', async () => {
    const error = refused();
    const attempt = createAttempt(error);
    await expect(withRetry(QUICK, AbortSignal.abort(), attempt)).rejects.toBe(error);
    expect(attempt.count).toBe(1);
  });
});
