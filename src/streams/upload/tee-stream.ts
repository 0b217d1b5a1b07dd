/** Transform that passes every byte on unchanged and uploads it as well; the slower of the two sets the pace. */
import { Transform, type TransformCallback } from 'node:stream';
import { refuseUsedSources } from '../../core/base/unread-source.js';
import type { UploadStream } from './upload-stream.js';
import type { UploadResult } from './verify.js';

/**
 * A Transform that passes every byte on unchanged and uploads it as well; made by `client.createTeeStream()`.
 * Destroyed or failed before 'finish' it leaves nothing on the server.
 * Piping a stream to it that was read or destroyed before fails it with `FASTDFS_ARGUMENT`.
 */
export class TeeStream extends Transform {
  readonly #upload: UploadStream;

  /** @internal */
  constructor(upload: UploadStream) {
    super({ highWaterMark: 64 * 1024 });
    this.#upload = upload;
    refuseUsedSources(this, () => upload.bytesWritten > 0);
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

  /** @internal */
  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    // The callback of write() comes when the upload has taken the chunk; its failure arrives as 'error'.
    this.#upload.write(chunk, (error) => {
      if (!error) callback(null, chunk);
    });
  }

  /** @internal */
  override _flush(callback: TransformCallback): void {
    this.#upload.once('finish', () => callback());
    this.#upload.end();
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#upload.closed) {
      callback(error);
      return;
    }
    this.#upload.once('close', () => callback(error));
    if (!this.#upload.destroyed) this.#upload.destroy(error ?? undefined);
  }
}
