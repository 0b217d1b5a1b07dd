/**
 * `fastdfs-streams/http`: serves files of the cluster over HTTP, for Express, Connect and bare `node:http`. The path of a
 * file is its id: `/group1/M00/00/00/….png`, below wherever the handler is mounted.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Conf, FastDFSClient } from '../../client.js';
import { type Checks, functionOption } from '../../core/base/validate.js';
import { openClient } from '../shared/client-handle.js';
import {
  answerRequest,
  createFailure,
  type FileRequest,
  type FileServer,
  matchFile,
  type Reply,
} from '../shared/serve/answer.js';
import { addNoTransform } from '../shared/serve/headers.js';
import {
  resolveServeOptions,
  SERVE_CHECKS,
  type ServedFile,
  type ServeOptions,
} from '../shared/serve/options.js';

export type { PerFile, ServedFile, ServeOptions, TokenOptions } from '../shared/serve/options.js';

/** What is served, and how. Unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface FdfsServeOptions extends ServeOptions<IncomingMessage> {
  /** Called before the head of a reply with content is sent, to add to it. Default: none. */
  setHeaders?: ((res: ServerResponse, file: ServedFile) => void) | undefined;
}

/** What Express and Connect pass as third argument. */
export type Next = (error?: unknown) => void;

/** A request handler, and the client behind it. */
export interface FdfsHandler {
  /** Answers one request, or calls `next`. */
  (req: IncomingMessage, res: ServerResponse, next?: Next): void;
  /** The client that downloads. */
  readonly client: FastDFSClient;
  /** Closes the client, unless it was passed in. Replies under way are broken off. Safe to call twice. */
  close(): Promise<void>;
  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How one reply is sent. */
interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly next: Next | undefined;
  readonly options: FdfsServeOptions;
}

const CHECKS: Checks<FdfsServeOptions> = { ...SERVE_CHECKS, setHeaders: functionOption };

/**
 * Makes a handler for GET and HEAD: `app.use('/files', fdfsServe('/etc/fdfs/client.conf'))`.
 *
 * Requests for no file, for a missing one, and by other methods go to `next()`; without `next` the answer is 404, 400 for a path that
 * cannot be decoded, 405. A wrong token is answered 403 in either case, a failed precondition 412, a range outside the file 416. When
 * the cluster fails, `next(error)` gets the error, with `status` and `statusCode` 503 (and `Retry-After` in `headers`) where a later
 * request may succeed, else 502; without `next` that is the answer. After the head of a reply an error breaks it off.
 * @param conf path of a `client.conf`, options, or a client; a client that is passed in is not closed here
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsServe(conf: Conf, options: FdfsServeOptions = {}): FdfsHandler {
  const resolve = resolveServeOptions<IncomingMessage, FdfsServeOptions>('fdfsServe()', options, CHECKS);
  const { client, close } = openClient(conf);
  const server: FileServer<IncomingMessage> = { client, options: resolve(client) };
  const handler = (req: IncomingMessage, res: ServerResponse, next?: Next) => {
    handle(server, { req, res, next, options });
  };
  return Object.assign(handler, { client, close, [Symbol.asyncDispose]: close });
}

function handle(server: FileServer<IncomingMessage>, exchange: Exchange): void {
  const { req, res, next } = exchange;
  const request: FileRequest<IncomingMessage> = {
    method: req.method ?? '',
    url: req.url ?? '',
    headers: req.headers,
    original: req,
    existing: (name) => res.getHeader(name)?.toString(),
  };
  const match = matchFile(server, request);
  if ('status' in match) {
    refuse(match, res, next);
    return;
  }
  const left = new AbortController();
  const leave = () => left.abort();
  if (res.closed) leave();
  res.once('close', leave);
  answerRequest(server, request, match, left.signal)
    .then((reply) => send(reply, exchange))
    .catch(async (error) => {
      // The client has left, or has half a reply: no status can reach it.
      if (left.signal.aborted || res.headersSent) {
        res.destroy();
        return;
      }
      const failure = await createFailure(server, request, match, error);
      if (res.destroyed) return;
      if (next && !failure.unmatched) next(failure.error);
      else refuse(failure, res, next);
    })
    .finally(() => {
      res.off('close', leave);
      // Ends a download whose reply could not be sent.
      leave();
    });
}

function refuse({ status, headers, body, unmatched }: Reply, res: ServerResponse, next?: Next): void {
  if (unmatched && next) next();
  else res.writeHead(status, headers).end(body);
}

async function send({ status, headers, body, file }: Reply, { res, options }: Exchange): Promise<void> {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (file) {
    try {
      options.setHeaders?.(res, file);
    } catch (error) {
      // They describe the file, not the reply of an error handler.
      for (const name of Object.keys(headers)) res.removeHeader(name);
      throw error;
    }
    if (!options.allowTransform) {
      res.setHeader('Cache-Control', addNoTransform(res.getHeader('Cache-Control')?.toString()));
    }
  }
  res.statusCode = status;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) res.end(body);
  else await pipeline(body, res);
}
