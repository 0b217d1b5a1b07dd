/**
 * `fastdfs-streams/formidable`: `formidable({ fileWriteStreamHandler: fdfsFileWriter(conf) })`, also inside koa-body
 * (`koaBody({ multipart: true, formidable: { fileWriteStreamHandler } })`). Files go to FastDFS while they arrive,
 * and a form that fails leaves none behind.
 */
import type { Duplex, Writable } from 'node:stream';
import { type Conf, engineOf, type FastDFSClient } from '../../client.js';
import { NetworkError } from '../../core/base/errors.js';
import { type Checks, checkOptions } from '../../core/base/validate.js';
import type { Metadata } from '../../index.js';
import { openClient } from '../shared/client-handle.js';
import { detectContentType, keepContentType } from '../shared/content-type.js';
import { FORM_FILE_CHECKS, type FormFileOptions, resolveFileOptions } from '../shared/form-options.js';
import { slavesOption, storeMaster } from '../shared/slaves.js';
import { isInFailedForm } from './failed-forms.js';
import { FileWriter, type FormFile, type WriterTarget } from './file-writer.js';
import { SlavedUpload } from './slaved-upload.js';

export type { ContentTypeOptions } from '../shared/content-type.js';
export type { FormFileOptions } from '../shared/form-options.js';
export type { FormFile, StoredFormFile } from './file-writer.js';

/**
 * Options of the files: the same for all, or a function that returns them for each, also in a promise. `filename` is by default
 * the name that the form gives.
 */
export type FdfsFileWriterOptions<File = FormFile> =
  | FileWriterOptions<File>
  | ((file: File) => FileWriterOptions<File> | Promise<FileWriterOptions<File>>);

/** Options of one file: those of an upload, its content type, and its slaves. */
export interface FileWriterOptions<File = FormFile> extends FormFileOptions {
  /**
   * Further outputs of the same content, each stored as a slave of the file under its prefix: `{ _200x200: () =>
   * sharp().resize(200, 200) }`. All are made in one pass, and stored all or none. A function that returns nothing makes no slave
   * of this file. Default: none.
   */
  slaves?: FormSlaves<File> | undefined;
}

/** Prefixes (1 to 16 characters of A–Z a–z 0–9 . _ -) and what the content of each slave runs through. */
export type FormSlaves<File = FormFile> = Readonly<
  Record<string, FormTransforms<File> | FormSlaveOptions<File>>
>;

/** Makes the streams that the content of one file runs through, in this order; nothing: no slave of this file. */
export type FormTransforms<File = FormFile> = (
  file: File,
) => Duplex | Duplex[] | undefined | Promise<Duplex | Duplex[] | undefined>;

/** A slave with options of its own. */
export interface FormSlaveOptions<File = FormFile> {
  /** What the content runs through. */
  transforms: FormTransforms<File> | FormTransforms<File>[];
  /** Extension of the slave, at most 6 characters. Default: its master's. */
  ext?: string;
  /** Content type of the slave, or `'detect'`. Default: as for the file itself. */
  contentType?: string;
  /** Stored with the slave. Default: none. */
  metadata?: Metadata;
}

const CHECKS: Checks<FileWriterOptions> = { ...FORM_FILE_CHECKS, slaves: slavesOption };

/** What is used of a formidable form. */
export interface WatchedForm {
  /** Set when the form has failed. */
  error?: unknown;
  /** Adds a listener for the files that it opens. */
  on(event: 'fileBegin', listener: (name: string, file: object) => void): unknown;
}

/** What `fdfsFileWriter()` makes: the handler itself, with a way to close it. */
export interface FdfsFileWriter<File = FormFile> {
  /** Opens the Writable for one file of a form. Never throws: what fails fails the Writable, and with it the form. */
  (file?: File): Writable;
  /**
   * Follows a form, so that no file that it opens after it has failed is stored. Only needed for forms that fail before their
   * first file, say over `maxFields`, and whose files arrive in the same piece of data.
   * @returns the form
   */
  watch<Form extends WatchedForm>(form: Form): Form;
  /** The client that uploads. */
  readonly client: FastDFSClient;
  /** Closes the client, unless it was passed in. Uploads in progress fail and leave nothing. Safe to call twice. */
  close(): Promise<void>;
  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a `fileWriteStreamHandler`. Each stored file gains `fileId`, `key`, `group`, `url`, `size`, `crc32`, `contentType` and
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
  if (typeof options !== 'function')
    checkOptions('fdfsFileWriter()', options, CHECKS as Checks<FileWriterOptions<File>>);
  const { client, close } = openClient(conf);
  const engine = engineOf(client);
  const forms = new WeakMap<object, WatchedForm>();

  const start = (file: File): WriterTarget | Promise<WriterTarget> => {
    if (isInFailedForm() || forms.get(file)?.error) {
      throw new NetworkError('FASTDFS_REQUEST_ABORTED', 'The form failed before this file was opened');
    }
    engine.assertOpen();
    const given = typeof options === 'function' ? options(file) : options;
    if (given instanceof Promise) return given.then((found) => createTarget(client, file, found));
    return createTarget(client, file, given);
  };
  const remove = async (fileId: string) => {
    await engine.track(client.delete(fileId, { ignoreNotFound: true })).catch((error: Error) => {
      engine.options.logger.warn(`Could not remove ${fileId} of a form that failed: ${error.message}`, {
        fileId,
      });
    });
  };
  const open = (file: File = {} as File): Writable => new FileWriter(file, () => start(file), remove);
  const watch = <Form extends WatchedForm>(form: Form): Form => {
    form.on('fileBegin', (_name, file) => forms.set(file, form));
    return form;
  };
  return Object.assign(open, { watch, client, close, [Symbol.asyncDispose]: close });
}

function createTarget<File extends FormFile>(
  client: FastDFSClient,
  file: File,
  given: FileWriterOptions<File> = {},
): WriterTarget {
  checkOptions('fdfsFileWriter()', given, CHECKS as Checks<FileWriterOptions<File>>);
  const { slaves, ...options } = given;
  const settings = resolveFileOptions(options, file.originalFilename, file.mimetype);
  if (slaves) {
    const evaluate = (option: unknown) => (typeof option === 'function' ? option(file) : option);
    const store: ConstructorParameters<typeof SlavedUpload>[0] = (source, signal, onFailure) =>
      storeMaster(client, {
        source,
        slaves,
        evaluate,
        settings: { ...settings, upload: { ...settings.upload, signal } },
        onFailure,
      });
    // Its content type is detected on the way, and is in its result.
    const open = () => ({ upload: new SlavedUpload(store, settings.upload.signal), contentType: undefined });
    return { detects: false, open };
  }
  const open = (contentType: string | undefined) => ({
    upload: client.createUploadStream(keepContentType(settings, contentType)),
    contentType,
  });
  if (!settings.detects) return { detects: false, open: () => open(settings.contentType) };
  return {
    detects: true,
    open: async (head) => open((await detectContentType(head)) ?? settings.contentType),
  };
}
