/** Recognizes the files of forms in all shapes in which parsers hand them over. */
import { Readable } from 'node:stream';
import { ArgumentError } from '../../core/base/errors.js';
import { describeValue } from '../../core/base/validate.js';
import type { PartStream } from '../shared/part-reader.js';
import { TruncatedError } from '../shared/truncated-error.js';

/** A part as `@fastify/multipart` hands it over. */
export interface StreamedPart {
  /** Its content. */
  file: Readable;
  /** Name of the file on the sender's side. */
  filename?: string | undefined;
  /** Content type, as the sender says. */
  mimetype?: string | undefined;
}

/** A file on disk, as koa-body, formidable and `saveRequestFiles()` of `@fastify/multipart` hand it over. */
export interface SavedPart {
  /** Where it is. */
  filepath: string;
  /** Name of the file on the sender's side, by koa-body and formidable. */
  originalFilename?: string | null;
  /** The same, by `@fastify/multipart`. */
  filename?: string | undefined;
  /** Content type, as the sender says. */
  mimetype?: string | null;
}

/** A file as Midway hands it over, in its modes `stream` and `file`. */
export interface MidwayPart {
  /** Name of the file on the sender's side. */
  filename: string;
  /** Its content, or the path of the file that it was saved to. */
  data: Readable | Uint8Array | string;
  /** Content type, as the sender says. */
  mimeType?: string | undefined;
}

/** A file of a form, as a parser hands it over. A bare stream is what busboy and Egg hand over. */
export type FormPart = StreamedPart | SavedPart | MidwayPart | Blob | Readable;

/** The content of a part, and what the sender says of it. */
export interface PartContent {
  readonly content: Uint8Array | Blob | PartStream | { readonly path: string };
  /** Name of the file on the sender's side. */
  readonly name: string | undefined;
  /** Content type, as the sender says. */
  readonly type: string | undefined;
}

/**
 * Finds the content of a part.
 * @throws ArgumentError for anything else, and for content that has been read already
 * @throws TruncatedError for content that the form has cut at its limit
 */
export function parsePart(part: FormPart): PartContent {
  if (typeof part !== 'object' || part === null) throw notAPart(part);
  if (part instanceof Blob) {
    const { name, type } = part as Blob & { name?: unknown };
    return { content: part, name: readText(name), type: readText(type) };
  }
  const fields = part as unknown as Record<string, unknown>;
  const name = readText(fields.originalFilename) ?? readText(fields.filename);
  const type = readText(fields.mimetype) ?? readText(fields.mimeType);
  return { content: findContent(part, fields), name, type };
}

function findContent(part: FormPart, fields: Record<string, unknown>): PartContent['content'] {
  if (part instanceof Readable) return checkUnread(part);
  const { file, filepath, data, _buf } = fields;
  if (file instanceof Readable && (file as PartStream).truncated) throw new TruncatedError();
  if (typeof filepath === 'string') return { path: filepath };
  // What `attachFieldsToBody` and `toBuffer()` of @fastify/multipart have read.
  if (_buf instanceof Uint8Array) return _buf;
  if (file instanceof Readable) return checkUnread(file);
  if (typeof data === 'string') return { path: data };
  if (data instanceof Uint8Array) return data;
  if (data instanceof Readable) return checkUnread(data);
  throw notAPart(part);
}

/** A stream that was read before looks like an empty file. */
function checkUnread(stream: Readable): PartStream {
  if (stream.readableDidRead && !stream.errored) {
    throw new ArgumentError(
      'The stream of this part has been read before, at least in part: call uploadPart() with a part that is untouched',
    );
  }
  return stream;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function notAPart(part: unknown): ArgumentError {
  return new ArgumentError(
    'uploadPart() needs a part with a `file` stream, a file with a `filepath`, a Blob or a Readable, not ' +
      `${describeValue(part)}. For the parts of formidable there is fdfsFileWriter()`,
  );
}
