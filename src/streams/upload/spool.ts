/**
 * An upload of unknown length that becomes one request: its content is gathered first, in memory and, beyond one block, in
 * a temporary file. Nothing reaches a server before the source has ended.
 */

import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { FastDFSError } from '../../core/base/errors.js';
import { LeftoverCleaner } from '../../core/base/leftovers.js';
import type { Engine } from '../../core/cluster/engine.js';
import { type Block, BlockBuffer } from '../append/block-buffer.js';
import type { Destination } from './destination.js';
import { readContent } from './local-file.js';
import { type Placed, type RollbackResult, rollbackPending } from './rollback.js';
import type { UploadEvents, UploadSession } from './session.js';

export class SpooledUpload implements UploadSession {
  readonly #engine: Engine;
  readonly #destination: Destination;
  readonly #events: UploadEvents;
  readonly #search: AbortController;
  readonly #blocks: BlockBuffer;
  #spool: Promise<Spool> | undefined;
  #finishing: Promise<Placed> | undefined;

  /** @param memoryBytes beyond this the content goes to a temporary file; Infinity: never */
  constructor(
    engine: Engine,
    destination: Destination,
    memoryBytes: number,
    search: AbortController,
    events: UploadEvents,
  ) {
    this.#engine = engine;
    this.#destination = destination;
    this.#search = search;
    this.#events = events;
    this.#blocks = new BlockBuffer(
      memoryBytes,
      (block) => this.#store(block),
      (error) => events.onFailure(error),
    );
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    this.#blocks.write(chunks, done);
  }

  finish(): Promise<Placed> {
    this.#finishing = this.#finish().finally(() => this.#close());
    return this.#finishing;
  }

  async rollback(reason: unknown): Promise<RollbackResult> {
    this.#search.abort(reason);
    await this.#blocks.drop();
    const result = this.#finishing
      ? await rollbackPending(this.#engine, this.#finishing)
      : { removed: false };
    await this.#close();
    return result;
  }

  async #finish(): Promise<Placed> {
    const last = await this.#blocks.end();
    if (!this.#spool) {
      const placed = await this.#destination.send(last.chunks, last.size);
      this.#events.onSent(last.size, last.size);
      return placed;
    }
    if (last.size > 0) await this.#store(last);
    const spool = await this.#spool;
    let reported = 0;
    return await this.#destination.sendFrom(spool.size, (write) => {
      let sent = 0;
      return spool.read(async (chunk) => {
        await write(chunk);
        sent += chunk.length;
        // Another attempt begins from the start; progress does not go back.
        if (sent > reported) this.#events.onSent(sent, spool.size);
        reported = Math.max(reported, sent);
      });
    });
  }

  async #store({ chunks, size }: Block): Promise<void> {
    this.#search.signal.throwIfAborted();
    this.#spool ??= Spool.open(this.#engine);
    await (await this.#spool).write(chunks, size);
  }

  async #close(): Promise<void> {
    const spool = await this.#spool?.catch(() => undefined);
    await spool?.close();
  }
}

const PREFIX = 'fastdfs-spool-';
const NAME = /^fastdfs-spool-(\d+)-[0-9a-f]+$/;

/** Bytes that the uploads of each client keep in spool files. */
const usedBytes = new WeakMap<Engine, number>();
/** For the files of processes that were killed before their spool files lost their names. */
const leftovers = new LeftoverCleaner((name) => {
  const pid = NAME.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
});

export class Spool {
  readonly #engine: Engine;
  readonly #file: FileHandle;
  /** While the file still has a name. */
  readonly #path: string | undefined;
  #size = 0;
  #closed: Promise<void> | undefined;

  private constructor(engine: Engine, file: FileHandle, name: string | undefined) {
    this.#engine = engine;
    this.#file = file;
    this.#path = name;
  }

  /** @throws FastDFSError (`FASTDFS_SPOOL`) */
  static async open(engine: Engine): Promise<Spool> {
    const { directory } = engine.options.spool;
    const { randomBytes } = await import('node:crypto');
    const name = path.join(directory, `${PREFIX}${process.pid}-${randomBytes(8).toString('hex')}`);
    await leftovers.clean(directory);
    try {
      const file = await open(name, 'wx+', 0o600);
      const named = await rm(name).then(
        () => process.platform === 'win32',
        () => true,
      );
      return new Spool(engine, file, named ? name : undefined);
    } catch (cause) {
      throw spoolError(directory, cause);
    }
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** @throws FastDFSError (`FASTDFS_SPOOL`) when the disk is full or fails, and over the limit of the client */
  async write(chunks: readonly Uint8Array[], bytes: number): Promise<void> {
    this.#reserve(bytes);
    try {
      await writeAll(this.#file, chunks, bytes, this.#size - bytes);
    } catch (cause) {
      throw spoolError(this.#engine.options.spool.directory, cause);
    }
  }

  /** Passes on all content from the beginning; may be called again. */
  async read(write: (chunk: Uint8Array) => Promise<void>): Promise<void> {
    await readContent(this.#file, this.#size, 0, write);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    usedBytes.set(this.#engine, (usedBytes.get(this.#engine) ?? 0) - this.#size);
    await this.#file.close().catch(() => undefined);
    if (this.#path !== undefined) await rm(this.#path, { force: true }).catch(() => undefined);
  }

  #reserve(bytes: number): void {
    const { maxBytes } = this.#engine.options.spool;
    const used = (usedBytes.get(this.#engine) ?? 0) + bytes;
    if (used > maxBytes) {
      throw new FastDFSError(
        'FASTDFS_SPOOL',
        `Content of unknown length needs more than the ${maxBytes} bytes of \`spool.maxBytes\`; ` +
          "raise it, give the size, or use whenSizeUnknown: 'stream'",
      );
    }
    usedBytes.set(this.#engine, used);
    this.#size += bytes;
  }
}

async function writeAll(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  bytes: number,
  position: number,
): Promise<void> {
  let left = chunks;
  for (let written = 0; written < bytes; ) {
    const { bytesWritten } = await file.writev(left, position + written);
    written += bytesWritten;
    if (written < bytes) left = skipBytes(left, bytesWritten);
  }
}

/** What is left of the chunks after a write that took only a part of them. */
function skipBytes(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  return chunks.flatMap((chunk) => {
    const from = Math.min(skip, chunk.length);
    skip -= from;
    return from < chunk.length ? [chunk.subarray(from)] : [];
  });
}

function spoolError(directory: string, cause: unknown): FastDFSError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const hint =
    code === 'ENOSPC' ? '; free space or choose another folder with the option `spool.directory`' : '';
  return new FastDFSError(
    'FASTDFS_SPOOL',
    `Content of unknown length could not be kept in ${directory}: ${message}${hint}`,
    { cause },
  );
}
