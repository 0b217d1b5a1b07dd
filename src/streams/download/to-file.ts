/** Downloads into memory or into a local file. */
import { constants } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { onAbort } from '../../core/base/abort.js';
import { ArgumentError } from '../../core/base/errors.js';
import { isDirectory } from '../../core/base/local-errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { splitFileId } from '../../core/model/file-id.js';
import { Download, type DownloadSettings, type DownloadSink } from './download.js';
import { FileSink } from './file-sink.js';
import { Slabs } from './slabs.js';

/** A file that was downloaded to a local one. */
export interface DownloadedFile {
  /** Where it lies, as it was given. */
  path: string;
  /** Bytes. */
  size: number;
}

/** Up to this size memory is taken at once because a server says so; beyond it only as content arrives. */
const TRUSTED_BYTES = 1024 * 1024;

/** Few large reads where all of it is wanted anyway. */
const LARGE_PIECES = 512 * 1024;

class BufferSink implements DownloadSink {
  readonly #fileId: string;
  readonly #slices: Buffer[] = [];
  /** One of these two, from the start on. */
  #whole: Buffer | undefined;
  #slabs: Slabs | undefined;
  #filled = 0;

  constructor(fileId: string) {
    this.#fileId = fileId;
  }

  onStart(bytes: number): void {
    if (bytes > constants.MAX_LENGTH) {
      throw new ArgumentError(`${bytes} bytes do not fit into one Buffer; use createDownloadStream()`, {
        fileId: this.#fileId,
      });
    }
    if (bytes <= TRUSTED_BYTES) this.#whole = Buffer.allocUnsafe(bytes);
    else this.#slabs = new Slabs(LARGE_PIECES, LARGE_PIECES);
  }

  get retainsChunks(): boolean {
    return this.#slabs !== undefined;
  }

  allocate(): Buffer | undefined {
    if (this.#slabs) return this.#slabs.allocate();
    // Not for the last byte: a read that ended with the memory could not tell when more comes than was announced.
    const left = this.#whole!.subarray(this.#filled, -1);
    return left.length > 0 ? left : undefined;
  }

  onContent(slice: Buffer): boolean {
    if (this.#whole) {
      if (slice.buffer !== this.#whole.buffer) slice.copy(this.#whole, this.#filled);
      this.#filled += slice.length;
    } else {
      this.#slices.push(slice);
      this.#slabs?.handedOver(slice, true);
    }
    return true;
  }

  result(): Buffer {
    return this.#whole ?? Buffer.concat(this.#slices);
  }
}

export async function downloadBuffer(
  engine: Engine,
  fileId: string,
  settings: DownloadSettings,
): Promise<Buffer> {
  settings.signal?.throwIfAborted();
  const sink = new BufferSink(fileId);
  await new Download(engine, fileId, settings, sink).run();
  return sink.result();
}

/**
 * Writes to a temporary name in the same folder and renames at the end: nobody ever sees half a file, and a
 * file that was there before stays until the new one is whole. Devices and pipes are written to as they are.
 */
export async function downloadToFile(
  engine: Engine,
  fileId: string,
  target: string | undefined,
  settings: DownloadSettings,
): Promise<DownloadedFile> {
  const file = target ?? path.posix.basename(splitFileId(fileId).remoteFilename);
  const present = await stat(file).catch(() => undefined);
  if (present?.isDirectory()) throw isDirectory(file, 'open');
  const replace = present === undefined || present.isFile();
  const name = `.${path.basename(file)}.${randomBytes(6).toString('hex')}.part`;
  const written = replace ? path.join(path.dirname(file), name) : file;
  settings.signal?.throwIfAborted();
  const handle = await open(written, replace ? 'wx' : 'w');
  try {
    const size = await downloadInto(engine, fileId, settings, handle).finally(() => handle.close());
    if (replace) await rename(written, file);
    return { path: file, size };
  } catch (error) {
    if (replace) await rm(written, { force: true });
    throw error;
  }
}

async function downloadInto(
  engine: Engine,
  fileId: string,
  settings: DownloadSettings,
  file: FileHandle,
): Promise<number> {
  const stop = new AbortController();
  const fail = (error: unknown) => stop.abort(error);
  const release = onAbort(settings.signal, fail);
  const sink = new FileSink(file, fail, () => download.resume());
  const download = new Download(engine, fileId, { ...settings, signal: stop.signal }, sink);
  try {
    await download.run();
    await sink.finish();
    stop.signal.throwIfAborted();
    return sink.written;
  } finally {
    release();
    await sink.finish();
  }
}
