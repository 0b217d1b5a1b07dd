/** An upload of known length: content goes out chunk by chunk, uncopied, under back-pressure. */
import { ArgumentError, TimeoutError } from '../base/errors.js';
import type { Command } from '../protocol/command.js';
import type { Connection } from './connection.js';
import { Exchange, type ExchangeOptions } from './exchange.js';
import type { ConnectionOwner } from './pool.js';

export class SendExchange<Args, Reply> extends Exchange<Args, Reply> {
  /** Settles with the server's reply. Never an unhandled rejection: {@link write} reports failures, too. */
  readonly done: Promise<Reply>;
  #left: number;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: unknown) => void;
  #error: unknown;
  #pending: ((error?: unknown) => void) | undefined;

  constructor(
    owner: ConnectionOwner,
    connection: Connection,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions = {},
  ) {
    super(owner, connection, command, args, options);
    this.#left = command.contentLength?.(args) ?? 0;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
    this.start();
  }

  /** With nothing under way to the server the source has stalled. */
  override onStalled(): void {
    if (this.requestComplete || this.#pending) super.onStalled();
    else {
      const { timeoutMs } = this.connection;
      this.abort(
        new TimeoutError(
          'progress',
          `No content came for ${this.address} within ${timeoutMs} ms: the source stopped`,
        ),
      );
    }
  }

  /** All content has been handed to the socket: the server may store the file whatever happens here. */
  override get requestComplete(): boolean {
    return this.#left === 0;
  }

  protected override get contentSent(): number {
    return super.contentSent - this.#left;
  }

  /** Sends content. `callback` comes when the socket has taken it, or with the error that ended the exchange. */
  write(chunks: readonly Uint8Array[], callback: (error?: unknown) => void): void {
    if (this.settled) {
      callback(this.#error ?? new ArgumentError('The upload has ended already'));
      return;
    }
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    if (bytes > this.#left) throw new RangeError('More content than the request announced');
    this.#left -= bytes;
    this.#pending = callback;
    this.connection.writeAll(chunks, () => this.#callBack());
  }

  protected override succeed(reply: Reply): void {
    this.#callBack();
    this.#resolve(reply);
  }

  protected override fail(error: unknown): void {
    this.#error = error;
    this.#callBack(error);
    this.#reject(error);
  }

  #callBack(error?: unknown): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.(error);
  }
}
