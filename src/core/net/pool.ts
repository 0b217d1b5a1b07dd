/**
 * The connections of one server: at most `maxPerServer`, handed out first come, first served. A connection
 * comes back only when its exchange ended clean; anything else destroys it, and the pool forgets it.
 */
import { onAbort, raceAbort } from '../base/abort.js';
import { ClosedError, type FastDFSError, TimeoutError } from '../base/errors.js';
import { type Address, formatAddress } from '../model/address.js';
import { backoffMs, MAX_BACKOFF_MS } from './backoff.js';
import type { Connection } from './connection.js';

export interface PoolOptions {
  maxPerServer: number;
  idleTimeoutMs: number;
  acquireTimeoutMs: number;
  connect(address: Address, onClosed: (connection: Connection) => void): Promise<Connection>;
  /** Asks a connection that was idle for long whether it still works; rejects when it does not. */
  test(connection: Connection): Promise<void>;
}

/** Connections to one server, and the calls that wait for one. */
export interface ServerPoolStats {
  /** Connections that exist or are being made. */
  open: number;
  /** Open and free. */
  idle: number;
  /** In use by a call or stream. */
  leased: number;
  /** Callers that wait for one. */
  waiting: number;
}

/** Takes a connection back after a complete exchange. */
export interface ConnectionOwner {
  /** Callers wait for a connection: one that stands still should be given up. */
  readonly contended?: boolean;
  /** The server took a request and did not answer it in time. */
  recordFailure?(): void;
  release(connection: Connection): void;
}

/** A call that waits for a connection. */
interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
  /** `performance.now()` at which it has waited long enough. */
  readonly deadline: number;
  releaseSignal: (() => void) | undefined;
}

/** A connection idle for longer is tested before use: a firewall may have dropped it silently. */
const TEST_AFTER_IDLE_MS = 10_000;

export class Pool implements ConnectionOwner {
  readonly address: Address;
  /** `host:port` */
  readonly name: string;
  readonly #options: PoolOptions;
  /** Most recently used last, and taken first: the oldest fall out by themselves when load goes down. */
  readonly #idle: Connection[] = [];
  readonly #leased = new Set<Connection>();
  readonly #waiters = new Set<Waiter>();
  #connecting = 0;
  /** Those of them that are for waiters. */
  #connectingForWaiters = 0;
  #sweeper: NodeJS.Timeout | undefined;
  /** One timer for all who wait. */
  #waitTimer: NodeJS.Timeout | undefined;
  /** In a row: connections that could not be made, and requests that were not answered. */
  #failures = 0;
  #retryAt = 0;
  #closed = false;

  constructor(address: Address, options: PoolOptions) {
    this.address = address;
    this.name = formatAddress(address);
    this.#options = options;
  }

  /**
   * @returns a connection for one or more exchanges; {@link release} or destroy it
   * @throws TimeoutError (`FASTDFS_POOL_TIMEOUT`), NetworkError, ClosedError, or the signal's reason
   */
  acquire(signal?: AbortSignal): Connection | Promise<Connection> {
    if (this.#closed) throw new ClosedError();
    signal?.throwIfAborted();
    const fresh = this.#idle.at(-1);
    if (fresh && performance.now() - fresh.idleSince < TEST_AFTER_IDLE_MS) {
      this.#idle.pop();
      return this.#checkOut(fresh);
    }
    if (fresh) return this.#raceAbort(this.#checkoutTested(signal), signal);
    if (this.#open < this.#options.maxPerServer) return this.#raceAbort(this.#openNew(), signal);
    return this.#wait(signal);
  }

  /** Takes back a connection whose last exchange was complete. */
  release(connection: Connection): void {
    if (!this.#leased.delete(connection)) return;
    this.#failures = 0;
    if (this.#closed || !connection.alive) {
      connection.destroy();
      return;
    }
    const waiter = first(this.#waiters);
    if (waiter) {
      this.#leased.add(connection);
      this.#endWait(waiter).resolve(connection);
      return;
    }
    connection.idleSince = performance.now();
    connection.unref();
    this.#idle.push(connection);
    this.#sweeper ??= setInterval(() => this.#sweep(), Math.max(50, this.#options.idleTimeoutMs / 2)).unref();
  }

  recordFailure(): void {
    this.#retryAt = performance.now() + backoffMs(this.#failures++);
  }

  /**
   * Returns whether a call that could go elsewhere should come here. A server that did not answer is in backoff; after that one call at a time
   * may try whether it does again.
   */
  canAttempt(): boolean {
    if (this.#failures === 0) return true;
    const now = performance.now();
    if (this.#retryAt > now) return false;
    this.#retryAt = now + MAX_BACKOFF_MS;
    return true;
  }

  get contended(): boolean {
    return this.#waiters.size > 0;
  }

  stats(): ServerPoolStats {
    return {
      open: this.#open,
      idle: this.#idle.length,
      leased: this.#leased.size,
      waiting: this.#waiters.size,
    };
  }

  /**
   * Breaks every exchange under way; the pool can still be used (for cleaning up).
   * @param errorFor makes an error for each: an exchange writes into its own what it knows
   */
  abortAll(errorFor: () => FastDFSError): void {
    // Waiters first: a place that becomes free is not for them.
    for (const waiter of [...this.#waiters]) this.#endWait(waiter).reject(errorFor());
    for (const connection of [...this.#leased]) connection.destroy(errorFor());
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.abortAll(() => new ClosedError());
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  get #open(): number {
    return this.#idle.length + this.#leased.size + this.#connecting;
  }

  #checkOut(connection: Connection): Connection {
    this.#leased.add(connection);
    connection.ref();
    return connection;
  }

  async #checkoutTested(signal?: AbortSignal): Promise<Connection> {
    for (let candidate = this.#idle.pop(); candidate; candidate = this.#idle.pop()) {
      this.#checkOut(candidate);
      try {
        await this.#options.test(candidate);
        return candidate;
      } catch {
        // The others have been idle for longer still: no use in waiting for each of them to fail.
        for (const connection of [candidate, ...this.#idle.splice(0)]) connection.destroy();
      }
    }
    return this.acquire(signal);
  }

  async #openNew(): Promise<Connection> {
    this.#connecting++;
    let connection: Connection;
    try {
      connection = await this.#options.connect(this.address, (closed) => this.#remove(closed));
    } catch (error) {
      this.#connecting--;
      this.recordFailure();
      this.#serveNext();
      throw error;
    }
    this.#connecting--;
    this.#leased.add(connection);
    if (this.#closed) {
      connection.destroy();
      throw new ClosedError();
    }
    return connection;
  }

  /** Ends an aborted call at once; the connection that comes too late for it serves others. */
  #raceAbort(coming: Promise<Connection>, signal: AbortSignal | undefined): Promise<Connection> {
    return raceAbort(coming, signal, (connection) => this.release(connection));
  }

  #wait(signal?: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#options.acquireTimeoutMs;
      const waiter: Waiter = { resolve, reject, deadline, releaseSignal: undefined };
      if (signal) waiter.releaseSignal = onAbort(signal, (reason) => this.#endWait(waiter).reject(reason));
      this.#waiters.add(waiter);
      this.#waitTimer ??= setTimeout(() => this.#expireWaiters(), this.#options.acquireTimeoutMs);
    });
  }

  #endWait(waiter: Waiter): Waiter {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) this.#stopTimer();
    waiter.releaseSignal?.();
    return waiter;
  }

  /** Without waiting calls a timer would only keep the process alive. */
  #stopTimer(): void {
    clearTimeout(this.#waitTimer);
    this.#waitTimer = undefined;
  }

  /** All wait equally long and first come, first served: the first in the line is the first to have waited too long. */
  #expireWaiters(): void {
    this.#waitTimer = undefined;
    const now = performance.now();
    for (const waiter of this.#waiters) {
      if (waiter.deadline > now) {
        this.#waitTimer = setTimeout(() => this.#expireWaiters(), waiter.deadline - now);
        return;
      }
      const error = this.#timedOut();
      this.#endWait(waiter).reject(error);
    }
  }

  #timedOut(): TimeoutError {
    const { leased, waiting } = this.stats();
    return new TimeoutError(
      'lease',
      `No connection to ${this.name} became free within ${this.#options.acquireTimeoutMs} ms ` +
        `(${leased} in use of pool.maxPerServer = ${this.#options.maxPerServer}, ${waiting} calls waiting)`,
      { address: this.name, retryable: true },
    );
  }

  /** A connection has closed, idle or checked out: its place is for the call that waits longest. */
  #remove(connection: Connection): void {
    this.#leased.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#serveNext();
  }

  #serveNext(): void {
    if (
      this.#closed ||
      this.#open >= this.#options.maxPerServer ||
      this.#waiters.size <= this.#connectingForWaiters
    )
      return;
    this.#connectingForWaiters++;
    this.#openNew()
      .finally(() => this.#connectingForWaiters--)
      .then(
        (connection) => this.release(connection),
        (error) => {
          const waiter = first(this.#waiters);
          if (waiter) this.#endWait(waiter).reject(error);
        },
      );
  }

  #sweep(): void {
    const oldest = performance.now() - this.#options.idleTimeoutMs;
    while (this.#idle[0] && this.#idle[0].idleSince < oldest) this.#idle.shift()!.destroy();
    if (this.#idle.length > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

function first<T>(set: Set<T>): T | undefined {
  for (const item of set) return item;
  return undefined;
}
