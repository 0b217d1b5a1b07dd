/**
 * One download from first byte to last, across replicas: finds a storage, checks what it announces, and when a
 * connection breaks resumes at the byte reached. A file that can change is not resumed after a failure: the rest might
 * be of another version. It is resumed only for a reader that idled, at the same storage, and while its size and time
 * of change there are the same.
 */
import { raceAbort } from '../../core/base/abort.js';
import { FastDFSError, ProtocolError, ServerError, TimeoutError } from '../../core/base/errors.js';
import { reportProgress } from '../../core/base/progress.js';
import type { Attempt, Engine } from '../../core/cluster/engine.js';
import { isFailoverable, withRetry } from '../../core/cluster/failover.js';
import {
  type ContentCrc,
  type ContentSums,
  formatCrc32,
  matchesContent,
  startCrc,
} from '../../core/files/content-crc.js';
import { findStorage } from '../../core/files/locate.js';
import { queryInfoAt } from '../../core/files/stat.js';
import { type Address, sameAddress } from '../../core/model/address.js';
import { type FileIdParts, readFileId, type SplitFileId, splitFileId } from '../../core/model/file-id.js';
import { NORMAL_NAME_LENGTH } from '../../core/model/limits.js';
import { type ContentSink, ReceiveExchange } from '../../core/net/receive-exchange.js';
import { STATUS_EINVAL } from '../../core/protocol/constants.js';
import { downloadFile, type FileInfo } from '../../core/protocol/storage-commands.js';
import type { DownloadSettings } from './options.js';

/** A download that breaks more often than this, however far it gets each time, is given up. */
const MAX_BREAKS = 32;

/** Where a download goes. */
export interface DownloadSink extends Pick<ContentSink, 'retainsChunks' | 'allocate'> {
  /** Its reader may take nothing for long. */
  readonly mayIdle: boolean;
  /** Once, before the first byte: how many will come. */
  onStart(bytes: number): void;
  /** Returning false pauses until {@link Download.resume}. */
  onContent(slice: Buffer): boolean;
}

/** The state of a file that can change, at one storage. */
interface Version {
  readonly address: Address;
  readonly size: number;
  readonly modifiedAt: Date;
}

export class Download implements ContentSink {
  readonly #engine: Engine;
  readonly #fileId: string;
  readonly #name: SplitFileId;
  readonly #sink: DownloadSink;
  readonly #settings: DownloadSettings;
  readonly #start: number;
  /** Inclusive; undefined for all that there is. */
  #end: number | undefined;
  /** What the id holds, or undefined for files whose size only the server knows. */
  readonly #ordinary: FileIdParts | undefined;
  readonly #mutable: boolean;
  /** Of a file that can change; known before its content where the reader may idle. */
  #version: Version | undefined;
  readonly #first: Address | undefined;
  #onlyStorage: Promise<Address> | undefined;
  #exchange: ReceiveExchange<unknown> | undefined;
  /** Bytes that will come in all, once that is known. */
  #total: number | undefined;
  #received = 0;
  #attempts = 0;
  #crc: ContentCrc | undefined;
  /** The sink is full, and has not called {@link resume} yet. */
  #full = false;
  #onDrain: (() => void) | undefined;
  /** What the caller's own code threw. */
  #failure: { error: unknown } | undefined;
  /** What ended the last attempt. */
  #interruption: unknown;

  /**
   * @param settings checked
   * @param first the storage to try first; default: the one that the trackers name
   * @throws ArgumentError for a malformed id
   */
  constructor(
    engine: Engine,
    fileId: string,
    settings: DownloadSettings,
    sink: DownloadSink,
    first?: Address,
  ) {
    this.#first = first;
    this.#engine = engine;
    this.#fileId = fileId;
    const parsed = hasSizeInId(fileId) ? readFileId(fileId) : undefined;
    this.#name = parsed ?? splitFileId(fileId);
    this.#sink = sink;
    this.#settings = settings;
    this.#start = settings.start ?? 0;
    this.#end = settings.end === Number.POSITIVE_INFINITY ? undefined : settings.end;
    this.#mutable = parsed?.kind === 'appender';
    this.#ordinary = parsed?.kind === 'normal' ? parsed : undefined;
    const size = this.#ordinary?.size;
    if (size !== undefined) this.#total = this.#clamp(size);
    if ((settings.verify ?? true) && size !== undefined && this.#total === size) {
      this.#crc = startCrc(engine, this.#ordinary?.time);
    }
  }

  get resumable(): boolean {
    return !this.#mutable || this.#version !== undefined;
  }

  get retainsChunks(): boolean {
    return this.#sink.retainsChunks;
  }

  allocate(): Buffer | undefined {
    return this.#sink.allocate();
  }

  /**
   * Runs to the last byte: as long as each round over the replicas brings some of it, there is another. Rejects with a
   * typed error, with the signal's reason, or with what `onProgress` threw.
   */
  async run(): Promise<void> {
    // By protocol an empty range cannot be asked for; whether the file exists still has to be.
    if (this.#total === 0) {
      await this.#queryInfo();
      this.#startEmpty();
    } else {
      await this.#receiveAll();
    }
    if (this.#failure) throw this.#failure.error;
    await this.#verify();
  }

  /** The sink has room again. */
  resume(): void {
    this.#full = false;
    this.#onDrain?.();
    this.#exchange?.resume();
  }

  onLength(length: number): void {
    const left = this.#total === undefined ? undefined : this.#total - this.#received;
    const most = this.#end === undefined ? undefined : this.#end - this.#start + 1;
    if ((left !== undefined && length !== left) || (most !== undefined && length > most)) {
      throw new ProtocolError(
        `The storage announces ${length} bytes of ${this.#fileId}; expected ${left ?? `at most ${most}`}`,
        { code: 'FASTDFS_SIZE_MISMATCH' },
      );
    }
    if (this.#received === 0) {
      this.#total = length;
      this.#sink.onStart(length);
    }
  }

  onContent(slice: Buffer): boolean {
    this.#received += slice.length;
    this.#crc?.add(slice);
    this.#full = !this.#sink.onContent(slice);
    this.#report();
    return !this.#full;
  }

  async #receiveAll(): Promise<void> {
    for (let breaks = 0; ; ) {
      const before = this.#received;
      try {
        return await this.#read((address) => this.#receive(address));
      } catch (error) {
        if (this.#failure) throw this.#failure.error;
        const progressed = this.#received > before && breaks < MAX_BREAKS;
        if (isReaderIdle(error) && this.resumable) await this.#waitForDrain();
        else if (!this.#mutable && progressed && isFailoverable(error)) breaks++;
        else if (!(await this.#resolveRange(error))) throw error;
        if (this.#total === 0) return;
      }
    }
  }

  async #receive(address: Address): Promise<void> {
    if (this.#mutable && this.#sink.mayIdle) await this.#checkVersion(address);
    if (await this.#startsBehindEnd(address)) return this.#startEmpty();
    const { signal } = this.#settings;
    const checkout = this.#engine.checkout(address, signal);
    const { pool, connection } = checkout instanceof Promise ? await checkout : checkout;
    const offset = this.#start + this.#received;
    const bytes = this.#total === undefined ? this.#requested() : this.#total - this.#received;
    const options = { fileId: this.#fileId, signal, retries: this.#attempts++ };
    const { group, remoteFilename } = this.#name;
    const args = { group, remoteFilename, offset, bytes };
    const exchange = new ReceiveExchange(pool, connection, downloadFile, args, this, options);
    this.#exchange = exchange as ReceiveExchange<unknown>;
    try {
      await exchange.done;
    } catch (error) {
      // All of it has come, so there is nothing to resume; of a file that can change the rest may be of another version.
      const over = this.#received === this.#total || (this.#received > 0 && this.#mutable);
      // A reader that idles would do so at the next storage, too.
      if ((over || isReaderIdle(error)) && error instanceof FastDFSError) error.retryable = false;
      this.#interruption = error;
      throw error;
    } finally {
      this.#exchange = undefined;
    }
  }

  /**
   * Finds the end of a range without one. Storages before 6.15.4 do not check where such a range starts: behind the end they
   * answer with a negative length, or with less than a header.
   */
  async #startsBehindEnd(address: Address): Promise<boolean> {
    if (this.#total !== undefined || this.#end !== undefined || this.#start === 0) return false;
    const { size } = this.#version ?? (await this.#queryInfoAt(address));
    if (size > this.#start) this.#end = size - 1;
    else this.#total = 0;
    return this.#total === 0;
  }

  /**
   * Notes the version of a file that can change before its first byte, and compares it before its further ones.
   * @throws what interrupted the download, when the file has changed since
   */
  async #checkVersion(address: Address): Promise<void> {
    const { size, modifiedAt } = await this.#queryInfoAt(address);
    const known = this.#version;
    if (known === undefined || this.#received === 0) {
      this.#version = { address, size, modifiedAt };
      return;
    }
    // Replicas have times of their own.
    if (!sameAddress(known.address, address)) throw this.#interruption;
    if (known.size === size && known.modifiedAt.getTime() === modifiedAt.getTime()) return;
    this.#version = undefined;
    if (this.#interruption instanceof FastDFSError) this.#interruption.retryable = false;
    throw this.#interruption;
  }

  /**
   * Status 22 stands for several things; the size of the file decides. Returns true when the download may go on with
   * the range that it has.
   */
  async #resolveRange(error: unknown): Promise<boolean> {
    const unclear = error instanceof ServerError && error.serverStatus === STATUS_EINVAL;
    if (!unclear || this.#total !== undefined) return false;
    const { size } = await this.#queryInfo();
    this.#total = this.#clamp(size);
    if (this.#total > 0) return this.#total < this.#requested();
    this.#startEmpty();
    return true;
  }

  #startEmpty(): void {
    this.#sink.onStart(0);
    this.#report();
  }

  #queryInfo(): Promise<FileInfo> {
    return this.#read((address, retries) => this.#queryInfoAt(address, retries));
  }

  #queryInfoAt(address: Address, retries = this.#attempts): Promise<FileInfo> {
    const options = { fileId: this.#fileId, signal: this.#settings.signal, retries };
    return queryInfoAt(this.#engine, address, this.#name, true, options);
  }

  /** Tries the replicas one after the other, or the one storage that was asked for. */
  async #read<T>(run: Attempt<T>): Promise<T> {
    const { signal, storage } = this.#settings;
    const options = { fileId: this.#fileId, signal };
    if (storage === undefined) return await this.#engine.read(this.#name, options, run, this.#first);
    this.#onlyStorage ??= findStorage(this.#engine, this.#name.group, storage, options);
    const address = await this.#onlyStorage;
    let retries = 0;
    return await withRetry(this.#engine.options.retry, signal, () => run(address, retries++));
  }

  /** Bytes asked for; 0 for all that there are, as in the protocol. */
  #requested(): number {
    return this.#end === undefined ? 0 : this.#end - this.#start + 1;
  }

  #clamp(size: number): number {
    const stop = this.#end === undefined ? size : Math.min(size, this.#end + 1);
    return Math.max(0, stop - this.#start);
  }

  async #waitForDrain(): Promise<void> {
    const { signal } = this.#settings;
    if (this.#full) {
      const drained = new Promise<void>((resolve) => {
        this.#onDrain = resolve;
      });
      await raceAbort(drained, signal);
      this.#onDrain = undefined;
    }
    signal?.throwIfAborted();
  }

  #report(): void {
    reportProgress(this.#settings.onProgress, this.#received, this.#total, (error) => {
      this.#failure ??= { error };
      this.#exchange?.abort(error);
    });
  }

  async #verify(): Promise<void> {
    if (!this.#crc || !this.#ordinary) return;
    await verifyContent(this.#engine, this.#fileId, this.#ordinary, this.#crc, this.#settings.signal);
  }
}

/** @throws ProtocolError when the sums are not those of the file that `stored` names */
export async function verifyContent(
  engine: Engine,
  fileId: string,
  stored: FileIdParts,
  sums: ContentSums,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (await matchesContent(engine, sums, stored, { fileId, signal })) return;
  const [expected, actual] = [stored.crc32, sums.value].map(formatCrc32);
  throw new ProtocolError(`Checksum mismatch: expected CRC-32 ${expected} of ${fileId}, got ${actual}`, {
    code: 'FASTDFS_CHECKSUM_MISMATCH',
    fileId,
    command: downloadFile.name,
  });
}

/** Returns what the id of an ordinary file holds; undefined for files whose size only the server knows. */
export function readOrdinary(fileId: string): FileIdParts | undefined {
  const parsed = hasSizeInId(fileId) ? readFileId(fileId) : undefined;
  return parsed?.kind === 'normal' ? parsed : undefined;
}

function isReaderIdle(error: unknown): boolean {
  return error instanceof TimeoutError && error.phase === 'idle';
}

/** Slaves of masters with long extensions may have names too short to hold what names usually hold. */
function hasSizeInId(fileId: string): boolean {
  return typeof fileId === 'string' && fileId.length - fileId.indexOf('/') > NORMAL_NAME_LENGTH;
}
