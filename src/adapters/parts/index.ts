/**
 * `fastdfs-streams/parts`: uploads one file of a form, for `@fastify/multipart`, busboy, and the files that koa-body
 * has put on disk.
 */
import { Readable } from 'node:stream';
import type { FastDFSClient } from '../../client.js';
import { ArgumentError } from '../../core/base/errors.js';
import type { UploadOptions, UploadResult } from '../../index.js';
import { PartReader } from '../shared/part-reader.js';
import { storePart } from '../shared/store-part.js';

export { TruncatedError } from '../shared/truncated-error.js';

/** A part as `@fastify/multipart` hands it over. */
export interface StreamedPart {
  /** Its content. */
  file: Readable;
  /** Name of the file on the sender's side. */
  filename?: string | undefined;
}

/** A file as koa-body and formidable hand it over when they write to disk. */
export interface SavedPart {
  /** Where it lies. */
  filepath: string;
  /** Name of the file on the sender's side. */
  originalFilename?: string | null;
}

/** A bare stream is what busboy hands over; its file name is then an option. */
export type FormPart = StreamedPart | SavedPart | Readable;

/**
 * Uploads a part of a form. Whenever this fails nothing stays on the server, and the rest of the part is read and
 * thrown away, so that the form goes on.
 *
 * A form whose client leaves must fail its parts: `@fastify/multipart` does, and busboy does when it is fed by
 * `pipeline(req, busboy)`, but not by `req.pipe(busboy)`; there, pass a `signal`.
 * @param part with `file`, or with `filepath` (that file stays where it is), or a stream
 * @param options as for `client.upload()`; `filename` is by default that of the part
 * @throws TruncatedError (`FASTDFS_TRUNCATED`) when the part was cut at the limit of the form
 */
export async function uploadPart(
  client: FastDFSClient,
  part: FormPart,
  options: UploadOptions = {},
): Promise<UploadResult> {
  if (isSaved(part)) {
    return await client.uploadFile(part.filepath, named(options, part.originalFilename));
  }
  const [stream, filename] = part instanceof Readable ? [part, undefined] : [part?.file, part?.filename];
  if (!(stream instanceof Readable)) {
    throw new ArgumentError(
      'uploadPart needs a part with a `file` stream, a file with a `filepath`, or a Readable. For the parts of ' +
        'formidable there is fdfsFileWriter',
    );
  }
  const upload = named(options, filename);
  return await storePart(client, PartReader.open(stream, { signal: upload.signal }), upload);
}

function isSaved(part: FormPart): part is SavedPart {
  return typeof part === 'object' && part !== null && 'filepath' in part;
}

function named(options: UploadOptions, filename: string | null | undefined): UploadOptions {
  return filename ? { filename, ...options } : options;
}
