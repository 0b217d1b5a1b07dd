/** What callers may pass as content: which kind it is, whether it can still be read, and how long it is. */
import { ReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Duplex, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { ArgumentError } from '../../core/base/errors.js';
import {
  assertUnread,
  isWebStream,
  isWithBody,
  type WebStream,
  type WithBody,
} from '../../core/base/unread-source.js';
import { describeValue } from '../../core/base/validate.js';
import { measureFileOf } from './local-file.js';

/** Writes content; resolves when more can be taken. */
export type WriteContent = (chunk: Uint8Array | string) => Promise<void>;

/**
 * What can be uploaded. Text is sent as UTF-8. The length is known of content in memory, a Blob, a file stream of Node, and
 * of a request with `Content-Length` (without `Content-Encoding`); of other streams, iterables and functions only by the
 * option `size`. A function is called once, and may wait for each `write(chunk)`. A stream that has been read, has ended or
 * was destroyed before is refused with `FASTDFS_ARGUMENT`.
 */
export type Source =
  | Uint8Array
  | string
  | Blob
  | Readable
  | WebStream
  | WithBody
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | ((write: WriteContent) => Promise<void> | void);

/** Bytes that a source says it has. */
interface Length {
  readonly bytes: number;
  /** Further bytes are ignored, as those that are added to a log while it is read. */
  readonly ignoreMore: boolean;
}

/** Returns the name of a web `File`. */
export function readName(source: Source): string | undefined {
  if (!(source instanceof Blob) || !('name' in source)) return undefined;
  return typeof source.name === 'string' && source.name !== '' ? source.name : undefined;
}

/** Returns the length of the source where it can be known without reading it. */
export function measureSource(source: Source): Length | undefined {
  if (source instanceof Blob) return { bytes: source.size, ignoreMore: false };
  if (source instanceof ReadStream) return measureFileStream(source);
  if (isMessage(source))
    return source.readableDidRead ? undefined : parseLength((name) => source.headers[name]);
  if (isWithBody(source)) {
    return source.body === null
      ? { bytes: 0, ignoreMore: false }
      : parseLength((name) => source.headers.get(name) ?? undefined);
  }
  return undefined;
}

/**
 * A request or response of `node:http`, recognized by its shape. A Duplex with headers is not one: libraries that decode
 * replies copy the headers, and with them the length before decoding.
 */
function isMessage(source: Source): source is IncomingMessage {
  return (
    source instanceof Readable &&
    !(source instanceof Duplex) &&
    source.readableEncoding === null &&
    'httpVersion' in source &&
    'headers' in source
  );
}

function parseLength(header: (name: string) => string | string[] | undefined): Length | undefined {
  const length = header('content-length');
  const encoding = header('content-encoding');
  if (typeof length !== 'string' || !/^\d+$/.test(length)) return undefined;
  if (encoding !== undefined && encoding !== 'identity') return undefined;
  return { bytes: Number(length), ignoreMore: false };
}

function measureFileStream(source: ReadStream): Length | undefined {
  if (source.bytesRead > 0 || source.path === undefined || source.readableEncoding !== null) return undefined;
  const {
    fd,
    start = 0,
    end = Number.POSITIVE_INFINITY,
  } = source as ReadStream & {
    fd: number | null;
    start?: number;
    end?: number;
  };
  try {
    const size = measureFileOf(String(source.path), fd);
    if (size === undefined) return undefined;
    return { bytes: Math.max(0, Math.min(size, end + 1) - start), ignoreMore: true };
  } catch {
    // The stream itself reports what is wrong with its file.
    return undefined;
  }
}

/**
 * Runs a call that is given content. An error of a stream before it is read would find no listener, and end the process; from
 * here on it rejects the call. Content of a call that is refused is closed.
 */
export function withSource<T>(source: Source, run: () => Promise<T>): Promise<T> {
  return isInMemory(source) ? run() : withStream(source, run);
}

async function withStream<T>(source: Source, run: () => Promise<T>): Promise<T> {
  // By shape: streams of the package readable-stream are no Readables.
  const { on } = (source ?? {}) as { on?: unknown };
  if (typeof on === 'function') (source as Readable).on('error', () => undefined);
  try {
    return await run();
  } catch (error) {
    closeSource(source, error);
    throw error;
  }
}

function isInMemory(source: Source): boolean {
  return typeof source === 'string' || source instanceof Uint8Array;
}

/**
 * Feeds all of a source to a Writable and ends it. Resolves at 'finish', rejects when the Writable is closed.
 * @param create makes the Writable; when it throws, the source is closed, too
 * @param maxBytes of a source that may be longer than it was when it was measured
 */
export async function feed<Target extends Writable>(
  source: Source,
  create: () => Target,
  maxBytes?: number,
): Promise<Target> {
  let target: Target;
  try {
    assertUnread(source);
    target = create();
  } catch (error) {
    closeSource(source, error);
    throw error;
  }
  // Errors reach the caller by this promise; without a listener the event would end the process.
  target.on('error', () => undefined);
  try {
    if (typeof source === 'function') {
      await callSource(source, target);
      await pipeline(Readable.from([]), target);
    } else {
      await pump(toReadable(source), target, maxBytes);
    }
    return target;
  } catch (error) {
    if (!target.destroyed) target.destroy(error as Error);
    if (!target.closed) await new Promise((resolve) => target.once('close', resolve));
    throw error;
  }
}

/** Closes what a source that will not be read may hold open. */
export function closeSource(source: Source, error: unknown): void {
  if (source instanceof Readable) return void source.destroy();
  const web = isWithBody(source) ? source.body : source;
  if (isWebStream(web) && !web.locked) web.cancel(error).catch(() => undefined);
}

async function pump(source: Readable, target: Writable, maxBytes: number | undefined): Promise<void> {
  if (maxBytes !== undefined) await pipeline(source, (chunks) => takeBytes(chunks, maxBytes), target);
  // An object in a pipe to a Writable of bytes would be an uncaught exception.
  else if (source.readableObjectMode) await pipeline(source, checkChunks, target);
  else await pipeline(source, target);
}

async function* takeBytes(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  if (left === 0) return;
  for await (const chunk of chunks) {
    if (chunk.length >= left) {
      yield chunk.subarray(0, left);
      return;
    }
    left -= chunk.length;
    yield chunk;
  }
}

async function callSource(
  source: (write: WriteContent) => Promise<void> | void,
  target: Writable,
): Promise<void> {
  // A function that is idle when the upload fails is not waited for.
  const failed = new Promise<never>((_, reject) => target.on('error', reject));
  failed.catch(() => undefined);
  const write: WriteContent = (chunk) =>
    new Promise((resolve, reject) => {
      checkChunk(chunk);
      target.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  await Promise.race([source(write), failed]);
}

function toReadable(source: Exclude<Source, (...args: never[]) => unknown>): Readable {
  if (source instanceof Readable) return source;
  if (source instanceof Uint8Array || typeof source === 'string') return Readable.from([source]);
  if (source instanceof Blob) return Readable.fromWeb(source.stream() as ReadableStream<Uint8Array>);
  if (typeof source === 'object' && source !== null) {
    if (isWebStream(source)) return fromWeb(source);
    if (isWithBody(source)) return source.body === null ? Readable.from([]) : fromWeb(source.body);
    if (Symbol.asyncIterator in source || Symbol.iterator in source)
      return Readable.from(checkChunks(source));
  }
  throw new ArgumentError(
    'Content must be a Buffer, Uint8Array, string, Blob, stream, Request, iterable or a function that writes it, ' +
      `not ${describeValue(source)}`,
  );
}

/** In object mode, so that chunks of another type reach the check. */
function fromWeb(source: WebStream): Readable {
  return Readable.fromWeb(source as ReadableStream, { objectMode: true });
}

async function* checkChunks(source: AsyncIterable<unknown> | Iterable<unknown>) {
  for await (const chunk of source) {
    checkChunk(chunk);
    yield chunk;
  }
}

/** @throws ArgumentError for what is neither text nor bytes */
function checkChunk(chunk: unknown): asserts chunk is string | Uint8Array {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
  throw new ArgumentError(
    `Content must be a Buffer, Uint8Array or string in each chunk, not ${describeValue(chunk)}`,
  );
}
