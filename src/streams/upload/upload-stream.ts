/**
 * Writable that becomes a file. 'finish' comes when the storage has confirmed it and `fileId` is set; a stream
 * that ends in any other way leaves nothing, and 'close' comes when that has been ensured.
 */
import { AsyncResource } from 'node:async_hooks';
import { Writable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import { FastDFSError } from '../../core/base/errors.js';
import { reportProgress } from '../../core/base/progress.js';
import { refuseUsedSources } from '../../core/base/unread-source.js';
import type { Engine } from '../../core/cluster/engine.js';
import { assertSizeKnown, type SlaveTarget, type UploadOptions, UploadPlan } from './plan.js';
import { describeRollback, type RollbackResult, rollback, waitWithGrace } from './rollback.js';
import type { UploadSession } from './session.js';
import { ContentDigest, complete, type UploadResult } from './verify.js';

/** Content that a writer may hand over before it has to wait, in bytes. */
const HIGH_WATER_MARK = 64 * 1024;

type Callback = (error?: Error | null) => void;

/**
 * A Writable that becomes a file; made by `client.createUploadStream()`. 'finish' comes when the storage has
 * confirmed it and `fileId` is set. A stream that ends in any other way leaves nothing, and 'close'
 * comes when that has been ensured; where it could not be, the error's `orphan` names the file.
 * Piping a stream to it that was read or destroyed before fails it with `FASTDFS_ARGUMENT`.
 */
export class UploadStream extends Writable {
  readonly #engine: Engine;
  readonly #plan: UploadPlan;
  readonly #session: UploadSession;
  readonly #sent: ContentDigest;
  #releaseSignal: (() => void) | undefined;
  /** Ends the completion; made when that starts. */
  #stop: AbortController | undefined;
  /** Writes can come out of unrelated work, as when a socket has data: what is sent belongs to the creator of the stream. */
  readonly #asyncScope = new AsyncResource('fastdfs-streams.UploadStream');
  /** Once the content is stored: what remains to be done with the file. */
  #completing: Promise<UploadResult> | undefined;
  #result: UploadResult | undefined;

  /** @internal */
  constructor(engine: Engine, options: UploadOptions = {}, slave?: SlaveTarget) {
    const plan = new UploadPlan(engine, options, slave);
    assertSizeKnown(options);
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true });
    this.#engine = engine;
    this.#plan = plan;
    this.#session = plan.start({
      onFailure: (error) => this.destroy(error as Error),
      onSent: (transferred, total) =>
        reportProgress(options.onProgress, transferred, total, (error) => this.destroy(error as Error)),
    });
    this.#sent = new ContentDigest(engine, plan.verify);
    refuseUsedSources(this, () => this.bytesWritten > 0);
    engine.register(this);
    this.#releaseSignal = onAbort(options.signal, (reason) => this.destroy(reason as Error));
  }

  /** The id of the file; set when 'finish' fires, undefined before. */
  get fileId(): string | undefined {
    return this.#result?.fileId;
  }

  /** Everything about the file; set when 'finish' fires, undefined before. */
  get result(): UploadResult | undefined {
    return this.#result;
  }

  /** Content bytes taken so far. */
  get bytesWritten(): number {
    return this.#sent.size;
  }

  /** @internal */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#take([chunk], callback);
  }

  /** @internal */
  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  /** @internal */
  override _final(callback: Callback): void {
    this.#asyncScope.runInAsyncScope(() => this.#finish()).then(() => callback(), callback);
  }

  /** @internal */
  override _destroy(error: Error | null, callback: Callback): void {
    this.#releaseSignal?.();
    // Called after success, too: then there is nothing to roll back.
    if (this.#result) {
      callback(error);
      return;
    }
    const reason = error ?? new Error('The upload was destroyed');
    this.#stop?.abort(reason);
    const removal = this.#asyncScope.runInAsyncScope(() =>
      this.#completing ? this.#rollbackCompleted(this.#completing) : this.#session.rollback(reason),
    );
    waitWithGrace(this.#engine.track(removal)).then((result) => {
      // Without an error 'close' alone says that the stream has ended, unless a file is left.
      callback(describeRollback(error, result) as Error | null);
    });
  }

  #take(chunks: readonly Uint8Array[], callback: Callback): void {
    this.#sent.addAll(chunks);
    this.#asyncScope.runInAsyncScope(() => this.#session.write(chunks, callback));
  }

  async #finish(): Promise<void> {
    const placed = await this.#session.finish();
    // Destroyed in the meantime: then the session removes the file.
    if (this.destroyed) return;
    this.#stop = new AbortController();
    const { metadata } = this.#plan;
    this.#completing = complete(this.#engine, placed, this.#sent, { metadata, signal: this.#stop.signal });
    const result = await this.#completing;
    if (!this.destroyed) this.#result = result;
  }

  /** A file that could not be completed has been removed already; one that was completed too late is removed here. */
  async #rollbackCompleted(completing: Promise<UploadResult>): Promise<RollbackResult> {
    try {
      return await rollback(this.#engine, await completing);
    } catch (error) {
      const orphan = error instanceof FastDFSError ? error.orphan : undefined;
      return orphan === undefined ? { removed: false } : { removed: false, orphan };
    }
  }
}
