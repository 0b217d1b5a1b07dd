/**
 * An upload of unknown length. The first block is held back: a source that ends inside it is a plain upload.
 * A longer one becomes an appender file, grown block by block with *modify at offset*, which can be repeated after
 * a lost connection without doing harm (an append could not). At the end the storage renames it to an ordinary
 * file. PROTOCOL: appender streaming.
 */
import type { Block } from '../core/block.js';
import type { Destination, Placed } from '../core/destination.js';
import type { Engine } from '../core/engine.js';
import { ServerError } from '../core/errors.js';
import type { ExchangeOptions } from '../core/exchange.js';
import { splitFileId } from '../core/file-id.js';
import { STATUS_EINVAL } from '../core/protocol/constants.js';
import { modifyFile, regenerateAppenderFilename } from '../core/protocol/storage-commands.js';
import { BlockGatherer } from './blocks.js';
import { type Aborted, removePlaced, type UploadSession } from './upload-session.js';

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
  readonly #blocks: BlockGatherer;
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
    this.#blocks = new BlockGatherer(
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
      return { fileId: await finalize(this.#engine, file, this.#offset), storage: file.storage };
    } catch (error) {
      if (error instanceof ServerError && error.status === STATUS_EINVAL) return file;
      throw error;
    }
  }
}

/** The storage reads the whole file before it answers; slower than this many bytes a millisecond counts as hanging. */
const SLOWEST_READ_BYTES_PER_MS = 10 * 1024;

/** Turns an appender file of `size` bytes into an ordinary one, and tells its new id. */
export async function finalize(
  engine: Engine,
  { fileId, storage }: Placed,
  size: number,
  options: ExchangeOptions = {},
): Promise<string> {
  const { remoteFilename } = splitFileId(fileId);
  const timeoutMs = Math.ceil(engine.options.networkTimeoutMs + size / SLOWEST_READ_BYTES_PER_MS);
  return await engine.callAt(
    storage,
    regenerateAppenderFilename,
    { remoteFilename },
    { ...options, fileId, timeoutMs },
  );
}
