/** One file of a form on its way to FastDFS, as the Writable that formidable expects. */
import { Writable } from 'node:stream';
import type { UploadResult } from '../../index.js';
import { DETECT_BYTES } from '../shared/content-type.js';
import { OptionError } from '../shared/option-error.js';
import { findFileIds, type StoredFile } from '../shared/slaves.js';
import { enterFailedForm } from './failed-forms.js';

/** What is used of formidable's `VolatileFile`. */
export interface FormFile {
  /** Name of the file on the sender's side. */
  originalFilename?: string | null;
  /** Content type, as the sender says. */
  mimetype?: string | null;
  /** Adds a listener for its errors. */
  on?(event: 'error', listener: () => void): unknown;
  /** What is logged of it; gains the fields of the stored file. */
  toJSON?(): object;
}

/** What a file of the form gains when it is stored. */
export interface StoredFormFile extends Omit<UploadResult, 'storage'> {
  /** The file id, by the name that other engines use. */
  key: string;
  /** The option `contentType`, else what the sender says of the part; undefined without either. */
  contentType?: string;
  /** The slaves of the file by their prefixes; absent without the option `slaves`. */
  slaves?: Record<string, Omit<StoredFormFile, 'slaves'>>;
}

/** An upload as a stream; its result is set when 'finish' fires. */
interface FileUpload extends Writable {
  readonly fileId: string | undefined;
  readonly result: StoredFile | undefined;
}

/** What a writer needs of its handler. */
export interface WriterTarget {
  /** Opens the upload, and finds the content type. Given the first bytes of the content where {@link detects} asks for them. */
  open(head: Uint8Array): OpenedUpload | Promise<OpenedUpload>;
  /** Whether `open` needs the first bytes. */
  readonly detects: boolean;
}

export interface OpenedUpload {
  readonly upload: FileUpload;
  readonly contentType: string | undefined;
}

const FIELDS = [
  'fileId',
  'key',
  'group',
  'remoteFilename',
  'url',
  'crc32',
  'metadata',
  'kind',
  'contentType',
  'slaves',
] as const satisfies readonly (keyof StoredFormFile)[];

const HIGH_WATER_MARK = 64 * 1024;

type Callback = (error?: Error | null) => void;

export class FileWriter extends Writable {
  readonly #file: FormFile;
  readonly #remove: (fileId: string) => Promise<void>;
  /** Settled when the options of the file are known; never rejects. */
  #starting: Promise<void> | undefined;
  #target: WriterTarget | undefined;
  #opened: OpenedUpload | undefined;
  /** Content that waits for the upload to be opened. */
  #head: Buffer[] = [];
  #failure: Error | undefined;

  /**
   * Never throws: formidable would end the process. Whatever fails fails the stream, and with it the form.
   * @param start finds the options of the file; may throw or reject
   * @param remove removes a stored file, and never rejects
   */
  constructor(
    file: FormFile,
    start: () => WriterTarget | Promise<WriterTarget>,
    remove: (fileId: string) => Promise<void>,
  ) {
    // Not destroyed at its end: a destroy() after that says that the form has failed.
    super({ autoDestroy: false, highWaterMark: HIGH_WATER_MARK });
    this.#file = file;
    this.#remove = remove;
    // For bodies that are one file and no form, formidable listens to nothing: the process must not end for that.
    file.on?.('error', () => undefined);
    try {
      const target = start();
      if (target instanceof Promise) {
        // One reaction, no chain: formidable takes no notice of failures after its parser has seen the end.
        this.#starting = target.then(
          (found) => this.#use(found),
          (error) => void this.#fail(error),
        );
      } else this.#use(target);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The id of the file; set when 'finish' fires, undefined before. */
  get fileId(): string | undefined {
    return this.#opened?.upload.fileId;
  }

  /** Everything about the file; set when 'finish' fires, undefined before. */
  get result(): UploadResult | undefined {
    return this.#opened?.upload.result;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#send(chunk).then(() => callback(), callback);
  }

  override _final(callback: Callback): void {
    this.#finish().then(() => callback(), callback);
  }

  /** Without an error: the form was aborted, or a limit was passed. */
  override destroy(error?: Error): this {
    if (!error) enterFailedForm();
    return super.destroy(error);
  }

  override end(...args: unknown[]): this {
    if (this.destroyed) enterFailedForm();
    return super.end(...(args as []));
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const opened = this.#opened;
    if (opened?.upload.result) {
      for (const fileId of findFileIds(opened.upload.result)) void this.#remove(fileId);
    } else opened?.upload.destroy(error ?? undefined);
    callback(error);
  }

  #use(target: WriterTarget): void {
    if (this.destroyed) return;
    this.#target = target;
    if (target.detects) return;
    try {
      this.#accept(target.open(Buffer.alloc(0)) as OpenedUpload);
    } catch (error) {
      this.#fail(error);
    }
  }

  #accept(opened: OpenedUpload): void {
    this.#opened = opened;
    opened.upload.on('error', (error) => this.#fail(error));
    // Destroyed while the content type was being detected.
    if (this.destroyed) opened.upload.destroy();
  }

  async #send(chunk: Buffer | undefined): Promise<void> {
    await this.#starting;
    if (this.#failure) throw this.#failure;
    const chunks = chunk ? [...this.#head, chunk] : this.#head;
    if (!this.#opened) {
      this.#head = chunks;
      const size = chunks.reduce((sum, { length }) => sum + length, 0);
      if (chunk && size < DETECT_BYTES) return;
      try {
        this.#accept(await this.#target!.open(Buffer.concat(chunks)));
      } catch (error) {
        throw this.#fail(error);
      }
    }
    this.#head = [];
    await Promise.all(chunks.map((content) => this.#upload((upload, done) => upload.write(content, done))));
  }

  async #finish(): Promise<void> {
    await this.#send(undefined);
    await this.#upload((upload, done) => upload.end(done));
    this.#describe(this.#opened!);
  }

  /**
   * The callbacks of an upload bring its errors at once, its 'error' only after the clean-up. Formidable must not wait for that:
   * it would report the form as a success in the meantime.
   */
  #upload(run: (upload: FileUpload, done: Callback) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      run(this.#opened!.upload, (error) => (error ? reject(this.#fail(error)) : resolve()));
    });
  }

  #describe({ upload, contentType }: OpenedUpload): void {
    const { size, slaves, ...stored } = withKey(upload.result!);
    const info = {
      ...stored,
      ...(contentType === undefined ? {} : { contentType }),
      ...(slaves && {
        slaves: Object.fromEntries(Object.entries(slaves).map(([prefix, slave]) => [prefix, withKey(slave)])),
      }),
    };
    const { toJSON } = this.#file;
    Object.assign(this.#file, info);
    if (toJSON) {
      define(this.#file, 'toJSON', { value: () => ({ ...toJSON.call(this.#file), ...info, size }) });
    }
  }

  /** @returns the error that counts: the first */
  #fail(reason: unknown): Error {
    if (this.#failure) return this.#failure;
    const error = reason instanceof Error ? reason : new OptionError(reason);
    this.#failure = error;
    const fail = () => {
      throw error;
    };
    for (const field of FIELDS) define(this.#file, field, { get: fail });
    if (this.#file.toJSON) define(this.#file, 'toJSON', { value: fail });
    this.destroy(error);
    return error;
  }
}

function withKey({ storage: _, ...stored }: StoredFile): Omit<StoredFile, 'storage'> & { key: string } {
  return { ...stored, key: stored.fileId };
}

function define(file: FormFile, name: string, how: PropertyDescriptor): void {
  Object.defineProperty(file, name, { configurable: true, ...how });
}
