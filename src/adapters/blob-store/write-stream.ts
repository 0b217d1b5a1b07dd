/**
 * Writable that becomes a blob: an upload, and then the key that leads to it. 'finish' fires when both are done. In any
 * other case nothing of it remains, and 'close' fires after the clean-up.
 */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { FastDFSError } from '../../core/base/errors.js';
import { refuseUsedSources } from '../../core/base/unread-source.js';
import type { UploadResult, UploadStream } from '../../index.js';
import type { Kept, RemoveFile } from './keys.js';
import type { StoredBlob } from './types.js';

type Callback = (error?: Error | null) => void;

/** How an uploaded file becomes a blob. */
export interface Placement {
  readonly name: string | undefined;
  keep(fileId: string, isWanted: () => boolean): Promise<Kept>;
  readonly removeFile: RemoveFile;
}

/** What the stream needs of its store. */
export interface BlobTarget extends Placement {
  /** @throws ArgumentError for options that make no sense */
  open(): UploadStream;
}

/** Makes an uploaded file the blob of its key; when that fails, the file is removed. */
export async function placeBlob(
  result: UploadResult,
  { name, keep, removeFile }: Placement,
  isWanted: () => boolean,
): Promise<StoredBlob> {
  try {
    const kept = await keep(result.fileId, isWanted);
    return { ...result, ...(name === undefined ? {} : { name }), ...kept };
  } catch (error) {
    const known = error instanceof FastDFSError;
    // A key that may lead to the file must not lose it.
    if (known && error.maybeApplied) throw error;
    await removeFile(result.fileId).catch(() => {
      if (known) error.orphan = result.fileId;
    });
    throw error;
  }
}

/**
 * A Writable that becomes a blob; made by `store.createWriteStream()`. 'finish' fires when the file is stored
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
    refuseUsedSources(this, () => (this.#upload?.bytesWritten ?? 0) > 0);
  }

  /** Finds the blob again; set when 'finish' fires, undefined before. */
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
    // Also called after success: then there is nothing to undo.
    if (this.#blob) callback(error);
    else this.#cleanUp(error).then(callback);
  }

  async #store(upload: UploadStream): Promise<StoredBlob> {
    upload.end();
    await finished(upload);
    return await placeBlob(upload.result!, this.#target, () => !this.destroyed);
  }

  /** @returns the error to end with: the upload's own says more, such as a file that could not be removed */
  async #cleanUp(error: Error | null): Promise<Error | null> {
    const upload = this.#upload;
    upload?.destroy(error ?? undefined);
    await this.#storing?.catch(() => undefined);
    if (upload && !upload.closed) await once(upload, 'close').catch(() => undefined);
    return upload?.errored ?? error;
  }
}
