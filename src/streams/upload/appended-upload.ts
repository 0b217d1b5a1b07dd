/**
 * An upload of unknown length. The first block is held back: a source that ends inside it is a plain upload.
 * A longer one becomes an appender file, grown block by block with *modify at offset*, which can be repeated after
 * a lost connection without doing harm (an append could not). At the end the storage renames it to an ordinary
 * file. PROTOCOL: appender streaming.
 */

import { ServerError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { renameAppenderAt } from '../../core/files/appender.js';
import { splitFileId } from '../../core/model/file-id.js';
import { STATUS_EINVAL } from '../../core/protocol/constants.js';
import { modifyFile } from '../../core/protocol/storage-commands.js';
import type { Block } from '../append/block-buffer.js';
import { BlockBuffer } from '../append/block-buffer.js';
import type { Destination, Placed } from './destination.js';
import { type Aborted, removePlaced, type UploadSession } from './rollback.js';

export interface StreamedUploadOptions {
  blockBytes: number;
  /** Turn the appender file into an ordinary one at the end. */
  finalize: boolean;
}

export class StreamedUpload implements UploadSession {
  onFailure: ((error: unknown) => void) | undefined;
  readonly #engine: Engine;
  readonly #plain: Destination;
  readonly #appender: Destination;
  readonly #options: StreamedUploadOptions;
  readonly #blocks: BlockBuffer;
  readonly #search: AbortController;
  #file: Placed | undefined;
  #offset = 0;
  #finishing: Promise<Placed> | undefined;

  /**
   * @param plain where a source that ends inside the first block goes
   * @param appender where a longer one begins
   * @param search ends the destinations' search for a storage, and blocks on their way
   */
  constructor(
    engine: Engine,
    plain: Destination,
    appender: Destination,
    options: StreamedUploadOptions,
    search: AbortController,
  ) {
    this.#engine = engine;
    this.#plain = plain;
    this.#appender = appender;
    this.#options = options;
    this.#search = search;
    this.#blocks = new BlockBuffer(
      options.blockBytes,
      (block) => this.#flush(block),
      (error) => this.onFailure?.(error),
    );
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    this.#blocks.write(chunks, done);
  }

  finish(): Promise<Placed> {
    this.#finishing = this.#finish();
    return this.#finishing;
  }

  async #finish(): Promise<Placed> {
    const last = await this.#blocks.end();
    if (!this.#file) return await this.#plain.send(last.chunks, last.size);
    if (last.size > 0) await this.#flush(last);
    return this.#options.finalize ? await this.#finalize(this.#file) : this.#file;
  }

  async abort(reason: unknown): Promise<Aborted> {
    this.#search.abort(reason);
    await this.#blocks.drop();
    // A plain upload that was on its way may have been confirmed in the meantime.
    const finished = await this.#finishing?.catch(() => undefined);
    return await removePlaced(this.#engine, finished ?? this.#file);
  }

  async #flush(block: Block): Promise<void> {
    this.#search.signal.throwIfAborted();
    if (!this.#file) {
      this.#file = await this.#appender.send(block.chunks, block.size);
    } else {
      const { fileId, storage } = this.#file;
      const { remoteFilename } = splitFileId(fileId);
      const args = { remoteFilename, offset: this.#offset, size: block.size };
      await this.#engine.repeatAt(
        storage,
        modifyFile,
        args,
        { fileId, signal: this.#search.signal },
        block.chunks,
      );
    }
    this.#offset += block.size;
  }

  /** Servers before 6.02 do not know the command: the appender file stays, complete and usable. */
  async #finalize(file: Placed): Promise<Placed> {
    try {
      // Not aborted half-way: if the storage had renamed the file already, nobody would know its name.
      return { fileId: await renameAppenderAt(this.#engine, file, this.#offset), storage: file.storage };
    } catch (error) {
      if (error instanceof ServerError && error.serverStatus === STATUS_EINVAL) return file;
      throw error;
    }
  }
}
