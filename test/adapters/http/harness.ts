/** A server around one handler, and a client that shows everything of a reply. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { collect } from '../../helpers/bytes.js';

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
}

export class Site {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(listener: RequestListener): Promise<Site> {
    const server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Site(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Rejects when the reply is broken off. */
  async get(path: string, asking: Asking = {}): Promise<Reply> {
    const res = await this.open(path, asking);
    const body = await collect(res);
    return { status: res.statusCode!, headers: res.headers, body };
  }

  /** The head of a reply; its body is up to the test. */
  async open(path: string, { method = 'GET', headers = {} }: Asking = {}): Promise<IncomingMessage> {
    const req = request({ port: this.port, host: '127.0.0.1', path, method, headers, agent: false });
    req.end();
    const [res] = (await once(req, 'response', { signal: AbortSignal.timeout(15_000) })) as [IncomingMessage];
    return res;
  }

  /** A connection that has asked, and reads only when the test does. */
  async ask(path: string): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** The parts of a multipart reply: heads in lower case, and bytes. */
export function partsOf({ headers, body }: Reply): { head: string; content: string }[] {
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(headers['content-type'] ?? '')?.[1];
  const text = body.toString('latin1');
  const pieces = text.split(`--${boundary}`);
  if (pieces.shift() !== '' || pieces.pop() !== '--\r\n') throw new Error('not a multipart body');
  return pieces.map((piece) => {
    const [head = '', content = ''] = piece.slice(2, -2).split('\r\n\r\n');
    return { head: head.toLowerCase(), content };
  });
}
