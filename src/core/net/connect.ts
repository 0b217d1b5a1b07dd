/** Makes connections, within the connect time-out. */
import net from 'node:net';
import { type FastDFSError, NetworkError, TimeoutError } from '../base/errors.js';
import { type Address, formatAddress } from '../model/address.js';
import { Connection, type ServerRole } from './connection.js';
import { ReadBuffers } from './read-buffers.js';
import type { SendBuffer } from './send-buffer.js';
import { deferWriteErrors } from './write-errors.js';

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
    const timer = setTimeout(() => {
      fail(
        new TimeoutError(
          'connect',
          `${name} did not accept a connection within ${options.connectTimeoutMs} ms${hint}`,
          {
            address: name,
            retryable: true,
          },
        ),
      );
    }, options.connectTimeoutMs);
    const name = formatAddress(address);
    const hint = options.hint === undefined ? '' : `; ${options.hint}`;
    const onError = (cause: NodeJS.ErrnoException) =>
      fail(
        new NetworkError(
          'FASTDFS_CONNECT_FAILED',
          `Cannot connect to ${name} (${cause.code ?? cause.message})${hint}`,
          {
            address: name,
            retryable: true,
            cause,
          },
        ),
      );
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
