/** Writables onto an appender file: at its end (append) or over its bytes (modify), block by block. */
import { AsyncResource } from 'node:async_hooks';
import { Writable } from 'node:stream';
import { onAbort } from '../../core/base/abort.js';
import { refuseUsedSources } from '../../core/base/unread-source.js';
import {
  CALL_OPTIONS,
  type CallOptions,
  type Checks,
  checkCount,
  checkOptions,
  integerOption,
} from '../../core/base/validate.js';
import type { Engine } from '../../core/cluster/engine.js';
import { splitAppenderId } from '../../core/files/appender.js';
import { splitFileId } from '../../core/model/file-id.js';
import { MAX_BLOCK_BYTES } from '../../core/model/limits.js';
import { appendFile, modifyFile } from '../../core/protocol/storage-commands.js';
import { type Block, BlockBuffer } from './block-buffer.js';

/** How content is written to an appender file. */
export interface AppendOptions extends CallOptions {
  /** Bytes sent in one request. Default 255 KiB. */
  blockBytes?: number | undefined;
}

/** Where to write, and how. */
export interface ModifyOptions extends AppendOptions {
  /** Offset of the first byte to write; at most the present size of the file. */
  start: number;
}

const APPEND_OPTIONS: Checks<AppendOptions> = {
  ...CALL_OPTIONS,
  blockBytes: integerOption(1, MAX_BLOCK_BYTES),
};
const MODIFY_OPTIONS: Checks<ModifyOptions> = { ...APPEND_OPTIONS, start: integerOption() };

/** Storages write what fits their buffer (256 KiB) in one piece, also when others write to the same file. */
const DEFAULT_BLOCK_BYTES = 256 * 1024 - 1024;
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
  readonly #blocks: BlockBuffer;
  readonly #stop = new AbortController();
  #releaseSignal: (() => void) | undefined;
  /** Writes can come out of unrelated work, as when a socket has data: what is sent belongs to the creator of the stream. */
  readonly #asyncScope = new AsyncResource('fastdfs-streams.BlockStream');
  #confirmed = 0;
  #taken = false;

  /** @internal */
  constructor(engine: Engine, fileId: string, options: AppendOptions | undefined = {}) {
    super({ highWaterMark: 64 * 1024, decodeStrings: true });
    splitAppenderId(fileId);
    this.engine = engine;
    this.fileId = fileId;
    this.#blocks = new BlockBuffer(
      options.blockBytes ?? DEFAULT_BLOCK_BYTES,
      (block) => this.#flush(block),
      (error) => this.destroy(error as Error),
    );
    refuseUsedSources(this, () => this.#taken);
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

  #take(chunks: readonly Uint8Array[], callback: Callback): void {
    this.#taken = true;
    this.#blocks.write(chunks, callback);
  }

  async #flush(block: Block): Promise<void> {
    await this.#asyncScope.runInAsyncScope(() => this.send(block, this.#confirmed, this.#stop.signal));
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
  constructor(engine: Engine, fileId: string, options: AppendOptions = {}) {
    checkAppendOptions('createAppendStream()', options);
    super(engine, fileId, options);
  }

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
    checkOptions('createModifyStream()', options, MODIFY_OPTIONS);
    const start = checkCount('start', options?.start, 0, Number.MAX_SAFE_INTEGER);
    super(engine, fileId, options);
    this.#start = start;
  }

  /** @internal */
  protected override send(block: Block, offset: number, signal: AbortSignal): Promise<void> {
    return modifyBlock(this.engine, this.fileId, this.#start + offset, block, signal);
  }
}

/** @throws ArgumentError naming the option */
export function checkAppendOptions(call: string, options: AppendOptions | undefined): void {
  checkOptions(call, options, APPEND_OPTIONS);
}

/** Appends a block by one request at the source storage. PROTOCOL: append file. */
export function appendBlock(
  engine: Engine,
  fileId: string,
  block: Block,
  signal?: AbortSignal,
): Promise<void> {
  const name = splitFileId(fileId);
  const args = { remoteFilename: name.remoteFilename, size: block.size };
  return engine.callAtSource(name, appendFile, args, { fileId, signal }, block.chunks);
}

/** Writes a block at an offset by one request at the source storage. PROTOCOL: modify file. */
export function modifyBlock(
  engine: Engine,
  fileId: string,
  offset: number,
  block: Block,
  signal?: AbortSignal,
): Promise<void> {
  const name = splitFileId(fileId);
  const args = { remoteFilename: name.remoteFilename, offset, size: block.size };
  return engine.callAtSource(name, modifyFile, args, { fileId, signal }, block.chunks);
}
