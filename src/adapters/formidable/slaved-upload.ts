/** The upload of a file that gets slaves, as a stream: what is written goes to the file, and to what its slaves are made of. */
import { PassThrough, type Readable, Writable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import { NetworkError } from '../../core/base/errors.js';
import type { StoredFile } from '../shared/slaves.js';

type Callback = (error?: Error | null) => void;

/** Stores the content of `source`. When it rejects, nothing remains; `onFailure` is called before that is cleaned up. */
type Store = (
  source: Readable,
  signal: AbortSignal,
  onFailure: (reason: unknown) => void,
) => Promise<StoredFile>;

export class SlavedUpload extends Writable {
  readonly #input = new PassThrough();
  readonly #controller = new AbortController();
  readonly #storing: Promise<unknown>;
  #result: StoredFile | undefined;
  #failure: Error | undefined;
  /** Of the write, or the end, that waits for the storage. */
  #waiting: Callback | undefined;

  /** @param signal ends the upload */
  constructor(store: Store, signal: AbortSignal | undefined) {
    super({ highWaterMark: 64 * 1024 });
    const release = onAbort(signal, (reason) => this.#controller.abort(reason));
    const stored = store(this.#input, this.#controller.signal, (reason) => this.#fail(reason));
    this.#storing = stored
      .then(
        (result) => {
          this.#result = result;
        },
        (error) => {
          this.#fail(error);
          this.destroy(this.#failure);
        },
      )
      .finally(release);
  }

  /** Set when 'finish' fires, undefined before. */
  get fileId(): string | undefined {
    return this.#result?.fileId;
  }

  /** Set when 'finish' fires, undefined before. */
  get result(): StoredFile | undefined {
    return this.#result;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (this.#failure || this.#input.write(chunk)) {
      callback(this.#failure);
      return;
    }
    this.#waiting = callback;
    this.#input.once('drain', () => this.#resume());
  }

  override _final(callback: Callback): void {
    if (this.#failure) {
      callback(this.#failure);
      return;
    }
    this.#waiting = callback;
    this.#input.end();
    void this.#storing.then(() => this.#resume());
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#controller.abort(
      error ?? new NetworkError('FASTDFS_REQUEST_ABORTED', 'The form failed before the file was stored'),
    );
    this.#input.destroy();
    void this.#storing.then(() => callback(error));
  }

  /** The first reason counts. */
  #fail(reason: unknown): void {
    this.#failure ??= reason instanceof Error ? reason : new Error(String(reason));
    this.#resume();
  }

  #resume(): void {
    const callback = this.#waiting;
    this.#waiting = undefined;
    callback?.(this.#failure);
  }
}
