/**
 * Queries that are wanted at the same moment share one write on one connection. A query that is alone goes out in the same
 * turn of the event loop. While a batch is under way, queries for the same tracker are collected until its replies are there;
 * no timer decides.
 */
import { ClosedError, type FastDFSError, TimeoutError } from '../base/errors.js';
import type { Connection } from '../net/connection.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { explain, Pipeline, Query } from '../net/pipeline.js';
import type { Pool } from '../net/pool.js';
import type { Command } from '../protocol/command.js';

/** Most queries in one write: requests and replies of so many stay below 32 KiB. */
export const MAX_BATCH = 128;

/** The queries for one tracker. */
interface Channel {
  readonly pool: Pool;
  pending: Query[];
  busy: boolean;
}

export class QueryBatches {
  readonly #onFlush: () => void;
  readonly #channels = new Map<Pool, Channel>();
  #scheduled = false;
  #busyChannels = 0;
  #lastBatch = 0;

  /** @param onFlush called when queries are no longer collected into the present batch */
  constructor(onFlush: () => void) {
    this.#onFlush = onFlush;
  }

  /**
   * Sends a read-only query with others that are wanted now.
   * @throws NetworkError, TimeoutError, ProtocolError, ServerError, or the signal's reason
   */
  send<Args, Reply>(
    pool: Pool,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ): Promise<Reply> {
    const query = new Query(command, args, options);
    let channel = this.#channels.get(pool);
    if (!channel) {
      channel = { pool, pending: [], busy: false };
      this.#channels.set(pool, channel);
    }
    channel.pending.push(query);
    this.#schedule();
    return query.reply as Promise<Reply>;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const isAlone = this.#busyChannels === 0 && this.#lastBatch < 2;
    if (isAlone) queueMicrotask(() => this.#flush());
    // Runs when all sockets of this turn have been read: their calls join the batch.
    else setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    this.#onFlush();
    for (const channel of this.#channels.values()) {
      if (channel.busy || channel.pending.length === 0) continue;
      const batch = channel.pending.splice(0, MAX_BATCH);
      this.#lastBatch = batch.length;
      channel.busy = true;
      this.#busyChannels++;
      this.#checkOutAndRun(channel.pool, batch, (error) => this.#endBatch(channel, error));
    }
  }

  #endBatch(channel: Channel, error: FastDFSError | undefined): void {
    channel.busy = false;
    this.#busyChannels--;
    // Waiting as long once more would help no caller: another tracker may answer.
    if (error instanceof TimeoutError || error instanceof ClosedError) {
      rejectAll(channel.pending.splice(0), error, channel.pool.name);
    }
    if (channel.pending.length > 0) this.#schedule();
  }

  /** @param onDone called once, when the connection has been released or destroyed, with the error of a broken batch */
  #checkOutAndRun(pool: Pool, queries: readonly Query[], onDone: (error?: FastDFSError) => void): void {
    const fail = (error: unknown) => {
      rejectAll(queries, error as FastDFSError, pool.name);
      onDone();
    };
    const run = (connection: Connection) => {
      const live = queries.filter(({ settled }) => !settled);
      if (live.length > 0) {
        new Pipeline(pool, connection, live, (rest, error) => this.#resend(pool, rest, error)).start(onDone);
        return;
      }
      pool.release(connection);
      onDone();
    };
    try {
      const connection = pool.acquire();
      if (connection instanceof Promise) connection.then(run, fail);
      else run(connection);
    } catch (error) {
      fail(error);
    }
  }

  /** Sends each alone, so that a query at which the server closes cannot fail its neighbours again. */
  #resend(pool: Pool, queries: readonly Query[], error: FastDFSError): void {
    if (error instanceof TimeoutError || error instanceof ClosedError) {
      rejectAll(queries, error, pool.name);
      return;
    }
    for (const query of queries) {
      query.countRetry(error);
      this.#checkOutAndRun(pool, [query], () => undefined);
    }
  }
}

function rejectAll(queries: readonly Query[], error: FastDFSError, address: string): void {
  for (const query of queries) query.reject(explain(error, query, address));
}
