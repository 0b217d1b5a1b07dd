/** Whether streams that callers pass can still be read. */
import { isErrored, isReadable, Readable, Transform, type Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { ArgumentError, NetworkError } from './errors.js';

/**
 * A web `ReadableStream` of bytes or text. By shape: projects whose types are those of browsers, as without the option `lib`,
 * know another class than `node:stream/web`.
 */
export interface WebStream {
  /** A reader has it. */
  readonly locked: boolean;
  /** Ends it. */
  cancel(reason?: unknown): Promise<void>;
  /** Locks it for one reader. */
  getReader(): {
    /** Resolves to the next chunk. */
    read(): Promise<{ done: boolean; value?: Uint8Array | string | undefined }>;
    /** Unlocks the stream. */
    releaseLock(): void;
  };
}

/** A web `Request` or `Response`: its body is the content. */
export interface WithBody {
  /** Null: no content. */
  readonly body: WebStream | null;
  /** It has been read already. */
  readonly bodyUsed: boolean;
  /** `content-length` counts where there is no `content-encoding`. */
  readonly headers: { get(name: string): string | null };
}

/**
 * Refuses a stream that can give nothing, or not all of its content: already read, ended, destroyed or failed, or in use by
 * another reader. A new stream without content is an empty file.
 * @throws ArgumentError (`FASTDFS_ARGUMENT`)
 */
export function assertUnread(source: unknown): void {
  if (typeof source !== 'object' || source === null) return;
  const web = isWithBody(source) ? source.body : source;
  if (isWithBody(source) && source.bodyUsed) throw alreadyRead('its body was used');
  if (isWebStream(web)) {
    if (web.locked) throw alreadyRead('another reader has locked it');
    // Node's functions take web streams, too; their types do not say so.
    const state = web as unknown as Readable;
    if (isErrored(state)) throw alreadyRead('it has failed');
    if (Readable.isDisturbed(state) && isReadable(state) === false) throw alreadyRead('it has ended');
    return;
  }
  // By shape: streams of the package readable-stream have these properties, too.
  const stream = source as Partial<Readable>;
  if (stream.errored) throw alreadyRead(`it failed: ${stream.errored.message}`, stream.errored);
  if (stream.destroyed === true) throw alreadyRead('it was destroyed');
  if (stream.readableEnded === true) throw alreadyRead('it has ended');
  if (source instanceof Readable && !source.readable) throw alreadyRead('it is not readable');
}

function alreadyRead(why: string, cause?: unknown): ArgumentError {
  return new ArgumentError(
    `The content cannot be read: its stream was already read, or has ended (${why}); pass a new stream, before others read it`,
    { cause },
  );
}

/**
 * Fails a Writable as soon as a stream that {@link assertUnread} refuses is piped to it, and when a body of HTTP/2 that is piped
 * to it was cancelled. A stream that has ended may follow content that was written before: a reader that took its head may have
 * read all of it.
 */
export function refuseUsedSources(target: Writable, hasContent: () => boolean): void {
  target.on('pipe', (source: Readable) => {
    const isHeadWritten = target.writableLength > 0 || hasContent();
    if (isHeadWritten && source.readableEnded && !source.errored) return;
    try {
      assertUnread(source);
    } catch (error) {
      target.destroy(error as Error);
      return;
    }
    const stream = findHttp2Stream(source);
    if (stream) refuseCancelled(target, stream);
  });
}

/** What Node knows of a stream of HTTP/2. */
interface Http2Stream {
  readonly aborted: boolean;
  readonly rstCode: number;
}

/** Node ends the body of a cancelled request as it ends a whole one, and says so this many turns of the event loop later. */
const TURNS_TO_CANCEL = 3;

function findHttp2Stream(source: Readable): Http2Stream | undefined {
  const stream: unknown = 'rstCode' in source ? source : (source as { stream?: unknown }).stream;
  const isOne = typeof stream === 'object' && stream !== null && 'rstCode' in stream && 'aborted' in stream;
  return isOne ? (stream as Http2Stream) : undefined;
}

/** Lets the Writable finish only when it is known that the stream was not cancelled. */
function refuseCancelled(target: Writable, stream: Http2Stream): void {
  // Node calls the end of a Transform by itself where its `_final` is replaced.
  const method = target instanceof Transform ? '_flush' : '_final';
  const end: Writable['_final'] = (target as Transform)[method];
  (target as Transform)[method] = (callback: (error?: Error | null) => void) => {
    waitForEnd(stream).then(() => end.call(target, callback), callback);
  };
}

async function waitForEnd(stream: Http2Stream): Promise<void> {
  for (let turn = 0; turn < TURNS_TO_CANCEL; turn++) await setImmediate();
  if (!stream.aborted && stream.rstCode === 0) return;
  throw new NetworkError(
    'FASTDFS_REQUEST_ABORTED',
    'The request was cancelled before all of its body had come',
  );
}

export function isWebStream(source: unknown): source is WebStream {
  return typeof source === 'object' && source !== null && 'getReader' in source && 'cancel' in source;
}

export function isWithBody(source: unknown): source is WithBody {
  return (
    typeof source === 'object' &&
    source !== null &&
    'body' in source &&
    'bodyUsed' in source &&
    'headers' in source &&
    (source.body === null || isWebStream(source.body))
  );
}
