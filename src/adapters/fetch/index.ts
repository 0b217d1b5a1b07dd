/**
 * `fastdfs-streams/fetch`: serves files of the cluster as `(Request) => Promise<Response>`, for Hono, h3, Next, SvelteKit, React Router,
 * Bun and Deno. Options and replies are those of `fastdfs-streams/http`.
 */
import type { Conf, FastDFSClient } from '../../client.js';
import { onAbort } from '../../core/base/abort.js';
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
import type { Chunks } from '../shared/serve/body.js';
import { addNoTransform } from '../shared/serve/headers.js';
import {
  resolveServeOptions,
  SERVE_CHECKS,
  type ServedFile,
  type ServeOptions,
} from '../shared/serve/options.js';

export type { PerFile, ServedFile, ServeOptions, TokenOptions } from '../shared/serve/options.js';

/** What is served, and how. Unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface FdfsFetchOptions extends ServeOptions<Request> {
  /** Called before a response with content is returned, to add to its headers. Default: none. */
  setHeaders?: ((headers: Headers, file: ServedFile) => void) | undefined;
  /**
   * Called when the cluster or a function in options fails, with an error whose `status` is what the response would have: to log it,
   * to return a response of your own, or to throw. Default: the response has that status and a short text.
   */
  onError?:
    | ((error: Error, request: Request) => Response | undefined | Promise<Response | undefined>)
    | undefined;
}

/** A request handler, and the client behind it. */
export interface FdfsFetchHandler {
  /** Answers one request. */
  (request: Request): Promise<Response>;
  /** The client that downloads. */
  readonly client: FastDFSClient;
  /** Closes the client, unless it was passed in. Replies under way are broken off. Safe to call twice. */
  close(): Promise<void>;
  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const CHECKS: Checks<FdfsFetchOptions> = {
  ...SERVE_CHECKS,
  setHeaders: functionOption,
  onError: functionOption,
};

/**
 * Makes a handler for GET and HEAD: `app.mount('/files', fdfsFetch('/etc/fdfs/client.conf'))`.
 *
 * The response is 404 for no file's path and for a missing file, 400 for a path that cannot be decoded, 405 for other methods, 403 for a
 * wrong token, 412 for a failed precondition, 416 for a range outside the file. When the cluster fails, it is 503 with `Retry-After`
 * where a later request may succeed, else 502, unless `onError` returns another. Bodies are read from the storage as fast as they
 * are consumed; cancelling the body, or aborting the request, ends the download. An error later breaks the body off.
 * @param conf path of a `client.conf`, options, or a client; a client that is passed in is not closed here
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsFetch(conf: Conf, options: FdfsFetchOptions = {}): FdfsFetchHandler {
  const resolve = resolveServeOptions<Request, FdfsFetchOptions>('fdfsFetch()', options, CHECKS);
  const { client, close } = openClient(conf);
  const server: FileServer<Request> = { client, options: resolve(client) };
  const handler = (request: Request) => handle(server, options, request);
  return Object.assign(handler, { client, close, [Symbol.asyncDispose]: close });
}

async function handle(
  server: FileServer<Request>,
  options: FdfsFetchOptions,
  original: Request,
): Promise<Response> {
  const request: FileRequest<Request> = {
    method: original.method,
    url: original.url,
    headers: Object.fromEntries(original.headers),
    original,
    existing: () => undefined,
  };
  const match = matchFile(server, request);
  if ('status' in match) return createResponse(match, () => {});
  const download = new AbortController();
  const release = onAbort(original.signal, (reason) => download.abort(reason));
  const finish = () => {
    release();
    download.abort();
  };
  try {
    const reply = await answerRequest(server, request, match, download.signal);
    const headers = new Headers(reply.headers);
    if (reply.file) {
      options.setHeaders?.(headers, reply.file);
      if (!options.allowTransform) {
        headers.set('Cache-Control', addNoTransform(headers.get('Cache-Control') ?? undefined));
      }
    }
    return createResponse({ ...reply, headers }, finish);
  } catch (error) {
    const left = download.signal.aborted;
    finish();
    // The framework has given the request up, and expects its reason.
    if (left) throw error;
    const failure = await createFailure(server, request, match, error);
    const own = failure.unmatched ? undefined : await options.onError?.(failure.error, original);
    return own ?? createResponse(failure, () => {});
  }
}

/** @param finish is called once when the body has been read, cancelled or broken off */
function createResponse(
  { status, headers, body }: Omit<Reply, 'headers'> & { headers: Reply['headers'] | Headers },
  finish: () => void,
): Response {
  const init = { status, headers: headers as Record<string, string> };
  if (typeof body === 'object' && !(body instanceof Uint8Array)) {
    return new Response(streamChunks(body, finish), init);
  }
  finish();
  return new Response((body ?? null) as string | Uint8Array<ArrayBuffer> | null, init);
}

/** Reads ahead nothing: a consumer that pauses stops the storage's connection. */
function streamChunks(chunks: Chunks, finish: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (!done) {
            controller.enqueue(typeof value === 'string' ? Buffer.from(value) : value);
            return;
          }
          finish();
          controller.close();
        } catch (error) {
          finish();
          throw error;
        }
      },
      async cancel() {
        finish();
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}
