/**
 * Read-only queries, several on one connection at a time. Those that are wanted at the same moment share one write; one that is
 * alone goes out in the same turn of the event loop. While a batch is under way, queries for the same tracker are collected
 * until its replies are there; no timer decides. The connection rule holds for the whole batch: only when every reply was read
 * completely the connection is released.
 *
 * Trackers answer pipelined requests in order; storages must never get any. PROTOCOL: pipelining.
 */
import { setImmediate } from 'node:timers';
import { onAbort } from '../base/abort.js';
import { commandsAreWatched, WatchedCommand } from '../base/diagnostics.js';
import { ClosedError, FastDFSError, NetworkError, ProtocolError, TimeoutError } from '../base/errors.js';
import { type Command, encodeRequest, type Header } from '../protocol/command.js';
import { STATUS_OK } from '../protocol/constants.js';
import type { Connection, ExchangeSink } from './connection.js';
import { checkHeader, createRefusal, type ExchangeOptions } from './exchange.js';
import type { ConnectionOwner, Pool } from './pool.js';

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

const NO_BYTES = Buffer.alloc(0);

/** One query and its caller. */
export class Query {
  readonly command: Command<unknown, unknown>;
  readonly args: unknown;
  readonly options: ExchangeOptions;
  /** The request as it goes out. */
  readonly frame: Buffer;
  readonly reply: Promise<unknown>;
  /** Called when the signal aborts the query. */
  onAbandoned: (() => void) | undefined;
  #resolve!: (reply: unknown) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #retries: number;
  #watched: WatchedCommand | undefined;
  #releaseSignal = (): void => undefined;

  /** @throws ArgumentError when the arguments cannot be encoded */
  constructor(command: Command<unknown, unknown>, args: unknown, options: ExchangeOptions) {
    this.command = command;
    this.args = args;
    this.options = options;
    this.frame = encodeRequest(command, args);
    this.#retries = options.retries ?? 0;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#releaseSignal = onAbort(options.signal, (reason) => {
      this.reject(reason);
      this.onAbandoned?.();
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Publishes that the query goes out. */
  watch({ role, name: address }: Connection): void {
    const { fileId } = this.options;
    this.#watched = new WatchedCommand({
      command: this.command.name,
      role,
      address,
      fileId,
      retries: this.#retries,
    });
  }

  /** Publishes that this attempt has failed and another one follows. */
  countRetry(error: unknown): void {
    this.#retries++;
    this.#watched?.fail(error, 0, 0);
    this.#watched = undefined;
  }

  /** @throws ProtocolError when the body is not what the command expects */
  answer(body: Buffer): void {
    if (this.#settled) return;
    const reply = this.command.decode(body, this.args);
    this.#settle();
    this.#watched?.end(0, 0);
    this.#resolve(reply);
  }

  reject(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#watched?.fail(error, 0, 0);
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#releaseSignal();
  }
}

/** Called for the queries behind the one at which a batch broke: they may be sent again. */
export type OnUnanswered = (queries: readonly Query[], error: FastDFSError) => void;

export class Pipeline implements ExchangeSink {
  readonly #owner: ConnectionOwner;
  readonly #connection: Connection;
  readonly #queries: readonly Query[];
  readonly #onUnanswered: OnUnanswered;
  #answered = 0;
  #header: Header | undefined;
  #body: Buffer = NO_BYTES;
  #ended = false;
  #onDone: (error?: FastDFSError) => void = () => undefined;

  /**
   * @param queries at least one; each settles by its own reply
   * @param onUnanswered receives the rest of a broken batch, without the query at which it broke
   */
  constructor(
    owner: ConnectionOwner,
    connection: Connection,
    queries: readonly Query[],
    onUnanswered: OnUnanswered,
  ) {
    this.#owner = owner;
    this.#connection = connection;
    this.#queries = queries;
    this.#onUnanswered = onUnanswered;
  }

  /** @param onDone called when the connection has been released or destroyed, with the error of a broken batch */
  start(onDone: (error?: FastDFSError) => void): void {
    this.#onDone = onDone;
    const frames = this.#queries.map(({ frame }) => frame);
    const watched = commandsAreWatched();
    for (const query of this.#queries) {
      if (watched) query.watch(this.#connection);
      query.onAbandoned = () => this.#abandon();
    }
    this.#connection.begin(this, undefined, frames.length);
    if (!this.#ended) this.#connection.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  onHeader(header: Header): void {
    this.#header = header;
    this.#body = NO_BYTES;
    checkHeader(this.#current.command, header);
  }

  onBody(slice: Buffer): void {
    // A body in one piece is decoded before the read buffer is filled again.
    if (slice.length === this.#header!.length) this.#body = slice;
    else this.#body = this.#body.length === 0 ? Buffer.from(slice) : Buffer.concat([this.#body, slice]);
  }

  onReply(): void {
    const query = this.#current;
    const { status } = this.#header!;
    if (status === STATUS_OK) {
      query.answer(this.#body);
    } else {
      query.reject(createRefusal(query.command, status, this.#connection.name, query.options.fileId));
    }
    this.#answered++;
    this.#header = undefined;
  }

  onEnd(surplus: number): void {
    const { name } = this.#connection;
    try {
      if (surplus > 0)
        throw new ProtocolError(`${name} sent ${surplus} bytes more than its replies announced`);
      this.onReply();
    } catch (error) {
      this.#break(
        error instanceof FastDFSError
          ? error
          : new ProtocolError('A reply could not be read', { cause: error }),
      );
      return;
    }
    this.#settle(true);
  }

  onFailed(error: FastDFSError): void {
    this.#break(error);
  }

  onStalled(): void {
    const { name, timeoutMs } = this.#connection;
    const phase = this.#header ? 'progress' : 'response';
    const what = this.#header ? 'stopped in the middle of its reply' : 'gave no answer';
    if (phase === 'response') this.#owner.recordFailure?.();
    this.#break(new TimeoutError(phase, `${name} ${what} within ${timeoutMs} ms`));
  }

  get #current(): Query {
    return this.#queries[this.#answered]!;
  }

  /** Destroys the connection when its last caller has left. */
  #abandon(): void {
    if (this.#queries.every(({ settled }) => settled)) this.#settle(false);
  }

  /**
   * Ends the batch, once, and decides what becomes of the connection.
   * @returns false when it had ended before
   */
  #settle(reusable: boolean, error?: FastDFSError): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    if (reusable) this.#owner.release(this.#connection);
    else this.#connection.destroy();
    this.#onDone(error);
    return true;
  }

  /** The query whose reply was due has failed; those behind it may not be to blame. */
  #break(error: FastDFSError): void {
    if (!this.#settle(false, error)) return;
    const [first, ...rest] = this.#queries.slice(this.#answered);
    first?.reject(explain(error, first, this.#connection.name));
    const live = rest.filter(({ settled }) => !settled);
    if (live.length > 0) this.#onUnanswered(live, error);
  }
}

/** An error of its own for each query that one event has ended. Queries change nothing: they may be repeated. */
export function explain(error: FastDFSError, query: Query, address: string): FastDFSError {
  const copy = copyError(error);
  copy.command = query.command.name;
  copy.address ??= address;
  copy.fileId ??= query.options.fileId;
  copy.retryable = !(error instanceof ClosedError);
  return copy;
}

function copyError(error: FastDFSError): FastDFSError {
  const { message, cause, address } = error;
  const details = { cause, address };
  if (error instanceof ClosedError) return new ClosedError(message, details);
  if (error instanceof TimeoutError) return new TimeoutError(error.phase, message, details);
  if (error instanceof ProtocolError) return new ProtocolError(message, { ...details, code: error.code });
  return new NetworkError(error.code, message, details);
}
