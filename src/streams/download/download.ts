/**
 * One download from first byte to last, across replicas: finds a storage, checks what it announces, and when a
 * connection breaks goes on at the byte reached. Files that can change are not resumed: the rest might be of
 * another version.
 */
import { crc32 } from 'node:zlib';
import { raceAbort } from '../../core/base/abort.js';
import { ArgumentError, FastDFSError, ProtocolError, ServerError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { isFailoverable } from '../../core/cluster/failover.js';
import type { Address } from '../../core/model/address.js';
import { type FileIdParts, readFileId, type SplitFileId, splitFileId } from '../../core/model/file-id.js';
import { NORMAL_NAME_LENGTH } from '../../core/model/limits.js';
import { type ContentSink, ReaderIdleError, ReceiveExchange } from '../../core/net/receive-exchange.js';
import { STATUS_EINVAL } from '../../core/protocol/constants.js';
import { downloadFile, type FileInfo, queryFileInfo } from '../../core/protocol/storage-commands.js';

/** Which bytes of a file, both ends included. */
export interface DownloadRange {
  /** First byte, from 0. Default 0. */
  start?: number | undefined;
  /** Last byte, inclusive. Default: the end of the file. */
  end?: number | undefined;
}

/** Which bytes to fetch, and whether to check them. */
export interface DownloadSettings extends DownloadRange {
  /** Compare the CRC-32 of a whole ordinary file with the one in its id. Default true. */
  verify?: boolean | undefined;
  /** Ends the download; it fails with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined;
}

/** A download that breaks more often than this, however far it gets each time, is given up. */
const MAX_BREAKS = 32;

/** Where a download goes. */
export interface DownloadSink extends Pick<ContentSink, 'retainsChunks' | 'allocate'> {
  /** Once, before the first byte: how many will come. */
  onStart(bytes: number): void;
  /** Returning false pauses until {@link Download.resume}. */
  onContent(slice: Buffer): boolean;
}

export class Download implements ContentSink {
  readonly #engine: Engine;
  readonly #fileId: string;
  readonly #name: SplitFileId;
  readonly #sink: DownloadSink;
  readonly #start: number;
  readonly #end: number | undefined;
  readonly #signal: AbortSignal | undefined;
  /** What the id tells, or undefined for files whose size only the server knows. */
  readonly #ordinary: FileIdParts | undefined;
  readonly #resumable: boolean;
  #exchange: ReceiveExchange<unknown> | undefined;
  /** Bytes that will come in all, once that is known. */
  #total: number | undefined;
  #received = 0;
  #attempts = 0;
  #crc: number | undefined;
  /** The sink has said that it is full, and not yet that it has room. */
  #full = false;
  #wake: (() => void) | undefined;

  /** @throws ArgumentError for a malformed id or range */
  constructor(engine: Engine, fileId: string, settings: DownloadSettings, sink: DownloadSink) {
    this.#engine = engine;
    this.#fileId = fileId;
    const parsed = tells(fileId) ? readFileId(fileId) : undefined;
    this.#name = parsed ?? splitFileId(fileId);
    this.#sink = sink;
    this.#signal = settings.signal;
    this.#start = checkOffset('start', settings.start ?? 0);
    this.#end =
      settings.end === undefined || settings.end === Number.POSITIVE_INFINITY
        ? undefined
        : checkOffset('end', settings.end);
    if (this.#end !== undefined && this.#end < this.#start) {
      throw new ArgumentError(`\`end\` (${this.#end}) is before \`start\` (${this.#start})`, { fileId });
    }
    this.#resumable = parsed?.kind !== 'appender';
    this.#ordinary = parsed?.kind === 'normal' ? parsed : undefined;
    const size = this.#ordinary?.size;
    if (size !== undefined) this.#total = this.#clamp(size);
    if ((settings.verify ?? true) && size !== undefined && this.#total === size) this.#crc = 0;
  }

  get resumable(): boolean {
    return this.#resumable;
  }

  get retainsChunks(): boolean {
    return this.#sink.retainsChunks;
  }

  allocate(): Buffer | undefined {
    return this.#sink.allocate();
  }

  /**
   * Runs to the last byte: as long as each round over the replicas brings some of it, there is another. Rejects with a
   * typed error, or with the signal's reason.
   */
  async run(): Promise<void> {
    // By protocol an empty range cannot be asked for; whether the file exists still has to be.
    if (this.#total === 0) {
      await this.#info();
      this.#sink.onStart(0);
      return;
    }
    for (let breaks = 0; ; ) {
      const before = this.#received;
      try {
        await this.#engine.read(this.#name, { signal: this.#signal }, (address) => this.#receive(address));
        break;
      } catch (error) {
        if (error instanceof ReaderIdleError && this.#resumable) await this.#woken();
        else if (this.#resumable && this.#received > before && breaks < MAX_BREAKS && isFailoverable(error))
          breaks++;
        else if (!(await this.#explained(error))) throw error;
        if (this.#total === 0) return;
      }
    }
    this.#verify();
  }

  /** The sink has room again. */
  resume(): void {
    this.#full = false;
    this.#wake?.();
    this.#exchange?.resume();
  }

  onLength(length: number): void {
    const left = this.#total === undefined ? undefined : this.#total - this.#received;
    const most = this.#end === undefined ? undefined : this.#end - this.#start + 1;
    if ((left !== undefined && length !== left) || (most !== undefined && length > most)) {
      throw new ProtocolError(
        `The storage announces ${length} bytes of ${this.#fileId}; ${left ?? `at most ${most}`} were expected`,
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
    if (this.#crc !== undefined) this.#crc = crc32(slice, this.#crc);
    this.#full = !this.#sink.onContent(slice);
    return !this.#full;
  }

  async #receive(address: Address): Promise<void> {
    const leased = this.#engine.checkout(address, this.#signal);
    const { pool, connection } = leased instanceof Promise ? await leased : leased;
    const offset = this.#start + this.#received;
    const bytes = this.#total === undefined ? this.#requested() : this.#total - this.#received;
    const options = { fileId: this.#fileId, signal: this.#signal, retries: this.#attempts++ };
    const { group, remoteFilename } = this.#name;
    const args = { group, remoteFilename, offset, bytes };
    const exchange = new ReceiveExchange(pool, connection, downloadFile, args, this, options);
    this.#exchange = exchange as ReceiveExchange<unknown>;
    try {
      await exchange.done;
    } catch (error) {
      // All of it has come, so there is nothing to go on with; of a file that can change the rest may be another's.
      const over = this.#received === this.#total || (this.#received > 0 && !this.#resumable);
      if (over && error instanceof FastDFSError) error.retryable = false;
      throw error;
    } finally {
      this.#exchange = undefined;
    }
  }

  /**
   * Status 22 stands for several things; the size of the file tells which. True when the download may go on with
   * what has been learnt.
   */
  async #explained(error: unknown): Promise<boolean> {
    const unclear = error instanceof ServerError && error.serverStatus === STATUS_EINVAL;
    if (!unclear || this.#total !== undefined) return false;
    const { size } = await this.#info();
    this.#total = this.#clamp(size);
    if (this.#total > 0) return this.#total < this.#requested();
    this.#sink.onStart(0);
    return true;
  }

  #info(): Promise<FileInfo> {
    const options = { fileId: this.#fileId, signal: this.#signal };
    const args = { ...this.#name, withoutCrc: true, silent: true };
    return this.#engine.read(this.#name, options, (address, retries) =>
      this.#engine.callAt(address, queryFileInfo, args, { ...options, retries }),
    );
  }

  /** Bytes asked for; 0 for all that there are, as the protocol has it. */
  #requested(): number {
    return this.#end === undefined ? 0 : this.#end - this.#start + 1;
  }

  #clamp(size: number): number {
    const stop = this.#end === undefined ? size : Math.min(size, this.#end + 1);
    return Math.max(0, stop - this.#start);
  }

  /** Until the sink has room again, or nobody wants the rest. */
  async #woken(): Promise<void> {
    if (this.#full) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await raceAbort(woken, this.#signal);
      this.#wake = undefined;
    }
    this.#signal?.throwIfAborted();
  }

  #verify(): void {
    if (this.#crc === undefined || this.#crc === this.#ordinary?.crc32) return;
    throw new ProtocolError(
      `What came is not what was stored: CRC-32 ${this.#crc.toString(16)} instead of ${this.#ordinary?.crc32?.toString(16)}`,
      { code: 'FASTDFS_CHECKSUM_MISMATCH', fileId: this.#fileId, command: downloadFile.name },
    );
  }
}

/** Slaves of masters with long extensions may have names too short to hold what names usually tell. */
function tells(fileId: string): boolean {
  return typeof fileId === 'string' && fileId.length - fileId.indexOf('/') > NORMAL_NAME_LENGTH;
}

function checkOffset(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ArgumentError(`\`${name}\` must be an integer from 0 on, not ${String(value)}`);
  }
  return value;
}
