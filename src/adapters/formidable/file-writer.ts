/** One file of a form on its way to FastDFS, in the manners that formidable expects of a Writable. */
import { Writable } from 'node:stream';
import type { UploadResult, UploadStream } from '../../index.js';

/** What is used of formidable's `VolatileFile`. */
export interface FormFile {
  /** Name of the file on the sender's side. */
  originalFilename?: string | null;
  /** Hears of its errors. */
  on?(event: 'error', listener: () => void): unknown;
  /** What is logged of it; gains the fields of the stored file. */
  toJSON?(): object;
}

/** What a file of the form gains when it is stored. */
export interface StoredFormFile extends Omit<UploadResult, 'storage'> {
  /** The file id, by the name that other engines use. */
  key: string;
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
] as const satisfies readonly (keyof StoredFormFile)[];

type Callback = (error?: Error | null) => void;

export class FileWriter extends Writable {
  readonly #upload: UploadStream;
  readonly #file: FormFile;
  readonly #remove: (fileId: string) => Promise<void>;

  /** @param remove takes back a stored file, and never rejects */
  constructor(upload: UploadStream, file: FormFile, remove: (fileId: string) => Promise<void>) {
    // Not destroyed at its end: when destroy() comes after that, it is the form that has failed.
    super({ autoDestroy: false, highWaterMark: upload.writableHighWaterMark });
    this.#upload = upload;
    this.#file = file;
    this.#remove = remove;
    upload.on('error', (error) => this.#failed(error));
    // For bodies that are one file and no form, formidable listens to nothing: the process must not end for that.
    file.on?.('error', () => undefined);
  }

  /** The id of the file; set when 'finish' fires, undefined before. */
  get fileId(): string | undefined {
    return this.#upload.fileId;
  }

  /** Everything about the file; set when 'finish' fires, undefined before. */
  get result(): UploadResult | undefined {
    return this.#upload.result;
  }

  // The upload's callbacks bring its errors at once, its 'error' only when it has cleaned up. Formidable must not wait
  // for that: it would report the form as a success in the meantime.
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#upload.write(chunk, (error) => {
      if (error) this.#failed(error);
      callback(error);
    });
  }

  override _final(callback: Callback): void {
    this.#upload.end((error?: Error | null) => {
      if (error) this.#failed(error);
      else this.#stored(this.#upload.result!);
      callback(error);
    });
  }

  /** Without an error and before 'finish': the form was aborted, or a limit was passed. */
  override _destroy(error: Error | null, callback: Callback): void {
    if (this.fileId === undefined) this.#upload.destroy(error ?? undefined);
    else void this.#remove(this.fileId);
    callback(error);
  }

  #stored({ storage: _, size, ...stored }: UploadResult): void {
    const info = { ...stored, key: stored.fileId };
    const { toJSON } = this.#file;
    Object.assign(this.#file, info);
    if (toJSON) {
      define(this.#file, 'toJSON', { value: () => ({ ...toJSON.call(this.#file), ...info, size }) });
    }
  }

  #failed(error: Error): void {
    const fail = () => {
      throw error;
    };
    for (const field of FIELDS) define(this.#file, field, { get: fail });
    if (this.#file.toJSON) define(this.#file, 'toJSON', { value: fail });
    this.destroy(error);
  }
}

function define(file: FormFile, name: string, how: PropertyDescriptor): void {
  Object.defineProperty(file, name, { configurable: true, ...how });
}
