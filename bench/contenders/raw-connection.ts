/** A socket, and as little around it as is needed to tell one reply from the next. */
import { once } from 'node:events';
import net from 'node:net';
import type { Writable } from 'node:stream';

const HEAD_BYTES = 10;

export interface RawConnection {
  readonly socket: net.Socket;
  /** Sends, and resolves with the body of the reply. */
  ask(...chunks: Uint8Array[]): Promise<Buffer>;
  /** Sends, and writes the body of the reply to the target as it comes; resolves when the target has finished. */
  receive(request: Uint8Array, target: Writable): Promise<void>;
  /** Sends, and passes the body of the reply on as it comes; resolves with its length. */
  read(request: Uint8Array, take: (chunk: Buffer) => void): Promise<number>;
}

export async function rawConnection(host: string, port: number): Promise<RawConnection> {
  const socket = net.connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  let onData: (chunk: Buffer) => void = () => undefined;
  let onFailure: (error: Error) => void = () => undefined;
  socket.on('data', (chunk) => onData(chunk));
  socket.on('error', (error) => onFailure(error));
  socket.on('close', () => onFailure(new Error('connection closed')));

  return {
    socket,
    ask(...chunks) {
      return new Promise((resolve, reject) => {
        onData = collect(resolve, reject);
        onFailure = reject;
        socket.cork();
        for (const chunk of chunks) socket.write(chunk);
        socket.uncork();
      });
    },
    receive(request, target) {
      return new Promise((resolve, reject) => {
        onData = passOn(socket, target, reject);
        onFailure = reject;
        target.once('error', reject).once('finish', resolve);
        socket.write(request);
      });
    },
    read(request, take) {
      return new Promise((resolve, reject) => {
        onData = handOut(take, resolve, reject);
        onFailure = reject;
        socket.write(request);
      });
    },
  };
}

function collect(resolve: (body: Buffer) => void, reject: (error: Error) => void): (chunk: Buffer) => void {
  const parts: Buffer[] = [];
  let have = 0;
  return (chunk) => {
    parts.push(chunk);
    have += chunk.length;
    if (have < HEAD_BYTES) return;
    if (parts[0]!.length < HEAD_BYTES) parts.splice(0, parts.length, Buffer.concat(parts));
    const head = parts[0]!;
    if (have < HEAD_BYTES + head.readUInt32BE(4)) return;
    if (head[9] !== 0) reject(new Error(`status ${head[9]}`));
    else resolve((parts.length === 1 ? head : Buffer.concat(parts)).subarray(HEAD_BYTES));
  };
}

/** The head is taken to come in one piece, as in {@link passOn}. */
function handOut(
  take: (chunk: Buffer) => void,
  resolve: (bytes: number) => void,
  reject: (error: Error) => void,
): (chunk: Buffer) => void {
  let bytes = -1;
  let left = 0;
  return (chunk) => {
    let content = chunk;
    if (bytes < 0) {
      if (chunk[9] !== 0) return reject(new Error(`status ${chunk[9]}`));
      bytes = Number(chunk.readBigInt64BE(0));
      left = bytes;
      content = chunk.subarray(HEAD_BYTES);
    }
    left -= content.length;
    take(content);
    if (left === 0) resolve(bytes);
  };
}

/** The head is taken to come in one piece: it is the first thing on an idle connection. */
function passOn(
  socket: net.Socket,
  target: Writable,
  reject: (error: Error) => void,
): (chunk: Buffer) => void {
  let left = -1;
  return (chunk) => {
    let content = chunk;
    if (left < 0) {
      if (chunk[9] !== 0) reject(new Error(`status ${chunk[9]}`));
      left = Number(chunk.readBigInt64BE(0));
      content = chunk.subarray(HEAD_BYTES);
    }
    left -= content.length;
    if (!target.write(content) && left > 0) {
      socket.pause();
      target.once('drain', () => socket.resume());
    }
    if (left === 0) target.end();
  };
}
