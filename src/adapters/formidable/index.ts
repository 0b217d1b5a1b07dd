/**
 * `fastdfs-streams/formidable`: `formidable({ fileWriteStreamHandler: fdfsFileWriter(conf) })`, also inside koa-body
 * (`koaBody({ multipart: true, formidable: { fileWriteStreamHandler } })`). Files go to FastDFS while they arrive,
 * and a form that fails leaves none behind.
 */
import type { Writable } from 'node:stream';
import { type Conf, engineOf, type FastDFSClient } from '../../client.js';
import { ArgumentError } from '../../core/base/errors.js';
import type { UploadOptions } from '../../index.js';
import { openClient } from '../shared/client-handle.js';
import { FileWriter, type FormFile } from './file-writer.js';

export type { FormFile, StoredFormFile } from './file-writer.js';

/** Options of the uploads: the same for all files, or made for each. Default: the `filename` that the form names. */
export type FdfsFileWriterOptions<File = FormFile> = UploadOptions | ((file: File) => UploadOptions);

/** What `fdfsFileWriter()` makes: the handler itself, with a way to close it. */
export interface FdfsFileWriter<File = FormFile> {
  /** Opens the Writable for one file of a form. */
  (file?: File): Writable;
  /** The client that uploads. */
  readonly client: FastDFSClient;
  /** Closes the client, unless it was passed in. Uploads under way fail and leave nothing. Safe to call twice. */
  close(): Promise<void>;
  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a `fileWriteStreamHandler`. Each stored file gains `fileId`, `key`, `group`, `url`, `size`, `crc32` and
 * `metadata` before its 'finish'. When formidable fails a form, the files of it that were stored already are removed,
 * as it does with its own.
 *
 * Formidable takes no notice of an error that comes after the last byte of the form. A file that could not be stored
 * then is in the result like any other, but reading its `fileId` (or `key`, `url`, …), or its JSON, throws that error.
 * @param conf path of a `client.conf`, options, or a client; who passes a client keeps it and closes it
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsFileWriter<File extends FormFile = FormFile>(
  conf: Conf,
  options: FdfsFileWriterOptions<File> = {},
): FdfsFileWriter<File> {
  if (typeof options !== 'function' && (typeof options !== 'object' || options === null)) {
    throw new ArgumentError('Options of fdfsFileWriter must be an object or a function that gives one');
  }
  const { client, close } = openClient(conf);
  const engine = engineOf(client);
  const open = (file: File = {} as File): Writable => {
    const given = typeof options === 'function' ? options(file) : options;
    const filename = given.filename ?? file.originalFilename ?? undefined;
    const upload = client.createUploadStream(filename === undefined ? given : { ...given, filename });
    return new FileWriter(upload, file, async (fileId) => {
      await engine.track(client.delete(fileId, { ignoreNotFound: true })).catch((error: Error) => {
        engine.options.logger.warn(`Could not remove ${fileId} of a form that failed: ${error.message}`, {
          fileId,
        });
      });
    });
  };
  return Object.assign(open, { client, close, [Symbol.asyncDispose]: close });
}
