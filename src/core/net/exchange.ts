/**
 * An exchange: one request and its reply on one checked-out connection. The connection rule lives here and nowhere
 * else: a reply that was read completely, with every byte of both bodies accounted for, releases the connection;
 * anything else destroys it.
 */
import { onAbort } from '../base/abort.js';
import { commandsAreWatched, WatchedCommand } from '../base/diagnostics.js';
import { ClosedError, FastDFSError, ProtocolError, ServerError, TimeoutError } from '../base/errors.js';
import { MAX_REUSABLE_BODY } from '../model/limits.js';
import { type Command, encodeRequest, type Header } from '../protocol/command.js';
import { STATUS_EINVAL, STATUS_ENOENT, STATUS_OK } from '../protocol/constants.js';
import { SMALL_CONTENT_BYTES } from './buffers.js';
import type { Connection, ExchangeSink } from './connection.js';
import type { ConnectionOwner } from './pool.js';

export interface ExchangeOptions {
  signal?: AbortSignal | undefined;
  fileId?: string | undefined;
  /** Replaces the network time-out: for commands that keep the server busy before it answers. */
  timeoutMs?: number | undefined;
  /** Attempts that the same call has made before; published on the diagnostics channels. Default 0. */
  retries?: number | undefined;
}

const NO_BYTES = Buffer.alloc(0);
/** A refusal should have no body; a longer one than this is not worth reading. */
const MAX_REFUSAL = 64 * 1024;
/** Statuses of refusals that precede any write. */
const REJECTED_BEFORE_WRITE = new Set([STATUS_ENOENT, STATUS_EINVAL]);

/**
 * Checks the header of a reply to `command`.
 * @throws ProtocolError when it announces more than the command accepts
 */
export function checkHeader(command: Command<never, unknown>, { status, length }: Header): void {
  const limit = status === STATUS_OK ? command.maxReply : MAX_REFUSAL;
  if (length <= limit) return;
  throw new ProtocolError(`${command.name}: reply of ${length} bytes announced, at most ${limit} expected`);
}

/** Makes the error for a reply with a status other than 0. */
export function createRefusal(
  command: Command<never, unknown>,
  status: number,
  address: string,
  fileId: string | undefined,
): ServerError {
  return new ServerError(status, {
    command: command.name,
    address,
    fileId,
    // Repeating an answer that is final would repeat every 404.
    retryable: command.repeatable && status !== STATUS_ENOENT,
    maybeApplied: command.partial === true && !REJECTED_BEFORE_WRITE.has(status),
    hint: command.hints?.[status],
  });
}

/** What the three kinds of exchange share: the reply's header, its bounded body, failure, and the connection rule. */
export abstract class Exchange<Args, Reply> implements ExchangeSink {
  protected readonly connection: Connection;
  protected readonly owner: ConnectionOwner;
  protected readonly command: Command<Args, Reply>;
  protected readonly args: Args;
  readonly #options: ExchangeOptions;
  #releaseSignal = (): void => undefined;
  #header: Header | undefined;
  #collected: Buffer = NO_BYTES;
  #settled = false;
  #hasBegun = false;
  #watched: WatchedCommand | undefined;

  constructor(
    owner: ConnectionOwner,
    connection: Connection,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ) {
    this.owner = owner;
    this.connection = connection;
    this.command = command;
    this.args = args;
    this.#options = options;
  }

  /** `host:port` of the server. */
  get address(): string {
    return this.connection.name;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** A complete reply with status 0 has arrived. */
  protected abstract succeed(reply: Reply): void;
  protected abstract fail(error: unknown): void;
  /** Every byte of the request has been handed to the socket. */
  protected abstract get requestComplete(): boolean;

  /** Content bytes handed to the socket so far. */
  protected get contentSent(): number {
    return this.command.contentLength?.(this.args) ?? 0;
  }

  /** Content bytes that have arrived so far. */
  protected get contentReceived(): number {
    return 0;
  }

  protected start(chunks: readonly Uint8Array[] = []): void {
    const frame = encodeRequest(this.command, this.args);
    if (commandsAreWatched()) this.#watch();
    this.connection.begin(this, this.#options.timeoutMs);
    this.#releaseSignal = onAbort(this.#options.signal, (reason) => this.abort(reason));
    // The signal may have aborted between checkout and now.
    if (this.#settled) return;
    this.#hasBegun = true;
    if (chunks.length === 0) this.connection.write(frame);
    else if (isSmall(chunks)) this.connection.writeJoined(frame, chunks[0]!);
    else this.connection.writeAll([frame, ...chunks]);
  }

  /** Ends the exchange from this side: the connection is destroyed, and the call fails with `reason`. */
  abort(reason: unknown): void {
    if (this.#settle(false)) this.#fail(reason instanceof FastDFSError ? this.#explain(reason) : reason);
  }

  onHeader(header: Header): void {
    this.#header = header;
    checkHeader(this.command, header);
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
    if (status !== STATUS_OK) {
      if (this.#settle(surplus === 0 && this.#isReusableAfter(status))) this.#fail(this.refusal(status));
      return;
    }
    let reply: Reply;
    try {
      // A server that miscounts its own reply may have cut it short as well.
      if (surplus > 0)
        throw new ProtocolError(`${this.address} sent ${surplus} bytes more than it announced`);
      reply = this.command.decode(this.#collected, this.args);
    } catch (error) {
      if (this.#settle(false)) this.#fail(error instanceof FastDFSError ? this.#explain(error) : error);
      return;
    }
    if (!this.#settle(true)) return;
    this.#watched?.end(this.contentSent, this.contentReceived);
    this.succeed(reply);
  }

  onFailed(error: FastDFSError): void {
    if (this.#settle(false)) this.#fail(this.#explain(error));
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
    if (phase === 'response') this.owner.recordFailure?.();
    this.abort(new TimeoutError(phase, `${this.address} ${what} within ${limit} ms`));
  }

  protected refusal(status: number): ServerError {
    return createRefusal(this.command, status, this.address, this.#options.fileId);
  }

  /** Storages close after 22, and parse what they left unread of a large body as the next request. */
  #isReusableAfter(status: number): boolean {
    if (status === STATUS_EINVAL || !this.requestComplete) return false;
    return (this.command.contentLength?.(this.args) ?? 0) <= MAX_REUSABLE_BODY;
  }

  /**
   * Ends the exchange, once, and decides what becomes of the connection.
   * @param reusable false destroys it
   * @returns false when the exchange had ended before
   */
  #settle(reusable: boolean): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#releaseSignal();
    if (reusable) this.owner.release(this.connection);
    else this.connection.destroy();
    return true;
  }

  #watch(): void {
    const { fileId, retries = 0 } = this.#options;
    const { role } = this.connection;
    this.#watched = new WatchedCommand({
      command: this.command.name,
      role,
      address: this.address,
      fileId,
      retries,
    });
  }

  #fail(error: unknown): void {
    this.#watched?.fail(error, this.contentSent, this.contentReceived);
    this.fail(error);
  }

  /** Adds to the error which command and file it concerns, and what may have become of the change. */
  #explain(error: FastDFSError): FastDFSError {
    error.command ??= this.command.name;
    error.address ??= this.address;
    error.fileId ??= this.#options.fileId;
    const untouched = !this.#hasBegun || this.command.readOnly;
    // A part of a modify is written as it arrives; the server discards a part of anything else.
    const partCounts = this.command.shape === 'send' && this.command.repeatable;
    error.maybeApplied = !untouched && (this.requestComplete || partCounts);
    error.retryable = !(error instanceof ClosedError) && (untouched || this.command.repeatable);
    return error;
  }
}

function isSmall(chunks: readonly Uint8Array[]): boolean {
  return chunks.length === 1 && chunks[0]!.length <= SMALL_CONTENT_BYTES;
}

/** `small` commands, and `send` with content that is in memory. */
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
 * Runs a `small` command, or a `send` command whose content is in memory, on a checked-out connection.
 * The connection is released or destroyed when the promise settles.
 */
export function call<Args, Reply>(
  owner: ConnectionOwner,
  connection: Connection,
  command: Command<Args, Reply>,
  args: Args,
  options: ExchangeOptions = {},
  content: readonly Uint8Array[] = [],
): Promise<Reply> {
  return new CallExchange(owner, connection, command, args, options).run(content);
}
