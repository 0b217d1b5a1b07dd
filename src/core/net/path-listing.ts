/**
 * Reads the listing of one store path on a connection of its own: the storage closes it at the end, so it can never be
 * one of a pool. Reading stops while the caller works on what it has, and so does the storage.
 */
import net from 'node:net';
import { onAbort } from '../base/abort.js';
import { commandsAreWatched, WatchedCommand, watchConnect } from '../base/diagnostics.js';
import { FastDFSError, NetworkError, TimeoutError } from '../base/errors.js';
import { type Address, formatAddress } from '../model/address.js';
import { encodeRequest } from '../protocol/command.js';
import { fetchOnePathBinlog, type PathListingArgs, PathListingDecoder } from '../protocol/path-listing.js';
import { ReadBuffers } from './buffers.js';
import { connectFailed, connectTimedOut } from './connection.js';

export interface PathListingOptions {
  connectTimeoutMs: number;
  /** Longest wait for the next byte. The storage is silent while it skips deleted files and unpacks its logs. */
  silenceTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Yields the lines of a listing in batches, in the order of the storage's log. A batch is whole lines, as bytes that are valid
 * until the next one is asked for.
 * @throws ServerError (22) for a wrong group or store path; NetworkError, TimeoutError; ProtocolError when the listing
 * was cut off or its count is wrong; the reason of the signal
 */
export async function* readPathListing(
  address: Address,
  args: PathListingArgs,
  options: PathListingOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const name = formatAddress(address);
  const reader = new ListingReader(address, options);
  const { decoder } = reader;
  const release = onAbort(signal, () => reader.destroy());
  let watched: WatchedCommand | undefined;
  try {
    await watchConnect('storage', name, () => reader.waitForConnect());
    if (commandsAreWatched()) watched = watch(name);
    reader.send(encodeRequest(fetchOnePathBinlog, args));
    for (let lines = await reader.next(); lines; lines = await reader.next()) yield lines;
    signal?.throwIfAborted();
    decoder.end();
    watched?.end(0, decoder.textBytes);
    watched = undefined;
  } catch (error) {
    const reason = signal?.aborted ? signal.reason : describe(error, name);
    watched?.fail(reason, 0, decoder.textBytes);
    watched = undefined;
    throw reason;
  } finally {
    release();
    reader.destroy();
    // The caller stopped in the middle.
    watched?.end(0, decoder.textBytes);
  }
}

function watch(address: string): WatchedCommand {
  const { name: command, to: role } = fetchOnePathBinlog;
  return new WatchedCommand({ command, role, address, fileId: undefined, retries: 0 });
}

/** The socket of a listing. It reads on only while the next lines are awaited. */
class ListingReader {
  readonly decoder = new PathListingDecoder();
  readonly #socket: net.Socket;
  readonly #name: string;
  readonly #options: PathListingOptions;
  #lines: Buffer | undefined;
  #error: Error | undefined;
  #onChange: () => void = () => undefined;

  constructor(address: Address, options: PathListingOptions) {
    this.#name = formatAddress(address);
    this.#options = options;
    const buffers = new ReadBuffers();
    this.#socket = net.connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      onread: {
        buffer: () => buffers.next(),
        callback: (bytes, buffer) => {
          this.#receive((buffer as Buffer).subarray(0, bytes));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.#socket.on('close', () => this.#onChange());
  }

  waitForConnect(): Promise<void> {
    const { connectTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#socket.destroy(connectTimedOut(this.#name, connectTimeoutMs));
      }, connectTimeoutMs);
      this.#socket.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#onChange = () => {
        clearTimeout(timer);
        reject(this.#error ?? new Error('closed'));
      };
    });
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  /**
   * Resolves with the next lines; with undefined when the storage has closed the connection.
   * @throws what has ended the connection early
   */
  async next(): Promise<Buffer | undefined> {
    const timer = setTimeout(() => this.#expire(), this.#options.silenceTimeoutMs);
    this.#lines = undefined;
    this.#socket.resume();
    try {
      while (!this.#lines && !this.#socket.closed) {
        await new Promise<void>((resolve) => {
          this.#onChange = resolve;
        });
        timer.refresh();
      }
    } finally {
      clearTimeout(timer);
    }
    if (this.#error) throw this.#error;
    return this.#lines;
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #receive(chunk: Buffer): void {
    try {
      const lines = this.decoder.push(chunk);
      if (lines.length > 0) {
        this.#lines = lines;
        this.#socket.pause();
      }
      this.#onChange();
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #expire(): void {
    const { silenceTimeoutMs } = this.#options;
    const phase = this.decoder.started ? 'progress' : 'response';
    const what = this.decoder.started ? 'stopped in the middle of its listing' : 'sent no listing';
    const message = `${this.#name} ${what}: no byte within ${silenceTimeoutMs} ms`;
    this.destroy(new TimeoutError(phase, message, { address: this.#name, retryable: true }));
  }
}

function describe(error: unknown, address: string): FastDFSError {
  const { name: command } = fetchOnePathBinlog;
  const cause = error as NodeJS.ErrnoException;
  const described =
    error instanceof FastDFSError
      ? error
      : cause.syscall === 'connect'
        ? connectFailed(address, cause)
        : new NetworkError(
            'FASTDFS_CONNECTION_LOST',
            `Connection to ${address} was lost (${cause.code ?? cause.message})`,
            { cause },
          );
  described.command ??= command;
  described.address ??= address;
  described.retryable = true;
  return described;
}
