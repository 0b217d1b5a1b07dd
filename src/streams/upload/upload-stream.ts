/**
 * Writable that becomes a file. 'finish' comes when the storage has confirmed it and `fileId` is set; a stream
 * that ends in any other way leaves nothing behind, and 'close' comes when that has been seen to.
 */
import { AsyncResource } from 'node:async_hooks';
import { Writable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import { FastDFSError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import {
  assertSizeAllowed,
  planUpload,
  type SlaveTarget,
  type UploadOptions,
  type UploadPlan,
} from './options.js';
import { type Aborted, removePlaced, type UploadSession } from './rollback.js';
import { settleUpload, Tally, type UploadResult, withOrphan } from './verify.js';

/** Content that a writer may hand over before it has to wait, in bytes. */
const HIGH_WATER_MARK = 64 * 1024;
/**
 * How long 'close' waits for the removal of what a destroyed upload left. A storage that hangs must not hold up
 * its caller; the removal goes on in the background.
 */
const CLEANUP_GRACE_MS = 5_000;

type Callback = (error?: Error | null) => void;

/**
 * A Writable that becomes a file; made by `client.createUploadStream()`. 'finish' comes when the storage has
 * confirmed it and `fileId` is set. A stream that ends in any other way leaves nothing behind, and 'close'
 * comes when that has been seen to; where it could not be, the error's `orphan` names the file.
 */
export class UploadStream extends Writable {
  readonly #engine: Engine;
  readonly #plan: UploadPlan;
  readonly #session: UploadSession;
  readonly #sent: Tally;
  #releaseSignal: (() => void) | undefined;
  /** Ends the settling; made when that begins. */
  #stop: AbortController | undefined;
  /** Writes can come out of somebody else's work, as when a socket has data: what is sent belongs to who made the stream. */
  readonly #maker = new AsyncResource('fastdfs-streams.UploadStream');
  /** From when the content is stored: what remains to be done with the file. */
  #settling: Promise<UploadResult> | undefined;
  #result: UploadResult | undefined;

  /** @internal */
  constructor(engine: Engine, options: UploadOptions, slave?: SlaveTarget) {
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true });
    assertSizeAllowed(options);
    this.#engine = engine;
    this.#plan = planUpload(engine, options, slave);
    this.#session = this.#plan.begin();
    this.#session.onFailure = (error) => this.destroy(error as Error);
    this.#sent = new Tally(this.#plan.verify);
    engine.register(this);
    this.#releaseSignal = onAbort(this.#plan.signal, (reason) => this.destroy(reason as Error));
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
    this.#maker.runInAsyncScope(() => this.#finish()).then(() => callback(), callback);
  }

  /** @internal */
  override _destroy(error: Error | null, callback: Callback): void {
    this.#releaseSignal?.();
    // Called after success, too: then there is nothing to undo.
    if (this.#result) {
      callback(error);
      return;
    }
    const reason = error ?? new Error('The upload was destroyed');
    this.#stop?.abort(reason);
    const removing = this.#maker.runInAsyncScope(() =>
      this.#settling ? this.#unsettle(this.#settling) : this.#session.abort(reason),
    );
    const removal = this.#engine.track(removing);
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, CLEANUP_GRACE_MS, undefined);
    });
    Promise.race([removal, grace]).then((aborted) => {
      clearTimeout(timer);
      if (aborted?.removed && error instanceof FastDFSError) error.maybeApplied = false;
      callback(aborted?.orphan === undefined ? error : withOrphan(error, aborted.orphan));
    });
  }

  #take(chunks: readonly Uint8Array[], callback: Callback): void {
    for (const chunk of chunks) this.#sent.add(chunk);
    const { onProgress, size } = this.#plan;
    const transferred = this.#sent.size;
    const taken: Callback = onProgress
      ? (error) => {
          if (!error) onProgress(size === undefined ? { transferred } : { transferred, total: size });
          callback(error);
        }
      : callback;
    this.#maker.runInAsyncScope(() => this.#session.write(chunks, taken));
  }

  async #finish(): Promise<void> {
    const placed = await this.#session.finish();
    // Destroyed in the meantime: then the session removes the file.
    if (this.destroyed) return;
    this.#stop = new AbortController();
    const options = { signal: this.#stop.signal };
    this.#settling = settleUpload(this.#engine, placed, this.#sent, this.#plan.metadata, options);
    const result = await this.#settling;
    if (!this.destroyed) this.#result = result;
  }

  /** A file that could not be settled has been removed already; one that was settled too late is removed here. */
  async #unsettle(settling: Promise<UploadResult>): Promise<Aborted> {
    try {
      return await removePlaced(this.#engine, await settling);
    } catch (error) {
      const orphan = error instanceof FastDFSError ? error.orphan : undefined;
      return orphan === undefined ? { removed: false } : { removed: false, orphan };
    }
  }
}
