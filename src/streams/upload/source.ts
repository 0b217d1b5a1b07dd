/** What callers may pass as content, told apart once. */

import { ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { ArgumentError } from '../../core/base/errors.js';
import type { Block } from '../append/block-buffer.js';

/** Writes content; resolves when there is room for more. */
export type WriteContent = (chunk: Uint8Array | string) => Promise<void>;

/**
 * What can be uploaded. Text is sent as UTF-8. Of an array of Buffers, a Blob, a file stream of Node and a request with
 * `Content-Length` the length is known; of other streams, iterables and functions only what `size` says. A
 * function is called once, and may wait for each `write(chunk)`.
 */
export type Source =
  | Uint8Array
  | string
  | Blob
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | ((write: WriteContent) => Promise<void> | void);

/** The content itself, if it is in memory. */
export function contentOf(source: Source): Block | undefined {
  const content = typeof source === 'string' ? Buffer.from(source) : source;
  if (content instanceof Uint8Array) return { chunks: [content], size: content.length };
  if (!Array.isArray(content) || !content.every((item) => item instanceof Uint8Array)) return undefined;
  return { chunks: [...content], size: content.reduce((sum, { length }) => sum + length, 0) };
}

/** Length of the source where it can be known without reading it. */
export async function sizeOf(source: Source): Promise<number | undefined> {
  if (source instanceof Blob) return source.size;
  if (source instanceof ReadStream) return await sizeOfFileStream(source);
  return isMessage(source) ? sizeOfMessage(source) : undefined;
}

/** A request or response of `node:http`, told by its looks: the module need not be loaded for those who have none. */
function isMessage(source: Source): source is IncomingMessage {
  return source instanceof Readable && 'httpVersion' in source && 'headers' in source;
}

function sizeOfMessage({ headers, readableDidRead }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length === undefined || readableDidRead ? undefined : Number(length);
}

async function sizeOfFileStream(source: ReadStream): Promise<number | undefined> {
  if (source.bytesRead > 0 || source.path === undefined) return undefined;
  const { start = 0, end = Number.POSITIVE_INFINITY } = source as ReadStream & {
    start?: number;
    end?: number;
  };
  try {
    const file = await stat(source.path);
    return file.isFile() ? Math.max(0, Math.min(file.size, end + 1) - start) : undefined;
  } catch {
    // The stream itself tells what is wrong with its file.
    return undefined;
  }
}

/**
 * Feeds all of a source to a Writable and ends it. Resolves at 'finish', rejects when the Writable is closed.
 * @param open makes the Writable; when it cannot, the source is let go, too
 */
export async function feed<Target extends Writable>(source: Source, open: () => Target): Promise<Target> {
  let target: Target;
  try {
    target = open();
  } catch (error) {
    abandon(source, error);
    throw error;
  }
  // Errors reach the caller by this promise; the event itself must not go unheard, or the process would end.
  target.on('error', () => undefined);
  try {
    if (typeof source === 'function') {
      await callSource(source, target);
      await pipeline(Readable.from([]), target);
    } else {
      await pipeline(readableOf(source), target);
    }
    return target;
  } catch (error) {
    if (!target.destroyed) target.destroy(error as Error);
    if (!target.closed) await new Promise((resolve) => target.once('close', resolve));
    throw error;
  }
}

/** Closes what a source that nobody will read may hold open. */
export function abandon(source: Source, error: unknown): void {
  if (source instanceof Readable) source.destroy();
  else if (isWebStream(source)) source.cancel(error).catch(() => undefined);
}

async function callSource(
  source: (write: WriteContent) => Promise<void> | void,
  target: Writable,
): Promise<void> {
  // A function that rests when the upload fails is not waited for.
  const failed = new Promise<never>((_, reject) => target.on('error', reject));
  failed.catch(() => undefined);
  const write: WriteContent = (chunk) =>
    new Promise((resolve, reject) => {
      target.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  await Promise.race([source(write), failed]);
}

function readableOf(source: Exclude<Source, (...args: never[]) => unknown>): Readable {
  if (source instanceof Readable) return source;
  if (source instanceof Uint8Array) return Readable.from([source]);
  if (source instanceof Blob) return Readable.fromWeb(source.stream() as ReadableStream<Uint8Array>);
  if (typeof source === 'object' && source !== null) {
    if (isWebStream(source)) return Readable.fromWeb(source);
    if (Symbol.asyncIterator in source || Symbol.iterator in source) return Readable.from(chunksOf(source));
  }
  if (typeof source === 'string') return Readable.from([source]);
  throw new ArgumentError(
    `Content must be a Buffer, Uint8Array, string, Blob, stream, iterable or a function that writes it, not ${describe(source)}`,
  );
}

function isWebStream(source: unknown): source is ReadableStream<Uint8Array> {
  return typeof source === 'object' && source !== null && 'getReader' in source && 'cancel' in source;
}

/** An item of another type would be an exception out of a pipe, which nobody can catch. */
async function* chunksOf(source: AsyncIterable<unknown> | Iterable<unknown>) {
  for await (const chunk of source) {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new ArgumentError(
        `Content must be a Buffer, Uint8Array or string in each item, not ${describe(chunk)}`,
      );
    }
    yield chunk;
  }
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
