/** Writables onto an appender file: at its end (append) or over its bytes (modify), block by block. */
import { AsyncResource } from 'node:async_hooks';
import { Writable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import { ArgumentError } from '../../core/base/errors.js';
import { checkCount } from '../../core/base/validate.js';
import type { Engine } from '../../core/cluster/engine.js';
import { parseFileId, splitFileId } from '../../core/model/file-id.js';
import { appendFile, modifyFile } from '../../core/protocol/storage-commands.js';
import type { Block } from './block-buffer.js';
import { BlockGatherer } from './block-buffer.js';

/** How content is written to an appender file. */
export interface AppendOptions {
  /** Bytes sent in one request. Default 256 KiB. */
  blockBytes?: number;
  /** Ends the stream; blocks that were written stay. Default: none. */
  signal?: AbortSignal;
}

/** Where to write, and how. */
export interface ModifyOptions extends AppendOptions {
  /** Offset of the first byte to write; at most the present size of the file. */
  start: number;
}

/** Storages write what fits their buffer (256 KiB) in one piece, also when others write to the same file. */
const DEFAULT_BLOCK_BYTES = 256 * 1024 - 1024;
const MAX_BLOCK_BYTES = 1024 * 1024 * 1024;
type Callback = (error?: Error | null) => void;

/**
 * What `AppendStream` and `ModifyStream` have in common: a Writable that sends its content block by block. When
 * it is destroyed or fails, the blocks that were confirmed stay.
 */
export abstract class BlockStream extends Writable {
  /** The file that is written to. */
  readonly fileId: string;
  /** @internal */
  protected readonly engine: Engine;
  readonly #blocks: BlockGatherer;
  readonly #stop = new AbortController();
  #releaseSignal: (() => void) | undefined;
  /** Writes can come out of somebody else's work, as when a socket has data: what is sent belongs to who made the stream. */
  readonly #maker = new AsyncResource('fastdfs-streams.BlockStream');
  #confirmed = 0;

  /** @internal */
  constructor(engine: Engine, fileId: string, options: AppendOptions) {
    super({ highWaterMark: 64 * 1024, decodeStrings: true });
    const { kind } = parseFileId(fileId);
    if (kind !== 'appender') {
      throw new ArgumentError(
        `${fileId} is no appender file: only files uploaded with \`appender: true\` can change`,
        {
          code: 'FASTDFS_NOT_APPENDER',
          fileId,
        },
      );
    }
    const blockBytes = checkCount(
      'blockBytes',
      options.blockBytes ?? DEFAULT_BLOCK_BYTES,
      1,
      MAX_BLOCK_BYTES,
    );
    this.engine = engine;
    this.fileId = fileId;
    this.#blocks = new BlockGatherer(
      blockBytes,
      (block) => this.#flush(block),
      (error) => this.destroy(error as Error),
    );
    engine.register(this);
    this.#releaseSignal = onAbort(options.signal, (reason) => this.destroy(reason as Error));
  }

  /** Bytes that the storage has confirmed; after an error these are in the file. */
  get bytesConfirmed(): number {
    return this.#confirmed;
  }

  /**
   * Sends one block that belongs `offset` bytes behind the first.
   * @internal
   */
  protected abstract send(block: Block, offset: number, signal: AbortSignal): Promise<void>;

  /** @internal */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#blocks.write([chunk], callback);
  }

  /** @internal */
  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    this.#blocks.write(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  /** @internal */
  override _final(callback: Callback): void {
    this.#blocks
      .end()
      .then((last) => (last.size > 0 ? this.#flush(last) : undefined))
      .then(() => callback(), callback);
  }

  /** @internal */
  override _destroy(error: Error | null, callback: Callback): void {
    this.#releaseSignal?.();
    this.#stop.abort(error ?? new Error('The stream was destroyed'));
    this.#blocks.drop().then(() => callback(error));
  }

  async #flush(block: Block): Promise<void> {
    await this.#maker.runInAsyncScope(() => this.send(block, this.#confirmed, this.#stop.signal));
    this.#confirmed += block.size;
  }
}

/**
 * Appends to an appender file. Each block is one request and goes in whole or not at all, but on a disk that is full or
 * fails: there a part of it may stay. A block whose outcome is unknown is never sent again. The error says
 * `maybeApplied` in either case, and {@link bytesConfirmed} by how much the file should have grown.
 */
export class AppendStream extends BlockStream {
  /** @internal */
  protected override send(block: Block, _offset: number, signal: AbortSignal): Promise<void> {
    return appendBlock(this.engine, this.fileId, block, signal);
  }
}

/** Writes over the bytes of an appender file from `start` on, and past its end. Lost blocks are sent again. */
export class ModifyStream extends BlockStream {
  readonly #start: number;

  /** @internal */
  constructor(engine: Engine, fileId: string, options: ModifyOptions) {
    super(engine, fileId, options);
    this.#start = checkCount('start', options.start, 0, Number.MAX_SAFE_INTEGER);
  }

  /** @internal */
  protected override send(block: Block, offset: number, signal: AbortSignal): Promise<void> {
    return modifyBlock(this.engine, this.fileId, this.#start + offset, block, signal);
  }
}

/** One append request at the source storage. */
export function appendBlock(
  engine: Engine,
  fileId: string,
  block: Block,
  signal?: AbortSignal,
): Promise<void> {
  const args = { remoteFilename: splitFileId(fileId).remoteFilename, size: block.size };
  return engine.callAtSource(fileId, appendFile, args, { fileId, signal }, block.chunks);
}

/** One modify request at the source storage. */
export function modifyBlock(
  engine: Engine,
  fileId: string,
  offset: number,
  block: Block,
  signal?: AbortSignal,
): Promise<void> {
  const args = { remoteFilename: splitFileId(fileId).remoteFilename, offset, size: block.size };
  return engine.callAtSource(fileId, modifyFile, args, { fileId, signal }, block.chunks);
}
