/** A download: the length of the reply, then its bytes slice by slice, paused while the consumer is full. */
import { TimeoutError } from '../base/errors.js';
import type { Command, Header } from '../protocol/command.js';
import { STATUS_OK } from '../protocol/constants.js';
import type { Allocate } from './buffers.js';
import type { Connection } from './connection.js';
import { Exchange, type ExchangeOptions } from './exchange.js';
import type { ConnectionOwner } from './pool.js';

/** Where content goes. */
export interface ContentSink {
  /** True: slices outside the sink's own memory are copied for it. False: they are valid only during `onContent`. */
  readonly retainsChunks: boolean;
  /** Memory for the next read of large content. */
  readonly allocate: Allocate;
  /** The reply's length is known; throwing refuses it. */
  onLength(length: number): void;
  /** Can go on later over another connection. */
  readonly resumable: boolean;
  /** Returning false pauses the connection until `resume()`. */
  onContent(slice: Buffer): boolean;
}

/** A reader that takes nothing for so long may lose its connection to a call that waits for one. */
const YIELD_AFTER_MS = 250;

/** Less content than this comes in one read, most of the time, and is copied from there. */
const LARGE_BYTES = 64 * 1024;

export class ReceiveExchange<Args> extends Exchange<Args, void> {
  /** Settles when the last byte has been delivered to the sink. Must be awaited. */
  readonly done: Promise<void>;
  readonly #sink: ContentSink;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #received = 0;
  #refused = false;
  #paused = false;
  #pausedSince = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(
    owner: ConnectionOwner,
    connection: Connection,
    command: Command<Args, void>,
    args: Args,
    sink: ContentSink,
    options: ExchangeOptions = {},
  ) {
    super(owner, connection, command, args, options);
    this.#sink = sink;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.start();
  }

  protected override get requestComplete(): boolean {
    return true;
  }

  protected override get contentReceived(): number {
    return this.#received;
  }

  /** The consumer has room again. */
  resume(): void {
    if (!this.#paused || this.settled) return;
    this.#paused = false;
    this.connection.resume();
  }

  override onHeader(header: Header): void {
    super.onHeader(header);
    this.#refused = header.status !== STATUS_OK;
    if (this.#refused) return;
    this.#sink.onLength(header.length);
    if (header.length >= LARGE_BYTES) this.connection.expectContent(() => this.#sink.allocate());
  }

  override onBody(slice: Buffer): void {
    if (this.settled || this.#refused) return;
    this.#received += slice.length;
    const copied = this.#sink.retainsChunks && !this.connection.isSliceRetained;
    const flowing = this.#sink.onContent(copied ? Buffer.from(slice) : slice);
    if (!flowing && !this.settled) {
      this.#paused = true;
      this.#pausedSince = performance.now();
      this.#watch ??= this.#sink.resumable
        ? setInterval(() => this.#yield(), YIELD_AFTER_MS).unref()
        : undefined;
      this.connection.pause();
    }
  }

  /** While others wait, a connection is not kept for a reader that takes nothing. */
  #yield(): void {
    const isIdle = this.#paused && performance.now() - this.#pausedSince >= YIELD_AFTER_MS;
    if (isIdle && this.owner.contended)
      this.abort(createReaderIdleError(performance.now() - this.#pausedSince));
  }

  /** Distinguishes a reader that is idle from a server that hangs. */
  override onStalled(): void {
    if (this.#paused) this.abort(createReaderIdleError(performance.now() - this.#pausedSince));
    else super.onStalled();
  }

  protected override succeed(): void {
    clearInterval(this.#watch);
    // Paused by the last slice: the next exchange on this connection must be able to read.
    this.connection.resume();
    this.#resolve();
  }

  protected override fail(error: unknown): void {
    clearInterval(this.#watch);
    this.#reject(error);
  }
}

/** The connection is closed so that other calls can use its place in the pool. */
function createReaderIdleError(idleMs: number): TimeoutError {
  return new TimeoutError('idle', `Reader idle for ${Math.round(idleMs)} ms; connection closed`);
}
