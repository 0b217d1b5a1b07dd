import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClosedError, type FastDFSError, NetworkError } from '../../../src/core/base/errors.js';
import type { Connection } from '../../../src/core/net/connection.js';
import { Pool, type PoolOptions } from '../../../src/core/net/pool.js';

/** As much of a connection as a pool sees. */
class FakeConnection {
  alive = true;
  idleSince = 0;
  held = true;
  error: FastDFSError | undefined;
  readonly #onClosed: (connection: Connection) => void;

  constructor(onClosed: (connection: Connection) => void) {
    this.#onClosed = onClosed;
  }

  ref(): void {
    this.held = true;
  }

  unref(): void {
    this.held = false;
  }

  destroy(error?: FastDFSError): void {
    if (!this.alive) return;
    this.alive = false;
    this.error = error;
    this.#onClosed(this as unknown as Connection);
  }
}

interface Attempt {
  succeed(): void;
  fail(error: Error): void;
}

const pools: Pool[] = [];

/** A pool whose connections are fakes: `made` has them in order, `attempts` those that wait for a word in `manual` mode. */
function fakePool({ manual = false, ...options }: Partial<PoolOptions> & { manual?: boolean } = {}) {
  const made: FakeConnection[] = [];
  const attempts: Attempt[] = [];
  const make = (onClosed: (connection: Connection) => void) => {
    const connection = new FakeConnection(onClosed);
    made.push(connection);
    return connection as unknown as Connection;
  };
  const pool = new Pool(
    { host: '10.0.0.1', port: 23000 },
    {
      maxPerServer: 2,
      idleTimeoutMs: 30_000,
      acquireTimeoutMs: 5_000,
      test: async () => undefined,
      connect: (_, onClosed) =>
        manual
          ? new Promise((resolve, reject) => {
              attempts.push({ succeed: () => resolve(make(onClosed)), fail: reject });
            })
          : Promise.resolve(make(onClosed)),
      ...options,
    },
  );
  pools.push(pool);
  return { pool, made, attempts };
}

/** Lets promise callbacks run; nothing here waits for time or I/O. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** What became of a promise, without waiting for it. */
function outcome<T>(promise: T | Promise<T>): { value?: T; error?: unknown; done: boolean } {
  const state: { value?: T; error?: unknown; done: boolean } = { done: false };
  Promise.resolve(promise).then(
    (value) => Object.assign(state, { value, done: true }),
    (error) => Object.assign(state, { error, done: true }),
  );
  return state;
}

const refused = (n: number) =>
  new NetworkError('FASTDFS_CONNECT_FAILED', `refused ${n}`, { retryable: true });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left, 'timers are left').toBe(0);
});

describe('acquire', () => {
  it('makes at most maxPerServer connections, and lets further calls wait', async () => {
    const { pool, made } = fakePool({ maxPerServer: 3 });
    const calls = Array.from({ length: 5 }, () => outcome(pool.acquire()));
    await settle();
    expect(calls.map(({ done }) => done)).toEqual([true, true, true, false, false]);
    expect(made).toHaveLength(3);
    expect(pool.stats()).toEqual({ open: 3, idle: 0, leased: 3, waiting: 2 });
  });

  it('gives a free connection at once, the one used last first, and holds the process by it only then', async () => {
    const { pool, made } = fakePool();
    const first = await pool.acquire();
    const second = await pool.acquire();
    pool.release(first);
    pool.release(second);
    expect(made.map(({ held }) => held)).toEqual([false, false]);
    expect(pool.acquire()).toBe(second);
    expect(made.map(({ held }) => held)).toEqual([false, true]);
  });

  it('serves callers in the order in which they came', async () => {
    const { pool } = fakePool({ maxPerServer: 1 });
    const served: number[] = [];
    const calls = Array.from({ length: 10 }, async (_, index) => {
      const connection = await pool.acquire();
      served.push(index);
      pool.release(connection);
    });
    await Promise.all(calls);
    expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('brings 10,000 callers through 16 connections, in order', async () => {
    const { pool, made } = fakePool({ maxPerServer: 16 });
    const served: number[] = [];
    let most = 0;
    const calls = Array.from({ length: 10_000 }, async (_, index) => {
      const connection = await pool.acquire();
      served.push(index);
      most = Math.max(most, pool.stats().leased);
      await Promise.resolve();
      pool.release(connection);
    });
    await Promise.all(calls);
    expect(served).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
    expect(most).toBe(16);
    expect(made).toHaveLength(16);
    expect(pool.stats()).toEqual({ open: 16, idle: 16, leased: 0, waiting: 0 });
  });

  it('rejects after acquireTimeoutMs, and says how many are in use and how many calls wait', async () => {
    const { pool } = fakePool({ maxPerServer: 2, acquireTimeoutMs: 700 });
    await pool.acquire();
    const leased = await pool.acquire();
    const early = outcome(pool.acquire());
    const late = outcome(pool.acquire());
    await vi.advanceTimersByTimeAsync(699);
    expect(early.done).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(early.error).toMatchObject({
      code: 'FASTDFS_POOL_TIMEOUT',
      phase: 'lease',
      address: '10.0.0.1:23000',
    });
    expect((early.error as Error).message).toBe(
      'No connection to 10.0.0.1:23000 became free within 700 ms (2 in use of pool.maxPerServer = 2, 2 calls waiting)',
    );
    expect((late.error as Error).message).toMatch(/1 calls waiting/);
    pool.release(leased);
    expect(pool.stats()).toEqual({ open: 2, idle: 1, leased: 1, waiting: 0 });
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  it('before acquire lets nothing begin', () => {
    const { pool, made } = fakePool();
    expect(() => pool.acquire(AbortSignal.abort(reason))).toThrow(reason);
    expect(made).toHaveLength(0);
  });

  it('while waiting ends that caller alone', async () => {
    const { pool } = fakePool({ maxPerServer: 1 });
    const leased = await pool.acquire();
    const stop = new AbortController();
    const aborted = outcome(pool.acquire(stop.signal));
    const next = outcome(pool.acquire());
    stop.abort(reason);
    await settle();
    expect(aborted.error).toBe(reason);
    expect(pool.stats().waiting).toBe(1);
    pool.release(leased);
    await settle();
    expect(next.value).toBe(leased);
  });

  it('while connecting ends the caller at once; the connection is there for the next one', async () => {
    const { pool, attempts, made } = fakePool({ manual: true });
    const stop = new AbortController();
    const aborted = outcome(pool.acquire(stop.signal));
    stop.abort(reason);
    await settle();
    expect(aborted.error).toBe(reason);
    attempts[0]!.succeed();
    await settle();
    expect(pool.stats()).toEqual({ open: 1, idle: 1, leased: 0, waiting: 0 });
    expect(pool.acquire()).toBe(made[0]);
  });

  it('while an idle connection is tested ends the caller; the connection goes back', async () => {
    let pass: () => void = () => undefined;
    const { pool } = fakePool({ test: () => new Promise((resolve) => (pass = resolve)) });
    pool.release(await pool.acquire());
    vi.advanceTimersByTime(10_001);
    const stop = new AbortController();
    const aborted = outcome(pool.acquire(stop.signal));
    stop.abort(reason);
    await settle();
    expect(aborted.error).toBe(reason);
    pass();
    await settle();
    expect(pool.stats()).toEqual({ open: 1, idle: 1, leased: 0, waiting: 0 });
  });
});

describe('a connection that cannot be made', () => {
  it('fails the caller it was made for, and its place goes to the next', async () => {
    const { pool, attempts } = fakePool({ manual: true, maxPerServer: 1 });
    const calls = Array.from({ length: 3 }, () => outcome(pool.acquire()));
    attempts[0]!.fail(refused(0));
    await settle();
    expect(calls.map(({ error }) => (error as Error | undefined)?.message)).toEqual([
      'refused 0',
      undefined,
      undefined,
    ]);
    attempts[1]!.succeed();
    await settle();
    expect(calls.map(({ done }) => done)).toEqual([true, true, false]);
    pool.release(calls[1]!.value!);
    await settle();
    expect(calls[2]!.value).toBe(calls[1]!.value);
  });

  it('fails waiting callers one by one, each with an attempt of its own', async () => {
    const { pool, attempts } = fakePool({ manual: true, maxPerServer: 1 });
    const calls = Array.from({ length: 4 }, () => outcome(pool.acquire()));
    for (let attempt = 0; attempt < attempts.length; attempt++) {
      attempts[attempt]!.fail(refused(attempt));
      await settle();
    }
    expect(calls.map(({ error }) => (error as Error).message)).toEqual(
      [0, 1, 2, 3].map((n) => `refused ${n}`),
    );
    expect(pool.stats()).toEqual({ open: 0, idle: 0, leased: 0, waiting: 0 });
    expect(attempts.length).toBeLessThanOrEqual(5);
  });
});

describe('a connection that dies', () => {
  it('while idle is forgotten at once', async () => {
    const { pool, made } = fakePool();
    pool.release(await pool.acquire());
    made[0]!.destroy();
    expect(pool.stats()).toEqual({ open: 0, idle: 0, leased: 0, waiting: 0 });
    expect(await pool.acquire()).toBe(made[1]);
  });

  it('while checked out leaves its place to the call that waits longest', async () => {
    const { pool, made } = fakePool({ maxPerServer: 1 });
    const leased = await pool.acquire();
    const [first, second] = [outcome(pool.acquire()), outcome(pool.acquire())];
    leased.destroy();
    await settle();
    expect(first.value).toBe(made[1]);
    expect(second.done).toBe(false);
    pool.release(leased);
    expect(pool.stats()).toEqual({ open: 1, idle: 0, leased: 1, waiting: 1 });
  });

  it('leaves its place to a waiting caller also while somebody else connects', async () => {
    const { pool, attempts } = fakePool({ manual: true, maxPerServer: 2 });
    const leased = outcome(pool.acquire());
    attempts[0]!.succeed();
    await settle();
    const connecting = outcome(pool.acquire());
    const waiting = outcome(pool.acquire());
    leased.value!.destroy();
    await settle();
    for (const attempt of attempts.slice(1)) attempt.succeed();
    await settle();
    expect(connecting.done).toBe(true);
    expect(waiting.done, 'a place is free and a caller waits').toBe(true);
  });

  it('and is given back all the same is not handed out again', async () => {
    const { pool, made } = fakePool();
    const connection = await pool.acquire();
    made[0]!.alive = false;
    pool.release(connection);
    expect(pool.stats().idle).toBe(0);
  });
});

describe('idle connections', () => {
  it('are closed after idleTimeoutMs, the oldest first', async () => {
    const { pool, made } = fakePool({ idleTimeoutMs: 1_000 });
    const [old, young] = [await pool.acquire(), await pool.acquire()];
    pool.release(old);
    await vi.advanceTimersByTimeAsync(800);
    pool.release(young);
    await vi.advanceTimersByTimeAsync(800);
    expect(made.map(({ alive }) => alive)).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pool.stats().open).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are used as they are within 10 seconds, and tested after that', async () => {
    const test = vi.fn(async () => undefined);
    const { pool, made } = fakePool({ test });
    pool.release(await pool.acquire());
    vi.advanceTimersByTime(9_999);
    const connection = pool.acquire();
    expect(connection).toBe(made[0]);
    pool.release(made[0] as unknown as Connection);
    vi.advanceTimersByTime(10_000);
    expect(await pool.acquire()).toBe(made[0]);
    expect(test).toHaveBeenCalledOnce();
  });

  it('that fail the test take the older ones with them, and a new one is made', async () => {
    const test = vi.fn(async () => {
      throw new Error('closed');
    });
    const { pool, made } = fakePool({ test, maxPerServer: 3 });
    const three = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    for (const connection of three) pool.release(connection);
    vi.advanceTimersByTime(10_001);
    expect(await pool.acquire()).toBe(made[3]);
    expect(test).toHaveBeenCalledOnce();
    expect(made.map(({ alive }) => alive)).toEqual([false, false, false, true]);
    expect(pool.stats()).toEqual({ open: 1, idle: 0, leased: 1, waiting: 0 });
  });
});

describe('abortAll', () => {
  it('ends exchanges and waiting calls with the error, connects for none of them, and leaves the pool usable', async () => {
    const { pool, made } = fakePool({ maxPerServer: 1 });
    await pool.acquire();
    const waiting = outcome(pool.acquire());
    const error = new ClosedError();
    pool.abortAll(() => error);
    await settle();
    expect(made[0]!.error).toBe(error);
    expect(waiting.error).toBe(error);
    expect(made).toHaveLength(1);
    expect(await pool.acquire()).toBe(made[1]);
  });

  it('leaves idle connections alone', async () => {
    const { pool, made } = fakePool();
    pool.release(await pool.acquire());
    pool.abortAll(() => new ClosedError());
    expect(pool.acquire()).toBe(made[0]);
  });
});

describe('close', () => {
  it('ends everything, and what comes later', async () => {
    const { pool, made, attempts } = fakePool({ manual: true, maxPerServer: 3 });
    const calls = Array.from({ length: 3 }, () => outcome(pool.acquire()));
    attempts[0]!.succeed();
    attempts[1]!.succeed();
    await settle();
    const waiting = outcome(pool.acquire());
    pool.release(calls[1]!.value!);
    await settle();
    pool.close();
    attempts[2]!.succeed();
    await settle();
    expect(made.map(({ alive }) => alive)).toEqual([false, false, false]);
    expect(calls[2]!.error).toBeInstanceOf(ClosedError);
    expect(waiting.done).toBe(true);
    expect(() => pool.acquire()).toThrow(ClosedError);
    pool.release(calls[0]!.value!);
    expect(pool.stats()).toEqual({ open: 0, idle: 0, leased: 0, waiting: 0 });
  });
});
