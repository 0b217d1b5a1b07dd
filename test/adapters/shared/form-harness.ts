/** Forms as clients send them: whole, cut off, or a piece at a time. */
import { once } from 'node:events';
import { type Agent, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Middleware } from 'koa';

const BOUNDARY = 'x-boundary-x';

export const FORM_END = `--${BOUNDARY}--\r\n`;

export function partHead(field: string, filename: string, type = 'application/octet-stream'): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`;
}

export function filePart(field: string, filename: string, content: Uint8Array, type?: string): Buffer {
  return Buffer.concat([Buffer.from(partHead(field, filename, type)), content, Buffer.from('\r\n')]);
}

export function textPart(field: string, value: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`;
}

export interface Answer {
  status: number;
  text: string;
  json(): Record<string, unknown>;
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

/** Posts pieces one after the other and reads the answer, which may come before all is sent. */
export async function post(
  port: number,
  pieces: (string | Uint8Array)[],
  type = `multipart/form-data; boundary=${BOUNDARY}`,
  agent: Agent | false = false,
): Promise<Answer> {
  const req = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    agent,
    headers: { 'Content-Type': type, 'Content-Length': measure(pieces) },
  });
  const answered = once(req, 'response', { signal: AbortSignal.timeout(10_000) });
  for (const piece of pieces) req.write(piece);
  req.end();
  const [res] = (await answered) as [IncomingMessage];
  let text = '';
  for await (const chunk of res.setEncoding('utf8')) text += chunk;
  req.on('error', () => undefined);
  if (!agent) req.destroy();
  return { status: res.statusCode!, text, json: () => JSON.parse(text) };
}

/** Sends the beginning of a post of `length` bytes; the rest is up to the test. */
export async function begin(
  port: number,
  length: number,
  ...pieces: (string | Uint8Array)[]
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n` +
      `Content-Length: ${length}\r\n\r\n`,
  );
  for (const piece of pieces) socket.write(piece);
  return socket;
}

function measure(pieces: (string | Uint8Array)[]): number {
  return pieces.reduce((total, piece) => total + Buffer.byteLength(piece), 0);
}

/** Its types give every request of Node a `files` that contradicts the one of multer's types: loaded without them. */
export async function loadKoaBody(): Promise<{ koaBody(options: object): Middleware }> {
  const name: string = 'koa-body';
  return await import(name);
}
