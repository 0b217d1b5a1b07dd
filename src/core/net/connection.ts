/**
 * One socket, one exchange at a time: how it is made, how a reply is read and how it dies. Knows nothing of commands, pools or
 * retries. Whatever arrives while no exchange is open kills the connection, so that no call can ever see bytes that were meant
 * for another.
 */

import net, { type Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import { FastDFSError, NetworkError, ProtocolError, TimeoutError } from '../base/errors.js';
import { type Address, formatAddress, type ServerRole } from '../model/address.js';
import { type Header, ReplyDecoder, type ReplySink } from '../protocol/command.js';
import { type Allocate, ReadBuffers, type SendBuffer } from './buffers.js';

/** Receives the events of one exchange. `onEnd` or `onFailed` is the last of them. */
export interface ExchangeSink extends Omit<ReplySink, 'onEnd'> {
  /** A reply is complete, and more are expected; only after `begin()` with several replies. */
  onReply?(): void;
  /**
   * The last reply is complete.
   * @param surplus bytes that arrived behind it; with any the connection is closed already
   */
  onEnd(surplus: number): void;
  /** The connection is closed; the reply is incomplete. */
  onFailed(error: FastDFSError): void;
  /** No byte has moved in either direction for the network time-out. */
  onStalled(): void;
}

export class Connection {
  readonly address: Address;
  readonly role: ServerRole;
  /** `host:port` */
  readonly name: string;
  /** When the last exchange ended (`performance.now()`). */
  idleSince = 0;
  /** The network time-out: no byte moved for this long is a stall. */
  readonly timeoutMs: number;
  readonly #socket: Socket;
  readonly #decoder = new ReplyDecoder();
  readonly #buffers: ReadBuffers;
  readonly #sendBuffer: SendBuffer;
  #sink: ExchangeSink | undefined;
  #paused = false;
  #isSliceRetained = false;
  #replyEnded = false;
  #repliesLeft = 0;
  #error: FastDFSError | undefined;
  readonly #onClosed: (connection: Connection) => void;

  constructor(
    socket: Socket,
    address: Address,
    options: {
      role: ServerRole;
      buffers: ReadBuffers;
      sendBuffer: SendBuffer;
      timeoutMs: number;
      onClosed: (connection: Connection) => void;
    },
  ) {
    this.#socket = socket;
    this.address = address;
    this.role = options.role;
    this.name = formatAddress(address);
    this.#buffers = options.buffers;
    this.#sendBuffer = options.sendBuffer;
    this.timeoutMs = options.timeoutMs;
    this.#onClosed = options.onClosed;
    socket.setTimeout(options.timeoutMs);
    socket.on('timeout', () => this.#sink?.onStalled());
    socket.on('error', (cause: NodeJS.ErrnoException) =>
      this.#lost(`was lost (${cause.code ?? cause.message})`, cause),
    );
    socket.on('end', () => this.#lost('was closed by the server'));
    socket.on('close', () => this.#lost('was closed'));
  }

  get alive(): boolean {
    return this.#error === undefined && !this.#socket.destroyed;
  }

  get busy(): boolean {
    return this.#sink !== undefined;
  }

  /**
   * Begins an exchange: up to the end of its last reply everything goes to `sink`. If the connection has closed since it was
   * checked out, the sink fails at once.
   * @param timeoutMs replaces the network time-out during this exchange
   * @param replies how many replies end the exchange
   */
  begin(sink: ExchangeSink, timeoutMs = this.timeoutMs, replies = 1): void {
    if (this.#sink) throw new Error('A connection carries one exchange at a time');
    if (this.#error) {
      sink.onFailed(this.#error);
      return;
    }
    this.#sink = sink;
    this.#repliesLeft = replies;
    if (this.#socket.timeout !== timeoutMs) this.#socket.setTimeout(timeoutMs);
  }

  /** Hands bytes to the socket. `callback` is called when they have been flushed; never when the connection closes first. */
  write(chunk: Uint8Array, callback?: () => void): boolean {
    return this.#socket.write(chunk, callback && ((error) => error || callback()));
  }

  /** A frame and its small content in one piece. Both may be used again at once. */
  writeJoined(frame: Uint8Array, content: Uint8Array): void {
    this.#socket.write(this.#sendBuffer.join(frame, content));
    if (this.#socket.writableLength > 0) this.#sendBuffer.abandon();
  }

  /** Several chunks in one system call where the platform allows it. */
  writeAll(chunks: readonly Uint8Array[], callback?: () => void): boolean {
    this.#socket.cork();
    let flowing = true;
    for (let index = 0; index < chunks.length; index++) {
      flowing = this.write(chunks[index]!, index === chunks.length - 1 ? callback : undefined);
    }
    this.#socket.uncork();
    return flowing;
  }

  /** Reads what remains of the current reply into the memory that `allocate` returns. */
  expectContent(allocate: Allocate): void {
    this.#buffers.expectContent(allocate);
  }

  /** During `onBody`: the slice lies in memory from `allocate`, which no later read changes. */
  get isSliceRetained(): boolean {
    return this.#isSliceRetained;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  ref(): void {
    this.#socket.ref();
  }

  /** An unused connection does not keep the process alive. */
  unref(): void {
    this.#socket.unref();
  }

  destroy(error?: FastDFSError): void {
    this.#fail(
      error ?? new NetworkError('FASTDFS_CONNECTION_LOST', `Connection to ${this.name} was given up`),
    );
  }

  /** Takes the bytes that the socket has read into the current buffer. */
  receive(bytes: number, buffer: Buffer): void {
    this.#isSliceRetained = !this.#buffers.isShared(buffer);
    try {
      for (let offset = 0; offset < bytes && !this.#error; ) {
        offset += this.#takeReply(buffer.subarray(offset, bytes));
      }
    } catch (error) {
      this.#fail(
        error instanceof FastDFSError
          ? error
          : new ProtocolError('A reply could not be read', { cause: error }),
      );
    }
  }

  /** @returns how many bytes of the chunk have been dealt with */
  #takeReply(chunk: Buffer): number {
    if (!this.#sink) {
      throw new ProtocolError(`${this.name} sent ${chunk.length} bytes of unexpected data while idle`, {
        address: this.name,
      });
    }
    const consumed = this.#decoder.push(chunk, this.#guard);
    if (!this.#replyEnded) return consumed;
    this.#replyEnded = false;
    if (--this.#repliesLeft > 0) {
      this.#sink.onReply?.();
      return consumed;
    }
    this.#endExchange(chunk.length - consumed);
    return chunk.length;
  }

  /** Between decoder and exchange: the last word waits until it is sure that nothing comes behind the reply. */
  readonly #guard: ReplySink = {
    onHeader: (header: Header) => this.#sink?.onHeader(header),
    onBody: (slice: Buffer) => this.#sink?.onBody(slice),
    onEnd: () => {
      this.#replyEnded = true;
    },
  };

  /** Ends the exchange before its sink is called, which may begin another at once. */
  #endExchange(surplus: number): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#buffers.expectContent(undefined);
    if (surplus > 0) {
      const what = `${this.name} sent ${surplus} bytes more than its reply announced`;
      this.#fail(new ProtocolError(what, { address: this.name }));
    } else if (this.#socket.timeout !== this.timeoutMs) {
      this.#socket.setTimeout(this.timeoutMs);
    }
    sink?.onEnd(surplus);
  }

  #lost(how: string, cause?: unknown): void {
    const when = this.#decoder.midReply ? ' in the middle of its reply' : '';
    this.#fail(
      new NetworkError('FASTDFS_CONNECTION_LOST', `Connection to ${this.name} ${how}${when}`, {
        address: this.name,
        cause,
      }),
    );
  }

  #fail(error: FastDFSError): void {
    if (this.#error) return;
    this.#error = error;
    this.#socket.destroy();
    const sink = this.#sink;
    this.#sink = undefined;
    this.#onClosed(this);
    sink?.onFailed(error);
  }
}

/** How long a silent peer may stay undiscovered on an idle connection. */
const KEEP_ALIVE_MS = 60_000;

export interface ConnectOptions {
  role: ServerRole;
  connectTimeoutMs: number;
  networkTimeoutMs: number;
  /** What to do when the server cannot be reached; appended to the message. */
  hint?: string | undefined;
  sendBuffer: SendBuffer;
  /** Called once when the connection has closed, for any reason. */
  onClosed: (connection: Connection) => void;
}

/**
 * @throws NetworkError (`FASTDFS_CONNECT_FAILED`), TimeoutError (`FASTDFS_CONNECT_TIMEOUT`); both retryable: no
 * byte has been sent
 */
export function connect(address: Address, options: ConnectOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const buffers = new ReadBuffers();
    let connection: Connection | undefined;
    const socket = net.connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      onread: {
        buffer: () => buffers.next(),
        callback: (bytes, buffer) => {
          connection?.receive(bytes, buffer as Buffer);
          return true;
        },
      },
    });
    deferWriteErrors(socket);
    const name = formatAddress(address);
    const { connectTimeoutMs, hint } = options;
    const timer = setTimeout(() => fail(connectTimedOut(name, connectTimeoutMs, hint)), connectTimeoutMs);
    const onError = (cause: NodeJS.ErrnoException) => fail(connectFailed(name, cause, hint));
    function fail(error: FastDFSError): void {
      clearTimeout(timer);
      socket.removeListener('connect', onConnect);
      // A late error of a socket that was given up must not surface as an uncaught exception.
      socket.destroy();
      reject(error);
    }
    function onConnect(): void {
      clearTimeout(timer);
      socket.removeListener('error', onError);
      connection = new Connection(socket, address, {
        role: options.role,
        buffers,
        sendBuffer: options.sendBuffer,
        timeoutMs: options.networkTimeoutMs,
        onClosed: options.onClosed,
      });
      resolve(connection);
    }
    socket.once('connect', onConnect);
    socket.on('error', onError);
  });
}

/** @param hint what to do; appended to the message */
export function connectTimedOut(address: string, connectTimeoutMs: number, hint?: string): TimeoutError {
  const message = `${address} did not accept a connection within ${connectTimeoutMs} ms${addHint(hint)}`;
  return new TimeoutError('connect', message, { address, retryable: true });
}

/** @param hint what to do; appended to the message */
export function connectFailed(address: string, cause: NodeJS.ErrnoException, hint?: string): NetworkError {
  const message = `Cannot connect to ${address} (${cause.code ?? cause.message})${addHint(hint)}`;
  return new NetworkError('FASTDFS_CONNECT_FAILED', message, { address, retryable: true, cause });
}

function addHint(hint: string | undefined): string {
  return hint === undefined ? '' : `; ${hint}`;
}

type WriteCallback = (error?: Error | null) => void;

/** Delays write errors of the socket until it has been polled once more. */
export function deferWriteErrors(socket: Socket): void {
  const { _write: write, _writev: writeAll } = socket;
  socket._write = (chunk, encoding, callback) => {
    write.call(socket, chunk, encoding, afterNextPoll(callback));
  };
  socket._writev = (chunks, callback) => {
    writeAll?.call(socket, chunks, afterNextPoll(callback));
  };
}

/** A reset socket is always readable: by then either the answer has arrived, or the read has failed, too. */
function afterNextPoll(callback: WriteCallback): WriteCallback {
  return (error) => {
    if (!error) callback(error);
    // The first may belong to the turn whose poll is over.
    else setImmediate(() => setImmediate(() => callback(error)));
  };
}
