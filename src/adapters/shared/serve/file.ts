/** Describes a file before its bytes are read: size, validators, content type, the name to save it under. */
import mime from 'mime-types';
import type { FastDFSClient } from '../../../client.js';
import { formatEtag } from '../../../core/model/etag.js';
import type { Metadata, ParsedFileId } from '../../../index.js';
import type { ResolvedServeOptions, ServedFile } from './options.js';

const DEFAULT_TYPE = 'application/octet-stream';
/** A media type and perhaps parameters, in characters that are safe in a header. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *;[\x20-\x7e]*)?$/;
/** Metadata keys for the content type, without case and separators. */
const TYPE_KEYS = new Set(['contenttype', 'mimetype']);
/** Metadata key of names that uploads keep (`keepFilename`). */
const NAME_KEY = 'filename';

/**
 * Returns size and validators. The id of an ordinary file holds all of them, and its tag is strong because the id holds the checksum;
 * of other files the storage is asked for size and time of change, which has a resolution of one second.
 */
export async function describeFile(
  client: FastDFSClient,
  parsed: ParsedFileId,
  allowTransform: boolean | undefined,
  signal: AbortSignal,
): Promise<ServedFile> {
  const { fileId, extension } = parsed;
  const weak = allowTransform ? 'W/' : '';
  const common = { fileId, extension, immutable: parsed.kind !== 'appender' };
  if (parsed.size !== undefined) {
    const etag = weak + formatEtag(parsed.size, parsed.crc32!);
    return { ...common, size: parsed.size, etag, lastModified: parsed.createdAt };
  }
  const { size, modifiedAt, createdAt } = await client.stat(fileId, { source: 'server', signal });
  const lastModified = modifiedAt ?? createdAt;
  const etag = `${weak}"${size.toString(16)}-${(lastModified.getTime() / 1000).toString(16)}"`;
  return { ...common, size, etag, lastModified };
}

/** How a file is presented. */
export interface Presentation {
  readonly contentType: string;
  /** Base name, in well-formed Unicode; undefined where no name is given. */
  readonly filename: string | undefined;
}

/**
 * Finds content type and name by the options. The metadata of a file is read at most once; a failure to read it does not keep the file
 * from being served.
 * @param given content type that the application has set already
 */
export async function presentFile<Request>(
  client: FastDFSClient,
  file: ServedFile,
  options: ResolvedServeOptions<Request>,
  request: { readonly original: Request; readonly query: URLSearchParams },
  given: string | undefined,
  signal: AbortSignal,
): Promise<Presentation> {
  let metadata: Promise<Metadata> | undefined;
  const readMetadata = () => {
    metadata ??= client.getMetadata(file.fileId, { signal }).catch(() => ({}));
    return metadata;
  };
  const contentType = given ?? (await findContentType(file, options, request.original, readMetadata));
  return { contentType, filename: await findFilename(file, options, request, readMetadata) };
}

async function findContentType<Request>(
  file: ServedFile,
  { contentType: option }: ResolvedServeOptions<Request>,
  request: Request,
  readMetadata: () => Promise<Metadata>,
): Promise<string> {
  const chosen = typeof option === 'function' ? await option(file, request) : option;
  if (chosen !== undefined && chosen !== 'metadata' && chosen !== 'extension') return chosen;
  const byExtension = file.extension === '' ? false : mime.contentType(`.${file.extension}`);
  if (chosen === 'metadata' || (chosen === undefined && !byExtension)) {
    const stored = findStoredType(await readMetadata());
    if (stored !== undefined) return stored;
  }
  return byExtension || DEFAULT_TYPE;
}

function findStoredType(metadata: Metadata): string | undefined {
  const entry = Object.entries(metadata).find(([key]) =>
    TYPE_KEYS.has(key.toLowerCase().replace(/[-_]/g, '')),
  );
  const type = entry?.[1].trim();
  return type !== undefined && MEDIA_TYPE.test(type) ? type : undefined;
}

async function findFilename<Request>(
  file: ServedFile,
  { filename: option, queryFilename }: ResolvedServeOptions<Request>,
  { original, query }: { readonly original: Request; readonly query: URLSearchParams },
  readMetadata: () => Promise<Metadata>,
): Promise<string | undefined> {
  if (option === false) return undefined;
  let chosen = typeof option === 'function' ? await option(file, original) : option;
  if (chosen === 'metadata') chosen = (await readMetadata())[NAME_KEY];
  if (chosen === undefined && queryFilename) chosen = query.get('filename') ?? undefined;
  // The receiver has other folders, and half a surrogate pair cannot be encoded: it becomes U+FFFD.
  const name = (chosen ?? '').replace(/^.*[/\\]/s, '').toWellFormed();
  return name === '' ? undefined : name;
}
