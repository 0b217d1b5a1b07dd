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

export interface PathListingOptions {
  connectTimeoutMs: number;
  /** Longest wait for the next byte. The storage is silent while it skips deleted files and unpacks its logs. */
  silenceTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Yields the lines of a listing in batches, in the order of the storage's log.
 * @throws ServerError (22) for a wrong group or store path; NetworkError, TimeoutError; ProtocolError when the listing
 * was cut off or its count is wrong; the reason of the signal
 */
export async function* readPathListing(
  address: Address,
  args: PathListingArgs,
  options: PathListingOptions,
): AsyncGenerator<string[], void, undefined> {
  const { signal, silenceTimeoutMs } = options;
  signal?.throwIfAborted();
  const name = formatAddress(address);
  const socket = net.connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
  const release = onAbort(signal, () => socket.destroy());
  const decoder = new PathListingDecoder();
  let watched: WatchedCommand | undefined;
  // Errors arrive through the iterator; those after its end are of no interest.
  socket.on('error', () => undefined);
  try {
    await watchConnect('storage', name, () => waitForConnect(socket, name, options));
    if (commandsAreWatched()) watched = watch(name);
    socket.write(encodeRequest(fetchOnePathBinlog, args));
    for await (const chunk of readWithDeadline(socket, name, silenceTimeoutMs, () => decoder.started)) {
      const lines = decoder.push(chunk);
      if (lines.length > 0) yield lines;
    }
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
    socket.destroy();
    // The caller stopped in the middle.
    watched?.end(0, decoder.textBytes);
  }
}

function watch(address: string): WatchedCommand {
  const { name: command, to: role } = fetchOnePathBinlog;
  return new WatchedCommand({ command, role, address, fileId: undefined, retries: 0 });
}

function waitForConnect(
  socket: net.Socket,
  name: string,
  { connectTimeoutMs, signal }: PathListingOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `${name} did not accept a connection within ${connectTimeoutMs} ms`;
      reject(new TimeoutError('connect', message, { address: name, retryable: true }));
    }, connectTimeoutMs);
    socket.once('connect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(signal?.reason ?? new Error('closed')));
    const done = () => clearTimeout(timer);
    socket.once('connect', done).once('close', done);
  });
}

/** The chunks of a socket; the deadline runs only while one is awaited. */
async function* readWithDeadline(
  socket: net.Socket,
  name: string,
  timeoutMs: number,
  started: () => boolean,
): AsyncGenerator<Buffer, void, undefined> {
  const expire = () => {
    const phase = started() ? 'progress' : 'response';
    const what = started() ? 'stopped in the middle of its listing' : 'sent no listing';
    const message = `${name} ${what}: no byte within ${timeoutMs} ms`;
    socket.destroy(new TimeoutError(phase, message, { address: name, retryable: true }));
  };
  let timer = setTimeout(expire, timeoutMs);
  try {
    for await (const chunk of socket) {
      clearTimeout(timer);
      yield chunk as Buffer;
      timer = setTimeout(expire, timeoutMs);
    }
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown, address: string): FastDFSError {
  const { name: command } = fetchOnePathBinlog;
  if (error instanceof FastDFSError) {
    error.command ??= command;
    error.address ??= address;
    error.retryable = true;
    return error;
  }
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  const why = code ?? message;
  return syscall === 'connect'
    ? new NetworkError('FASTDFS_CONNECT_FAILED', `Cannot connect to ${address} (${why})`, {
        command,
        address,
        retryable: true,
        cause: error,
      })
    : new NetworkError('FASTDFS_CONNECTION_LOST', `Connection to ${address} was lost (${why})`, {
        command,
        address,
        retryable: true,
        cause: error,
      });
}
