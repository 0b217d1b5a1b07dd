/** What is known of a file before its bytes: size and validators, content type, the name to save it under. */
import type { IncomingMessage } from 'node:http';
import { create as contentDisposition } from 'content-disposition';
import mime from 'mime-types';
import type { FastDFSClient } from '../../client.js';
import { formatEtag } from '../../core/model/etag.js';
import type { Metadata, ParsedFileId } from '../../index.js';
import type { ResolvedServeOptions, ServedFile } from './options.js';

const DEFAULT_TYPE = 'application/octet-stream';
/** A media type and perhaps parameters, in characters that are safe in a header. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *;[\x20-\x7e]*)?$/;
/** Metadata keys that tell the content type, without case and separators. */
const TYPE_KEYS = new Set(['contenttype', 'mimetype']);

/**
 * Size and validators. The id of an ordinary file tells them all, and its tag is strong because it holds the checksum;
 * of the others the storage knows size and time of change, to the second.
 */
export async function describe(
  client: FastDFSClient,
  parsed: ParsedFileId,
  signal: AbortSignal,
): Promise<ServedFile> {
  const { fileId, extension } = parsed;
  const common = { fileId, extension, immutable: parsed.kind !== 'appender' };
  if (parsed.size !== undefined) {
    const etag = formatEtag(parsed.size, parsed.crc32!);
    return { ...common, size: parsed.size, etag, lastModified: parsed.createdAt };
  }
  const { size, modifiedAt, createdAt } = await client.stat(fileId, { source: 'server', signal });
  const lastModified = modifiedAt ?? createdAt;
  const etag = `"${size.toString(16)}-${(lastModified.getTime() / 1000).toString(16)}"`;
  return { ...common, size, etag, lastModified };
}

/**
 * @param signal of the request; what goes wrong with the metadata is no reason to withhold the file
 */
export async function contentTypeOf(
  client: FastDFSClient,
  file: ServedFile,
  options: ResolvedServeOptions,
  req: IncomingMessage,
  signal: AbortSignal,
): Promise<string> {
  const { contentType } = options;
  const chosen = typeof contentType === 'function' ? contentType(file, req) : contentType;
  if (chosen !== undefined) return chosen;
  const byExtension = file.extension === '' ? false : mime.contentType(`.${file.extension}`);
  if (options.metadata ?? !byExtension) {
    const metadata = await client.getMetadata(file.fileId, { signal }).catch(() => ({}));
    const told = toldType(metadata);
    if (told !== undefined) return told;
  }
  return byExtension || DEFAULT_TYPE;
}

function toldType(metadata: Metadata): string | undefined {
  const entry = Object.entries(metadata).find(([key]) =>
    TYPE_KEYS.has(key.toLowerCase().replace(/[-_]/g, '')),
  );
  const type = entry?.[1].trim();
  return type !== undefined && MEDIA_TYPE.test(type) ? type : undefined;
}

/** `Content-Disposition`, where a name is asked for. Its folders are left out: the receiver has others. */
export function dispositionOf(
  file: ServedFile,
  { filename, disposition = 'attachment' }: ResolvedServeOptions,
  req: IncomingMessage,
  query: URLSearchParams,
): string | undefined {
  if (filename === false) return undefined;
  const chosen = typeof filename === 'function' ? filename(file, req) : filename;
  const name = (chosen ?? query.get('filename') ?? '').replace(/^.*[/\\]/s, '');
  return name === '' ? undefined : contentDisposition(name, { type: disposition });
}

export function cacheControlOf(
  file: ServedFile,
  { cacheControl = true, maxAge = 0, immutable = false }: ResolvedServeOptions,
): string | undefined {
  if (typeof cacheControl === 'string') return cacheControl;
  if (!cacheControl) return undefined;
  if (!file.immutable) return 'public, max-age=0';
  return `public, max-age=${Math.floor(maxAge / 1000)}${immutable ? ', immutable' : ''}`;
}
