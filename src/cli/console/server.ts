/** `fdfs console`: a web page for operators, on loopback unless there is a password. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { type FdfsHandler, fdfsServe } from '../../adapters/http/index.js';
import { FastDFSAdmin, type FastDFSClient, FastDFSError } from '../../index.js';
import { serveAsset } from './assets.js';
import { Authentication } from './auth.js';
import { Jobs } from './jobs.js';
import { type ConsoleState, type Route, routes, UserError } from './routes.js';

export interface ConsoleOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `user:password`. */
  readonly auth?: string | undefined;
  /** Whether the page may delete files. */
  readonly allowDelete: boolean;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|::1)$/;
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Whether only programs of this machine can connect to this address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

export class Console {
  readonly #options: ConsoleOptions;
  readonly #state: ConsoleState;
  readonly #authentication: Authentication;
  readonly #files: FdfsHandler;
  readonly #server = createServer((req, res) => void this.#answer(req, res));

  constructor(client: FastDFSClient, options: ConsoleOptions) {
    this.#options = options;
    this.#authentication = new Authentication(options.auth);
    this.#files = fdfsServe(client, { cacheControl: 'private, no-store' });
    this.#state = {
      client,
      admin: new FastDFSAdmin(client),
      jobs: new Jobs(),
      allowDelete: options.allowDelete,
    };
  }

  /** Starts to listen. Returns the url of the page. */
  async start(): Promise<string> {
    const { host, port } = this.#options;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const { port: actual } = this.#server.address() as AddressInfo;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${actual}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#state.jobs.close();
    await this.#state.admin.close();
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.setHeader('Content-Security-Policy', POLICY);
    res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('X-Content-Type-Options', 'nosniff');
    try {
      const refused = this.#refuse(req, res);
      if (refused !== undefined) sendJson(res, refused, { error: STATUS_WORDS[refused] });
      else await this.#dispatch(req, res);
    } catch (error) {
      if (res.headersSent) res.destroy();
      else sendError(res, error);
    }
  }

  /** Returns the status for a request that must not go on. */
  #refuse(req: IncomingMessage, res: ServerResponse): 401 | 403 | 429 | undefined {
    const { host = '', origin } = req.headers;
    // A foreign name that leads to this machine is how pages of other sites reach programs on loopback.
    const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    if (isLoopback(this.#options.host) && !isLoopback(name)) return 403;
    if (
      req.method !== 'GET' &&
      req.method !== 'HEAD' &&
      origin !== `http://${host}` &&
      origin !== `https://${host}`
    ) {
      return 403;
    }
    const access = this.#authentication.check(req);
    if (access === 'allowed') return undefined;
    if (access === 'throttled') {
      res.setHeader('Retry-After', '30');
      return 429;
    }
    res.setHeader('WWW-Authenticate', 'Basic realm="FastDFS console", charset="UTF-8"');
    return 401;
  }

  async #dispatch(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://console');
    if (url.pathname.startsWith('/f/')) {
      req.url = req.url!.slice('/f'.length);
      this.#files(req, res);
      return;
    }
    const route: Route | undefined = routes[`${req.method} ${url.pathname}`];
    if (route) {
      const body = req.method === 'POST' ? await readJson(req) : {};
      const result = await route(this.#state, { query: url.searchParams, body, req, res });
      if (result !== undefined) sendJson(res, 200, result);
      return;
    }
    if (req.method === 'GET' && (await serveAsset(url.pathname, res))) return;
    sendJson(res, 404, { error: STATUS_WORDS[404] });
  }
}

const STATUS_WORDS = {
  401: 'A user name and a password are required',
  403: 'This request comes from another site',
  404: 'There is no such page',
  429: 'Too many wrong passwords: wait for half a minute',
} as const;

const MAX_BODY_BYTES = 64 * 1024;

async function readJson(req: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new UserError(413, 'The request is too large');
    chunks.push(chunk);
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Answered below.
  }
  throw new UserError(400, 'The request is not a JSON object');
}

/** The page is for operators: unlike in applications, messages with addresses are what they need. */
function sendError(res: ServerResponse, error: unknown): void {
  const status = error instanceof UserError || error instanceof FastDFSError ? error.status : 500;
  sendJson(res, status, { error: (error as Error).message });
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  res.end(text);
}
