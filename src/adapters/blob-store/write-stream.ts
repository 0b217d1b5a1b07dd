/**
 * Writable that becomes a blob: an upload, and then the key that leads to it. 'finish' comes when both are done. In any
 * other case nothing of it is left, and 'close' comes when that has been seen to.
 */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { FastDFSError } from '../../core/base/errors.js';
import type { UploadStream } from '../../index.js';
import type { Kept, RemoveFile } from './keys.js';
import type { StoredBlob } from './types.js';

type Callback = (error?: Error | null) => void;

/** What the stream needs of its store. */
export interface BlobTarget {
  readonly name: string | undefined;
  /** @throws ArgumentError for options that make no sense */
  open(): UploadStream;
  keep(fileId: string, wanted: () => boolean): Promise<Kept>;
  readonly removeFile: RemoveFile;
}

/**
 * A Writable that becomes a blob; made by `store.createWriteStream()`. 'finish' comes when the file is stored
 * and its key leads to it; a stream that ends in any other way leaves nothing of it.
 */
export class BlobWriteStream extends Writable {
  readonly #target: BlobTarget;
  #upload: UploadStream | undefined;
  #storing: Promise<StoredBlob> | undefined;
  #blob: StoredBlob | undefined;

  /** @internal */
  constructor(target: BlobTarget) {
    super({ highWaterMark: 64 * 1024, decodeStrings: true });
    this.#target = target;
  }

  /** What finds the blob again; set when 'finish' fires, undefined before. */
  get key(): string | undefined {
    return this.#blob?.key;
  }

  /** Everything about the blob; set when 'finish' fires, undefined before. */
  get blob(): StoredBlob | undefined {
    return this.#blob;
  }

  /** @internal */
  override _construct(callback: Callback): void {
    try {
      this.#upload = this.#target.open();
    } catch (error) {
      callback(error as Error);
      return;
    }
    this.#upload.on('error', (error) => this.destroy(error));
    callback();
  }

  /** @internal */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#upload!.write(chunk, callback);
  }

  /** @internal */
  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    const upload = this.#upload!;
    upload.cork();
    for (const [index, { chunk }] of chunks.entries()) {
      if (index < chunks.length - 1) upload.write(chunk);
      else upload.write(chunk, callback);
    }
    upload.uncork();
  }

  /** @internal */
  override _final(callback: Callback): void {
    this.#storing = this.#store(this.#upload!);
    this.#storing.then((blob) => {
      this.#blob = blob;
      callback();
    }, callback);
  }

  /** @internal */
  override _destroy(error: Error | null, callback: Callback): void {
    // Called after success, too: then there is nothing to undo.
    if (this.#blob) callback(error);
    else this.#giveUp(error).then(callback);
  }

  async #store(upload: UploadStream): Promise<StoredBlob> {
    upload.end();
    await finished(upload);
    const result = upload.result!;
    const { name, keep, removeFile } = this.#target;
    try {
      const kept = await keep(result.fileId, () => !this.destroyed);
      return { ...result, ...(name === undefined ? {} : { name }), ...kept };
    } catch (error) {
      await removeFile(result.fileId).catch(() => {
        if (error instanceof FastDFSError) error.orphan = result.fileId;
      });
      throw error;
    }
  }

  /** @returns the error to end with: the upload's own tells more, such as a file that could not be removed */
  async #giveUp(error: Error | null): Promise<Error | null> {
    const upload = this.#upload;
    upload?.destroy(error ?? undefined);
    await this.#storing?.catch(() => undefined);
    if (upload && !upload.closed) await once(upload, 'close').catch(() => undefined);
    return upload?.errored ?? error;
  }
}
