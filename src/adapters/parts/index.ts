/**
 * `fastdfs-streams/parts`: uploads files of forms, for `@fastify/multipart`, busboy, Egg, Midway, the `File` of
 * `request.formData()`, and the files that koa-body has put on disk.
 */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Conf, FastDFSClient } from '../../client.js';
import { type Checks, checkOptions } from '../../core/base/validate.js';
import { openClient } from '../shared/client-handle.js';
import { DETECT_BYTES, detectContentType, keepContentType } from '../shared/content-type.js';
import { FORM_FILE_CHECKS, resolveFileOptions } from '../shared/form-options.js';
import { PartReader } from '../shared/part-reader.js';
import { describeStored, findFileIds, slavesOption } from '../shared/slaves.js';
import { removeStored, storePart } from '../shared/store-part.js';
import { type FormPart, parsePart } from './part.js';
import { storeWithItsSlaves } from './slaves.js';
import type { PartOptions, StoredPart } from './types.js';

export type { ContentTypeOptions } from '../shared/content-type.js';
export type { FormFileOptions } from '../shared/form-options.js';
export { TruncatedError } from '../shared/truncated-error.js';
export type { FormPart, MidwayPart, SavedPart, StreamedPart } from './part.js';
export type { PartOptions, PartSlaveOptions, PartSlaves, PartTransforms, StoredPart } from './types.js';

/** A text field between the files, as `req.parts()` of `@fastify/multipart` hands it over; skipped. */
export interface FieldPart {
  /** Distinguishes it from a file. */
  type: 'field';
}

/** Options of the files: the same for all, or a function that returns them for each, also in a promise. */
export type PartsOptions<Part = FormPart> =
  | PartOptions
  | ((part: Exclude<Part, FieldPart>) => PartOptions | Promise<PartOptions>);

const CHECKS: Checks<PartOptions> = { ...FORM_FILE_CHECKS, slaves: slavesOption };

/**
 * Uploads a part of a form. Whenever this fails nothing stays on the server, and the rest of the part is read and
 * thrown away, so that the form goes on.
 *
 * A form whose client leaves must fail its parts: `@fastify/multipart` does, and busboy does when it is fed by
 * `pipeline(req, busboy)`, but not by `req.pipe(busboy)`; there, pass a `signal`.
 * @param conf a client, which stays open; or the path of a `client.conf` or options, of which a client is made for this call
 * @param part with `file`, or with `filepath` (that file stays where it is), or a Blob, or a stream
 * @param options as for `client.upload()`, `contentType`, `keepContentType` and `slaves`; `filename` is by default that of the part,
 * and always made storable: without folders, of at most 256 bytes
 * @throws TruncatedError (`FASTDFS_TRUNCATED`, `statusCode` 413) when the part was cut at the limit of the form
 */
export async function uploadPart(conf: Conf, part: FormPart, options: PartOptions = {}): Promise<StoredPart> {
  try {
    checkOptions('uploadPart()', options, CHECKS);
    const { client, close } = openClient(conf);
    try {
      return await store(client, part, options);
    } finally {
      await close();
    }
  } catch (error) {
    drain(part);
    throw error;
  }
}

/**
 * Uploads all files of a form, one after the other, as a form brings them. When one of them fails, or the form does, those
 * before it are removed: all or none.
 * @param conf as for {@link uploadPart}
 * @param parts e.g. `req.files()` or `req.parts()` of `@fastify/multipart`; text fields are skipped
 * @param options as for {@link uploadPart}, or a function of the part
 * @returns the stored files, in the order of the parts
 * @throws what the first part fails with; `orphan` names a file that could not be removed
 */
export async function uploadParts<Part extends FormPart | FieldPart>(
  conf: Conf,
  parts: Iterable<Part> | AsyncIterable<Part>,
  options: PartsOptions<Part> = {},
): Promise<StoredPart[]> {
  if (typeof options !== 'function') checkOptions('uploadParts()', options, CHECKS);
  const { client, close } = openClient(conf);
  const stored: StoredPart[] = [];
  if (Array.isArray(parts)) parts.forEach(holdErrors);
  try {
    for await (const given of parts) {
      if (isField(given)) continue;
      holdErrors(given);
      const part = given as Exclude<Part, FieldPart>;
      try {
        const chosen = typeof options === 'function' ? await options(part) : options;
        checkOptions('uploadParts()', chosen, CHECKS);
        stored.push(await store(client, part as FormPart, chosen));
      } catch (error) {
        drain(part);
        throw error;
      }
    }
    return stored;
  } catch (error) {
    if (Array.isArray(parts)) parts.forEach(drain);
    throw await removeStored(client, stored.flatMap(findFileIds), error);
  } finally {
    await close();
  }
}

async function store(
  client: FastDFSClient,
  part: FormPart,
  { slaves, ...options }: PartOptions = {},
): Promise<StoredPart> {
  const { content, name, type } = parsePart(part);
  const settings = resolveFileOptions(options, name, type);
  if (slaves) return await storeWithItsSlaves(client, { part, content, slaves, settings });
  if (content instanceof Readable) {
    const { signal } = settings.upload;
    return describeStored(await storePart(client, PartReader.open(content, { signal }), settings));
  }
  let { contentType } = settings;
  if (settings.detects) contentType = (await detectContentType(await readHead(content))) ?? contentType;
  const upload = keepContentType(settings, contentType);
  const result =
    content instanceof Uint8Array || content instanceof Blob
      ? await client.upload(content, upload)
      : await client.uploadFile(content.path, upload);
  return describeStored({ result, contentType });
}

async function readHead(content: Uint8Array | Blob | { readonly path: string }): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content.subarray(0, DETECT_BYTES);
  if (content instanceof Blob) return new Uint8Array(await content.slice(0, DETECT_BYTES).arrayBuffer());
  const file = await open(content.path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(DETECT_BYTES), 0, DETECT_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Reads what is left of a part that is not stored; not destroyed, which would keep busboy from ever finishing. */
function drain(part: unknown): void {
  for (const stream of findStreams(part)) stream.on('error', () => undefined).resume();
}

/** A part that fails before its turn is refused then; without a listener its error would end the process. */
function holdErrors(part: unknown): void {
  for (const stream of findStreams(part)) stream.on('error', () => undefined);
}

function findStreams(part: unknown): Readable[] {
  const { file, data } = (part ?? {}) as { file?: unknown; data?: unknown };
  return [part, file, data].filter((stream) => stream instanceof Readable);
}

function isField(part: FormPart | FieldPart): part is FieldPart {
  return typeof part === 'object' && part !== null && (part as FieldPart).type === 'field';
}
