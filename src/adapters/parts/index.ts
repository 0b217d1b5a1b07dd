/**
 * `fastdfs-streams/parts`: uploads one file of a form, for `@fastify/multipart`, busboy, and the files that koa-body
 * has put on disk.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastDFSClient } from '../../client.js';
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import type { UploadOptions, UploadResult, UploadStream } from '../../index.js';

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

/** The part is larger than the form allows; nothing of it was kept. `code` is `FASTDFS_TRUNCATED`. */
export class TruncatedError extends FastDFSError {
  /** @internal */
  constructor() {
    super('FASTDFS_TRUNCATED', 'The file is larger than the limit of the form; nothing of it was kept');
  }
}

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
  // Forms destroy the streams of their parts when they fail, also after we are done with them.
  stream.on('error', () => undefined);
  try {
    return await send(stream, client.createUploadStream(named(options, filename)));
  } catch (error) {
    // Not destroyed: that would keep busboy from ever finishing.
    stream.resume();
    throw error;
  }
}

function isSaved(part: FormPart): part is SavedPart {
  return typeof part === 'object' && part !== null && 'filepath' in part;
}

function named(options: UploadOptions, filename: string | null | undefined): UploadOptions {
  return filename ? { filename, ...options } : options;
}

async function send(stream: Readable & { truncated?: boolean }, upload: UploadStream): Promise<UploadResult> {
  const tooLarge = () => upload.destroy(new TruncatedError());
  const stored = finished(upload);
  const whole = finished(stream, { writable: false }).then(
    () => {
      // A part over the limit ends like any other; only this tells.
      if (stream.truncated) tooLarge();
      else upload.end();
    },
    (error) => upload.destroy(error),
  );
  stream.once('limit', tooLarge);
  stream.pipe(upload, { end: false });
  try {
    await stored;
    await whole;
    return upload.result!;
  } catch (error) {
    stream.unpipe(upload);
    if (!upload.closed) await new Promise((resolve) => upload.once('close', resolve));
    throw error;
  } finally {
    stream.removeListener('limit', tooLarge);
  }
}
