/**
 * `fastdfs-streams/http`: serves files of the cluster over HTTP, for Express, Connect and bare `node:http`. The path of a
 * file is its id: `/group1/M00/00/00/….png`, below wherever the handler is mounted.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Conf, FastDFSClient } from '../../client.js';
import { openClient } from '../shared/client-handle.js';
import { resolveHttpStatus } from '../shared/http-status.js';
import { begun, contentRange, lengthOf, multipartBody, openerOf, plainBody } from './body.js';
import { type ByteRange, wantedOf } from './conditions.js';
import { refuse } from './failure.js';
import { cacheControlOf, contentTypeOf, describe, dispositionOf } from './file.js';
import {
  admits,
  type FdfsServeOptions,
  type ResolvedServeOptions,
  resolveServeOptions,
  type ServedFile,
} from './options.js';
import { type Target, targetOf } from './target.js';

export type { FdfsServeOptions, ServedFile, TokenOptions } from './options.js';

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

/**
 * Makes a handler for GET and HEAD: `app.use('/files', fdfsServe('/etc/fdfs/client.conf'))`.
 *
 * What is no file's path, no file, or no GET or HEAD goes to `next()`; without one the answer is 404, 400 for a path
 * that cannot be decoded, 405. A wrong token is a 403 in either case, a failed precondition a 412, a range outside the
 * file a 416. When the cluster fails, `next(error)` gets the error, with `statusCode` 503 where it may do better later
 * and 502 where it will not; without `next` that is the answer. After the head of a reply an error breaks it off.
 * @param conf path of a `client.conf`, options, or a client; who passes a client keeps it and closes it
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsServe(conf: Conf, options: FdfsServeOptions = {}): FdfsHandler {
  const resolved = resolveServeOptions(options);
  const { client, close } = openClient(conf);
  const handler = (req: IncomingMessage, res: ServerResponse, next?: Next) => {
    handle(client, resolved, req, res, next);
  };
  return Object.assign(handler, { client, close, [Symbol.asyncDispose]: close });
}

function handle(
  client: FastDFSClient,
  options: ResolvedServeOptions,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next | undefined,
): void {
  const pass = (status: number, headers?: object) => (next ? next() : refuse(req, res, status, headers));
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    pass(405, { Allow: 'GET, HEAD' });
    return;
  }
  const target = targetOf(req.url ?? '', options.prefix, options.groups);
  if (typeof target === 'number') {
    pass(target);
    return;
  }
  const { file, query } = target;
  if (!admits(options, file.fileId, query)) {
    refuse(req, res, 403);
    return;
  }
  const left = new AbortController();
  const leave = () => left.abort();
  if (res.closed) leave();
  res.once('close', leave);
  serve(client, options, target, req, res, left.signal)
    .catch(async (error) => {
      // Nobody is there any more, or half a reply is: neither can be told anything.
      if (left.signal.aborted || res.headersSent) {
        res.destroy();
        return;
      }
      const status = await resolveHttpStatus(client, error, file.fileId);
      if (res.destroyed) return;
      if (status === 404) pass(404);
      else if (next) next(Object.assign(error as object, { statusCode: status }));
      else refuse(req, res, status);
    })
    .finally(() => res.off('close', leave));
}

async function serve(
  client: FastDFSClient,
  options: ResolvedServeOptions,
  { file: parsed, query }: Target,
  req: IncomingMessage,
  res: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const file = await describe(client, parsed, signal);
  const wanted = wantedOf(req.headers, file, options.maxRanges);
  // An id tells everything about an ordinary file but whether it is still there. Its download shows that; without one
  // the storage is asked.
  const confirm = async () => {
    if (parsed.size !== undefined) await client.stat(file.fileId, { source: 'server', signal });
  };
  if (wanted.status === 304) {
    await confirm();
    setValidators(res, file, options);
    res.writeHead(304).end();
    return;
  }
  if (wanted.status === 412 || wanted.status === 416) {
    await confirm();
    refuse(req, res, wanted.status, wanted.status === 416 ? { 'Content-Range': `bytes */${file.size}` } : {});
    return;
  }

  const ranges = wanted.status === 206 ? wanted.ranges : [];
  const [range] = ranges;
  const open = openerOf(client, file.fileId, signal);
  const isHead = req.method === 'HEAD';
  const inOnePiece = !isHead && parsed.size !== undefined && ranges.length < 2 && isSmall(file, range);
  const content = inOnePiece ? await client.download(file.fileId, { ...range, signal }) : undefined;
  const stream = isHead || content ? undefined : await open(range ?? wholeOf(file));
  try {
    if (isHead) await confirm();
    const set = res.getHeader('Content-Type');
    const type = set?.toString() ?? (await contentTypeOf(client, file, options, req, signal));
    const disposition = dispositionOf(file, options, req, query);
    const body =
      ranges.length > 1
        ? multipartBody(ranges, file.size, type, open)
        : plainBody(range ? lengthOf(range) : file.size, type);
    const chunks = stream && (await begun(body.chunks(stream)));
    signal.throwIfAborted();
    setValidators(res, file, options);
    if (disposition !== undefined) preset(res, 'Content-Disposition', disposition);
    if (range && ranges.length === 1) res.setHeader('Content-Range', contentRange(range, file.size));
    res.setHeader('Content-Type', body.contentType);
    res.setHeader('Content-Length', body.length);
    res.statusCode = wanted.status;
    options.setHeaders?.(res, file);
    if (chunks) await pipeline(chunks, res);
    else res.end(content);
  } finally {
    stream?.destroy();
  }
}

/** So little is fetched whole: it costs no more memory than a stream would hold, and a fraction of the time. */
const SMALL_BYTES = 64 * 1024;

function isSmall({ size }: ServedFile, range: ByteRange | undefined): boolean {
  return (range ? lengthOf(range) : size) <= SMALL_BYTES;
}

/** Files that change are read up to the size announced, however much they grow meanwhile. */
function wholeOf({ immutable, size }: ServedFile): { start: number; end: number } | undefined {
  return immutable || size === 0 ? undefined : { start: 0, end: size - 1 };
}

function setValidators(res: ServerResponse, file: ServedFile, options: ResolvedServeOptions): void {
  const cacheControl = cacheControlOf(file, options);
  preset(res, 'Accept-Ranges', 'bytes');
  if (cacheControl !== undefined) preset(res, 'Cache-Control', cacheControl);
  res.setHeader('Last-Modified', file.lastModified.toUTCString());
  res.setHeader('ETag', file.etag);
}

/** What the application has set before counts more. */
function preset(res: ServerResponse, name: string, value: string): void {
  if (!res.hasHeader(name)) res.setHeader(name, value);
}
