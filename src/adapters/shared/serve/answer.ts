/** Answers requests for files, for both doors: `fdfsServe` (node:http) and `fdfsFetch` (Request and Response). */
import { STATUS_CODES } from 'node:http';
import type { FastDFSClient } from '../../../client.js';
import { FastDFSError, isNotFound, ServerError } from '../../../core/base/errors.js';
import type { ParsedFileId } from '../../../index.js';
import { isRefusedName, resolveHttpStatus } from '../http-status.js';
import {
  type Chunks,
  countBytes,
  createMultipartBody,
  createOpener,
  createPlainBody,
  formatContentRange,
  waitForFirstChunk,
} from './body.js';
import { type ByteRange, evaluateConditions, type RequestHeaders } from './conditions.js';

import { describeFile, presentFile } from './file.js';
import { buildPresentation, buildValidators, COMMON_HEADERS, type GetHeader } from './headers.js';
import { isAllowed, type ResolvedServeOptions, type ServedFile, secondsLeft } from './options.js';
import { METADATA_SUFFIX, parseTarget, type Target } from './target.js';

/** A request, as both doors give it. */
export interface FileRequest<Request> {
  readonly method: string;
  /** Path and query, with or without scheme and host. */
  readonly url: string;
  readonly headers: RequestHeaders;
  /** Passed to the functions in options. */
  readonly original: Request;
  /** Headers that the application has set for the reply. */
  readonly existing: GetHeader;
}

/** What to send. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for HEAD, 304 and the like. */
  readonly body: Uint8Array | string | Chunks | undefined;
  /** The request is for no file, or by another method: another handler may answer it. */
  readonly unmatched?: boolean;
  /** The file, of replies with its content or the head of it. */
  readonly file?: ServedFile;
}

/** What serves files: a client, and options. */
export interface FileServer<Request> {
  readonly client: FastDFSClient;
  readonly options: ResolvedServeOptions<Request>;
}

/** Up to this size a file is fetched whole: it takes no more memory than a stream would hold, and a fraction of the time. */
const SMALL_BYTES = 64 * 1024;

/** Returns the file that a request may have, or the refusal. Asks no server. */
export function matchFile<Request>(
  { options }: FileServer<Request>,
  request: FileRequest<Request>,
): Target | Reply {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...createRefusal(request, 405, { Allow: 'GET, HEAD' }), unmatched: true };
  }
  const target = parseTarget(request.url, options);
  if (typeof target === 'number') return { ...createRefusal(request, target), unmatched: true };
  return isAllowed(options, target.file.fileId, target.query) ? target : createRefusal(request, 403);
}

/**
 * Returns the reply with a file, or the refusal. Its body ends the download when it is returned or `signal` aborts.
 * @throws whatever the client or a function in options throws; `createFailure` makes the reply
 */
export async function answerRequest<Request>(
  { client, options }: FileServer<Request>,
  request: FileRequest<Request>,
  { file: parsed, query }: Target,
  signal: AbortSignal,
): Promise<Reply> {
  await rejectMetadata(client, parsed, signal);
  const file = await describeFile(client, parsed, options.allowTransform, signal);
  const verdict = evaluateConditions(request, file, options.allowTransform ? 0 : options.maxRanges);
  // An id holds everything about an ordinary file but whether it still exists. Its download shows that; where there is none, the
  // storage is asked.
  const confirm = async () => {
    if (parsed.size !== undefined) await client.stat(file.fileId, { source: 'server', signal });
  };
  const validators = buildValidators(file, options, secondsLeft(options, query), request.existing);
  if (verdict.status === 304) {
    await confirm();
    return { status: 304, headers: validators, body: undefined };
  }
  if (verdict.status === 412 || verdict.status === 416) {
    await confirm();
    const range = verdict.status === 416 ? { 'Content-Range': `bytes */${file.size}` } : undefined;
    return createRefusal(request, verdict.status, range);
  }

  const ranges = verdict.status === 206 ? verdict.ranges : [];
  const [range] = ranges;
  const open = createOpener(client, file.fileId, signal);
  const isHead = request.method === 'HEAD';
  const isWhole = !isHead && parsed.size !== undefined && ranges.length < 2 && isSmall(file, range);
  const content = isWhole ? await client.download(file.fileId, { ...range, signal }) : undefined;
  const stream = isHead || content ? undefined : await open(range ?? limitRange(file));
  try {
    if (isHead) await confirm();
    const given = request.existing('Content-Type');
    const presentation = await presentFile(
      client,
      file,
      options,
      { original: request.original, query },
      given,
      signal,
    );
    const { contentType } = presentation;
    const body =
      ranges.length > 1
        ? createMultipartBody(ranges, file.size, contentType, open)
        : createPlainBody(range ? countBytes(range) : file.size, contentType);
    const chunks = stream && (await waitForFirstChunk(body.chunks(stream)));
    signal.throwIfAborted();
    const headers = {
      ...validators,
      ...buildPresentation(presentation, options, request.existing),
      ...(range && ranges.length === 1 ? { 'Content-Range': formatContentRange(range, file.size) } : {}),
      'Content-Type': body.contentType,
      'Content-Length': String(body.length),
    };
    return { status: verdict.status, headers, body: chunks ?? content, file };
  } catch (error) {
    stream?.destroy();
    throw error;
  }
}

/** The reply to a request that failed. */
export interface Failure extends Reply {
  /** What to give to error handlers. */
  readonly error: Error;
}

/**
 * Returns the reply to a request for a file that failed. A missing file is `unmatched`. An error of a function in options that has an
 * HTTP status, such as those of http-errors, keeps it.
 */
export async function createFailure<Request>(
  { client, options }: FileServer<Request>,
  request: FileRequest<Request>,
  { file }: Target,
  error: unknown,
): Promise<Failure> {
  const described = error instanceof Error ? error : new Error(String(error));
  const own = readStatus(described);
  if (own !== undefined) return { ...createRefusal(request, own), error: described };
  const status = await resolveHttpStatus(client, error, file.fileId);
  const headers = status === 503 ? { 'Retry-After': String(options.retryAfterSeconds) } : undefined;
  // Error handlers of frameworks read these.
  Object.assign(described, { status, statusCode: status, expose: false, ...(headers && { headers }) });
  return { ...createRefusal(request, status, headers), error: described, unmatched: status === 404 };
}

function readStatus(error: Error & { status?: unknown; statusCode?: unknown }): number | undefined {
  if (error instanceof FastDFSError) return undefined;
  const status = error.status ?? error.statusCode;
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600
    ? Number(status)
    : undefined;
}

/** Returns a short text reply. */
function createRefusal<Request>(
  { method }: FileRequest<Request>,
  status: number,
  headers?: Record<string, string>,
): Reply {
  const text = `${STATUS_CODES[status] ?? status}\n`;
  return {
    status,
    headers: {
      ...COMMON_HEADERS,
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(text.length),
      ...headers,
    },
    body: method === 'HEAD' ? undefined : text,
  };
}

/**
 * Rejects with the error of a missing file when the name is that of another file's metadata. Only names that end in `-m` are asked
 * about: few files have such an extension.
 */
async function rejectMetadata(
  client: FastDFSClient,
  { fileId }: ParsedFileId,
  signal: AbortSignal,
): Promise<void> {
  if (!fileId.endsWith(METADATA_SUFFIX)) return;
  const owner = fileId.slice(0, -METADATA_SUFFIX.length);
  try {
    if (!(await client.exists(owner, { signal }))) return;
  } catch (error) {
    if (isNotFound(error) || isRefusedName(error)) return;
    throw error;
  }
  throw new ServerError(2, { fileId });
}

function isSmall({ size }: ServedFile, range: ByteRange | undefined): boolean {
  return (range ? countBytes(range) : size) <= SMALL_BYTES;
}

/** A file that changes is read up to the size announced, however much it grows meanwhile. */
function limitRange({ immutable, size }: ServedFile): ByteRange | undefined {
  return immutable || size === 0 ? undefined : { start: 0, end: size - 1 };
}
