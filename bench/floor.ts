/**
 * The floor: what a bare socket can do. Frames made by hand, no library, no checks, no pool but a list. Nothing built on
 * `node:net` can be faster with the same round trips.
 */
import { once } from 'node:events';
import net from 'node:net';

export interface RawConnection {
  /** Sends and resolves with the body of the reply. */
  ask(...chunks: Uint8Array[]): Promise<Buffer>;
  readonly socket: net.Socket;
}

export async function rawConnection(host: string, port: number): Promise<RawConnection> {
  const socket = net.connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  let parts: Buffer[] = [];
  let have = 0;
  let settle: ((body: Buffer) => void) | undefined;
  socket.on('data', (chunk) => {
    parts.push(chunk);
    have += chunk.length;
    if (have < 10) return;
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const need = 10 + whole.readUInt32BE(4);
    parts = [whole];
    if (have < need) return;
    parts = [];
    have = 0;
    if (whole[9] !== 0) throw new Error(`status ${whole[9]}`);
    settle!(whole.subarray(10, need));
  });
  return {
    socket,
    ask(...chunks) {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
  };
}

export function frame(command: number, params: Uint8Array, content = 0): Buffer {
  const buffer = Buffer.alloc(10 + params.length);
  buffer.writeBigInt64BE(BigInt(params.length + content), 0);
  buffer[8] = command;
  buffer.set(params, 10);
  return buffer;
}

/** QUERY_STORE_WITHOUT_GROUP_ONE */
export const STORE_QUERY = frame(101, Buffer.alloc(0));

export function uploadHead(size: number, storePath: number): Buffer {
  const params = Buffer.alloc(15);
  params[0] = storePath;
  params.writeBigInt64BE(BigInt(size), 1);
  return frame(11, params, size);
}

/** group 16, remote filename */
function nameOf(fileId: string): Buffer {
  const slash = fileId.indexOf('/');
  const buffer = Buffer.alloc(16 + fileId.length - slash - 1);
  buffer.write(fileId.slice(0, slash), 0, 'latin1');
  buffer.write(fileId.slice(slash + 1), 16, 'latin1');
  return buffer;
}

/** QUERY_FETCH_ONE */
export function fetchQuery(fileId: string): Buffer {
  return frame(102, nameOf(fileId));
}

export function downloadHead(fileId: string): Buffer {
  return frame(14, Buffer.concat([Buffer.alloc(16), nameOf(fileId)]));
}

export function fileIdOf(body: Buffer): string {
  return `${body.toString('latin1', 0, 16).replace(/\0.*$/s, '')}/${body.toString('latin1', 16)}`;
}

/** Address and port behind the group name of a query's reply. */
export function addressOf(body: Buffer): { host: string; port: number } {
  const width = body.length >= 69 ? 45 : 15;
  const host = body.toString('latin1', 16, 16 + width).replace(/\0.*$/s, '');
  return { host, port: Number(body.readBigInt64BE(16 + width)) };
}
