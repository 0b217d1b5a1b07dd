/** Downloads into memory. */
import { constants } from 'node:buffer';
import { ArgumentError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { Download, type DownloadSink } from './download.js';
import { checkDownloadSettings, type DownloadSettings } from './options.js';
import { SlabAllocator } from './slabs.js';

/** Up to this size memory is allocated as soon as a server announces it; beyond it only as content arrives. */
const TRUSTED_BYTES = 1024 * 1024;

/** Few large reads where all of it is wanted anyway. */
const LARGE_PIECE_BYTES = 512 * 1024;

class BufferSink implements DownloadSink {
  readonly mayIdle = false;
  readonly #fileId: string;
  readonly #slices: Buffer[] = [];
  /** One of these two, from the start on. */
  #whole: Buffer | undefined;
  #slabs: SlabAllocator | undefined;
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
    else this.#slabs = new SlabAllocator(LARGE_PIECE_BYTES, LARGE_PIECE_BYTES);
  }

  get retainsChunks(): boolean {
    return this.#slabs !== undefined;
  }

  allocate(): Buffer | undefined {
    if (this.#slabs) return this.#slabs.allocate();
    // Not for the last byte: a read that ended with the memory could not show whether more comes than was announced.
    const left = this.#whole!.subarray(this.#filled, -1);
    return left.length > 0 ? left : undefined;
  }

  onContent(slice: Buffer): boolean {
    if (this.#whole) {
      if (slice.buffer !== this.#whole.buffer) slice.copy(this.#whole, this.#filled);
      this.#filled += slice.length;
    } else {
      this.#slices.push(slice);
      this.#slabs?.commit(slice, true);
    }
    return true;
  }

  result(): Buffer {
    return this.#whole ?? Buffer.concat(this.#slices);
  }
}

export async function downloadToBuffer(
  engine: Engine,
  fileId: string,
  settings: DownloadSettings | undefined,
): Promise<Buffer> {
  checkDownloadSettings('download()', settings);
  settings?.signal?.throwIfAborted();
  const sink = new BufferSink(fileId);
  await new Download(engine, fileId, settings ?? {}, sink).run();
  return sink.result();
}
