/**
 * An exchange: one request and its reply on one leased connection. The connection rule lives here and nowhere
 * else: a reply read whole, with every byte of both bodies accounted for, gives the connection back;
 * anything else destroys it.
 */
import { onAbort } from '../base/abort.js';
import { commandsAreWatched, WatchedCommand } from '../base/diagnostics.js';
import { ClosedError, FastDFSError, ProtocolError, ServerError, TimeoutError } from '../base/errors.js';
import { MAX_REUSABLE_BODY } from '../model/limits.js';
import { type Command, encodeRequest } from '../protocol/command.js';
import { STATUS_EINVAL, STATUS_ENOENT, STATUS_OK } from '../protocol/constants.js';
import type { Header } from '../protocol/header.js';
import type { Connection, ExchangeSink } from './connection.js';
import type { ConnectionOwner } from './pool.js';
import { SMALL_CONTENT_BYTES } from './send-buffer.js';

export interface ExchangeOptions {
  signal?: AbortSignal | undefined;
  fileId?: string | undefined;
  /** Stands in for the network time-out: for commands that keep the server busy before it answers. */
  timeoutMs?: number | undefined;
  /** Attempts that the same call has made before; told to whoever listens. Default 0. */
  retries?: number | undefined;
}

const NOTHING = Buffer.alloc(0);
/** A refusal should have no body; a longer one than this is not worth reading. */
const MAX_REFUSAL = 64 * 1024;
/** Refusals that come before anything is written. */
const REJECTED_BEFORE_WRITE = new Set([STATUS_ENOENT, STATUS_EINVAL]);

/** What the three kinds of exchange share: the reply's header, its bounded body, failure, and the connection rule. */
export abstract class Exchange<Args, Reply> implements ExchangeSink {
  protected readonly connection: Connection;
  protected readonly command: Command<Args, Reply>;
  protected readonly args: Args;
  readonly #pool: ConnectionOwner;
  readonly #options: ExchangeOptions;
  #releaseSignal: (() => void) | undefined;
  #header: Header | undefined;
  #collected: Buffer = NOTHING;
  #settled = false;
  #begun = false;
  #watched: WatchedCommand | undefined;

  constructor(
    pool: ConnectionOwner,
    connection: Connection,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ) {
    this.#pool = pool;
    this.connection = connection;
    this.command = command;
    this.args = args;
    this.#options = options;
  }

  /** `host:port` of the server that this exchange talks to. */
  get address(): string {
    return this.connection.name;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Status 0 has arrived for a whole reply. */
  protected abstract succeed(reply: Reply): void;
  protected abstract fail(error: unknown): void;
  /** Every byte of the request has been handed to the socket. */
  protected abstract get requestComplete(): boolean;

  /** Content bytes handed to the socket so far. */
  protected get contentSent(): number {
    return this.command.contentLength?.(this.args) ?? 0;
  }

  /** Content bytes that have come so far. */
  protected get contentReceived(): number {
    return 0;
  }

  protected start(chunks: readonly Uint8Array[] = []): void {
    const frame = encodeRequest(this.command, this.args);
    if (commandsAreWatched()) this.#watch();
    this.connection.begin(this, this.#options.timeoutMs);
    // The call may have been aborted between the lease and now; the connection is as clean as it was.
    this.#releaseSignal = onAbort(this.#options.signal, (reason) => this.abort(reason));
    if (this.#settled) return;
    this.#begun = true;
    if (chunks.length === 0) this.connection.write(frame);
    else if (isSmall(chunks)) this.connection.writeJoined(frame, chunks[0]!);
    else this.connection.writeAll([frame, ...chunks]);
  }

  /** Ends the exchange from this side: the connection is destroyed, and the call fails with `reason`. */
  abort(reason: unknown): void {
    if (this.#settle()) {
      this.connection.destroy();
      this.#fail(reason instanceof FastDFSError ? this.#explain(reason) : reason);
    }
  }

  onHeader(header: Header): void {
    this.#header = header;
    const limit = header.status === STATUS_OK ? this.command.maxReply : MAX_REFUSAL;
    if (header.length > limit) {
      throw new ProtocolError(
        `${this.command.name}: reply of ${header.length} bytes announced, at most ${limit} expected`,
      );
    }
    if (header.status === STATUS_OK && !this.requestComplete) {
      throw new ProtocolError(`${this.command.name}: the server answered before it had the whole request`);
    }
  }

  onBody(slice: Buffer): void {
    // Copied: the bytes belong to the connection's read buffer.
    this.#collected =
      this.#collected.length === 0 ? Buffer.from(slice) : Buffer.concat([this.#collected, slice]);
  }

  onEnd(surplus: number): void {
    const { status } = this.#header!;
    if (!this.#settle()) return;
    if (status !== STATUS_OK) {
      if (surplus === 0 && this.#reusableAfter(status)) this.#pool.release(this.connection);
      else this.connection.destroy();
      this.#fail(this.refusal(status));
      return;
    }
    let reply: Reply;
    try {
      // A server that miscounts its own reply has perhaps cut it short as well.
      if (surplus > 0)
        throw new ProtocolError(`${this.address} sent ${surplus} bytes more than it announced`);
      reply = this.command.decode(this.#collected, this.args);
    } catch (error) {
      this.connection.destroy();
      this.#fail(error instanceof FastDFSError ? this.#explain(error) : error);
      return;
    }
    this.#pool.release(this.connection);
    this.#watched?.end(this.contentSent, this.contentReceived);
    this.succeed(reply);
  }

  onFailed(error: FastDFSError): void {
    if (this.#settle()) this.#fail(this.#explain(error));
  }

  onStalled(): void {
    const phase = this.#header ? 'progress' : this.requestComplete ? 'response' : 'progress';
    const what =
      phase === 'response'
        ? 'gave no answer'
        : this.#header
          ? 'stopped in the middle of its reply'
          : 'took no more bytes';
    const limit = this.#options.timeoutMs ?? this.connection.timeoutMs;
    if (phase === 'response') this.#pool.recordFailure?.();
    this.abort(new TimeoutError(phase, `${this.address} ${what} within ${limit} ms`));
  }

  protected refusal(status: number): ServerError {
    return new ServerError(status, {
      command: this.command.name,
      address: this.address,
      fileId: this.#options.fileId,
      retryable: this.command.repeatable,
      maybeApplied: this.command.partial === true && !REJECTED_BEFORE_WRITE.has(status),
      hint: this.command.hints?.[status],
    });
  }

  /** Storages close after 22, and what they left unread of a large body would be taken for the next request. */
  #reusableAfter(status: number): boolean {
    if (status === STATUS_EINVAL || !this.requestComplete) return false;
    return (this.command.contentLength?.(this.args) ?? 0) <= MAX_REUSABLE_BODY;
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#releaseSignal?.();
    return true;
  }

  #watch(): void {
    const { fileId, retries = 0 } = this.#options;
    const { name: command, to: role } = this.command;
    this.#watched = new WatchedCommand({ command, role, address: this.address, fileId, retries });
  }

  #fail(error: unknown): void {
    this.#watched?.fail(error, this.contentSent, this.contentReceived);
    this.fail(error);
  }

  /** The same error, told which command and file it hit, and what may have become of the change. */
  #explain(error: FastDFSError): FastDFSError {
    error.command ??= this.command.name;
    error.address ??= this.address;
    error.fileId ??= this.#options.fileId;
    const untouched = !this.#begun || this.command.readOnly;
    // A part of a modify is written as it arrives; the server throws a part of anything else away.
    const partCounts = this.command.shape === 'send' && this.command.repeatable;
    error.maybeApplied = !untouched && (this.requestComplete || partCounts);
    error.retryable = !(error instanceof ClosedError) && (untouched || this.command.repeatable);
    return error;
  }
}

function isSmall(chunks: readonly Uint8Array[]): boolean {
  return chunks.length === 1 && chunks[0]!.length <= SMALL_CONTENT_BYTES;
}

/** `small` commands, and `send` with content that is at hand. */
class CallExchange<Args, Reply> extends Exchange<Args, Reply> {
  #resolve!: (reply: Reply) => void;
  #reject!: (error: unknown) => void;

  protected override get requestComplete(): boolean {
    return true;
  }

  run(content: readonly Uint8Array[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.start(content);
    });
  }

  protected override succeed(reply: Reply): void {
    this.#resolve(reply);
  }

  protected override fail(error: unknown): void {
    this.#reject(error);
  }
}

/**
 * Runs a `small` command, or a `send` command whose content is in memory, on a leased connection.
 * The connection is given back or destroyed when the promise settles.
 */
export function call<Args, Reply>(
  pool: ConnectionOwner,
  connection: Connection,
  command: Command<Args, Reply>,
  args: Args,
  options: ExchangeOptions = {},
  content: readonly Uint8Array[] = [],
): Promise<Reply> {
  return new CallExchange(pool, connection, command, args, options).run(content);
}
