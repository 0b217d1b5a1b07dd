/** Transform that hands every byte on unchanged and uploads it as well; the slower of the two sets the pace. */
import { Transform, type TransformCallback } from 'node:stream';
import type { UploadResult } from '../core/uploaded.js';
import type { UploadStream } from './upload-stream.js';

export class TeeStream extends Transform {
  readonly #upload: UploadStream;

  /** Made by `client.createTeeStream()`. */
  constructor(upload: UploadStream) {
    super({ highWaterMark: 64 * 1024 });
    this.#upload = upload;
    upload.on('error', (error) => this.destroy(error));
  }

  /** The id of the file; set when 'finish' fires. */
  get fileId(): string | undefined {
    return this.#upload.fileId;
  }

  /** Everything about the file; set when 'finish' fires. */
  get result(): UploadResult | undefined {
    return this.#upload.result;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    // The callback of write() comes when the upload has taken the chunk; its failure arrives as 'error'.
    this.#upload.write(chunk, (error) => {
      if (!error) callback(null, chunk);
    });
  }

  override _flush(callback: TransformCallback): void {
    this.#upload.once('finish', () => callback());
    this.#upload.end();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#upload.closed) {
      callback(error);
      return;
    }
    this.#upload.once('close', () => callback(error));
    if (!this.#upload.destroyed) this.#upload.destroy(error ?? undefined);
  }
}
