/**
 * An upload of unknown length without a copy on this machine, for what is too large or never ends: an appender file, grown block by
 * block with *modify at offset*, which can be repeated after a lost connection without harm (an append could not). At the
 * end it stays an appender file, or becomes an ordinary one. PROTOCOL: appender streaming.
 */
import { ServerError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { renameAppenderAt } from '../../core/files/appender.js';
import { formatAddress } from '../../core/model/address.js';
import { splitFileId } from '../../core/model/file-id.js';
import { STATUS_EINVAL } from '../../core/protocol/constants.js';
import { modifyFile } from '../../core/protocol/storage-commands.js';
import { type Block, BlockBuffer } from '../append/block-buffer.js';
import { type FinalizeBy, sendCopy } from './copy.js';
import type { Destination } from './destination.js';
import { isMaybeApplied, type Placed, type RollbackResult, rollback } from './rollback.js';
import type { UploadEvents, UploadSession } from './session.js';
import { ContentDigest } from './verify.js';

export interface AppendedUploadOptions {
  blockBytes: number;
  finalize: FinalizeBy | false;
}

export class AppendedUpload implements UploadSession {
  readonly #engine: Engine;
  readonly #ordinary: Destination;
  readonly #appender: Destination;
  readonly #options: AppendedUploadOptions;
  readonly #events: UploadEvents;
  readonly #blocks: BlockBuffer;
  readonly #search: AbortController;
  #file: Placed | undefined;
  #offset = 0;
  #finishing: Promise<Placed> | undefined;
  /** A request that makes a file was complete, and its answer was lost. */
  #maybeMade = false;
  /** The same of the request that renames it. */
  #maybeRenamed = false;

  /**
   * @param ordinary for the ordinary file, where one is wanted at the end
   * @param appender for the appender file
   * @param search ends the destinations' search for a storage, and blocks that are being sent
   */
  constructor(
    engine: Engine,
    ordinary: Destination,
    appender: Destination,
    options: AppendedUploadOptions,
    search: AbortController,
    events: UploadEvents,
  ) {
    this.#engine = engine;
    this.#ordinary = ordinary;
    this.#appender = appender;
    this.#options = options;
    this.#search = search;
    this.#events = events;
    this.#blocks = new BlockBuffer(
      options.blockBytes,
      (block) => this.#flush(block),
      (error) => events.onFailure(error),
    );
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    this.#blocks.write(chunks, done);
  }

  finish(): Promise<Placed> {
    this.#finishing = this.#finish();
    return this.#finishing;
  }

  async rollback(reason: unknown): Promise<RollbackResult> {
    this.#search.abort(reason);
    await this.#blocks.drop();
    // The last request may have been confirmed in the meantime.
    const finished = await this.#finishing?.catch(() => undefined);
    const result = await rollback(this.#engine, finished ?? this.#file);
    // Removed under its old name, it had not been renamed.
    const maybeApplied = this.#maybeMade || (this.#maybeRenamed && !result.removed);
    return maybeApplied ? { ...result, maybeApplied } : result;
  }

  async #finish(): Promise<Placed> {
    const { finalize } = this.#options;
    const last = await this.#blocks.end();
    if (!this.#file && finalize !== false) {
      const placed = await this.#noteLost(this.#ordinary.send(last.chunks, last.size));
      this.#events.onSent(last.size);
      return placed;
    }
    if (last.size > 0 || !this.#file) await this.#flush(last);
    if (finalize === 'copy') return await this.#noteLost(this.#copy(this.#file!));
    return finalize === 'rename' ? await this.#rename(this.#file!) : this.#file!;
  }

  async #noteLost(making: Promise<Placed>): Promise<Placed> {
    try {
      return await making;
    } catch (error) {
      this.#maybeMade = isMaybeApplied(error);
      throw error;
    }
  }

  async #flush(block: Block): Promise<void> {
    this.#search.signal.throwIfAborted();
    if (!this.#file) {
      this.#file = await this.#noteLost(this.#appender.send(block.chunks, block.size));
    } else {
      const { fileId, storage } = this.#file;
      const { remoteFilename } = splitFileId(fileId);
      const args = { remoteFilename, offset: this.#offset, size: block.size };
      const options = { fileId, signal: this.#search.signal };
      await this.#engine.repeatAt(storage, modifyFile, args, options, block.chunks);
    }
    this.#offset += block.size;
    this.#events.onSent(this.#offset);
  }

  async #copy(file: Placed): Promise<Placed> {
    const from = { fileId: file.fileId, storage: formatAddress(file.storage), size: this.#offset };
    const options = { signal: this.#search.signal };
    const copied = await sendCopy(
      this.#engine,
      from,
      this.#ordinary,
      new ContentDigest(this.#engine, false),
      options,
    );
    await this.#engine.discard(file.fileId, file.storage);
    return copied;
  }

  /** Servers before 6.02 do not have the command: the appender file stays, complete and usable. */
  async #rename(file: Placed): Promise<Placed> {
    try {
      // Not aborted half-way: if the storage had renamed the file already, its name would be lost.
      return { fileId: await renameAppenderAt(this.#engine, file, this.#offset), storage: file.storage };
    } catch (error) {
      if (error instanceof ServerError && error.serverStatus === STATUS_EINVAL) return file;
      this.#maybeRenamed = isMaybeApplied(error);
      throw error;
    }
  }
}
