/** Starts a server around one handler of either adapter, and shows everything of a reply. */
import { once } from 'node:events';
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { describe } from 'vitest';
import { type FdfsFetchOptions, fdfsFetch } from '../../../src/adapters/fetch/index.js';
import { type FdfsServeOptions, fdfsServe, type ServeOptions } from '../../../src/adapters/http/index.js';
import type { Conf, FastDFSClient } from '../../../src/index.js';
import { collect } from '../../helpers/bytes.js';

/** What both adapters have, behind a listener of `node:http`. */
export interface Door extends AsyncDisposable {
  readonly listener: RequestListener;
  readonly client: FastDFSClient;
  close(): Promise<void>;
}

export interface DoorKind {
  readonly name: 'fdfsServe' | 'fdfsFetch';
  open(conf: Conf, options?: ServeOptions<unknown> & { setHeader?: [name: string, value: string] }): Door;
}

/** The two ways to one file server. Node answers requests of fetch by the adapter that Hono has for it. */
export const DOORS: readonly DoorKind[] = [
  {
    name: 'fdfsServe',
    open(conf, { setHeader, ...options } = {}) {
      const all: FdfsServeOptions = setHeader
        ? { ...options, setHeaders: (res) => void res.setHeader(...setHeader) }
        : options;
      const handler = fdfsServe(conf, all);
      return toDoor(handler, (req, res) => handler(req, res));
    },
  },
  {
    name: 'fdfsFetch',
    open(conf, { setHeader, ...options } = {}) {
      const all: FdfsFetchOptions = setHeader
        ? { ...options, setHeaders: (headers) => headers.set(...setHeader) }
        : options;
      const handler = fdfsFetch(conf, all);
      return toDoor(handler, getRequestListener(handler));
    },
  },
];

/** Runs the tests once for each adapter. */
export function onEachDoor(body: (door: DoorKind) => void): void {
  for (const door of DOORS) describe(`by ${door.name}`, () => body(door));
}

function toDoor(handler: Omit<Door, 'listener'>, listener: RequestListener): Door {
  const { client } = handler;
  const close = () => handler.close();
  return { client, listener, close, [Symbol.asyncDispose]: close };
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  /** Default: a connection of its own. */
  agent?: Agent;
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
  async open(path: string, { method = 'GET', headers = {}, agent }: Asking = {}): Promise<IncomingMessage> {
    const { port } = this;
    const req = request({ port, host: '127.0.0.1', path, method, headers, agent: agent ?? false });
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
