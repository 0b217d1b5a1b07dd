/** Options of uploads, as callers write them, and what they mean: where the content goes and how. */
import path from 'node:path';
import { ArgumentError } from '../../core/base/errors.js';
import type { OnProgress } from '../../core/base/progress.js';
import {
  booleanOption,
  CALL_OPTIONS,
  type CallOptions,
  type Checks,
  checkOptions,
  enumOption,
  functionOption,
  integerOption,
  objectOption,
  stringOption,
} from '../../core/base/validate.js';
import type { Engine } from '../../core/cluster/engine.js';
import { checkGroup, parseFileId } from '../../core/model/file-id.js';
import { MAX_BLOCK_BYTES } from '../../core/model/limits.js';
import { encodeMetadata, type Metadata } from '../../core/model/metadata.js';
import { checkExtension, checkSlave, deriveSafeExtension } from '../../core/model/names.js';
import { AppendedUpload } from './appended-upload.js';
import type { FinalizeBy } from './copy.js';
import { type Destination, type NewFile, NewFileDestination, NewSlaveDestination } from './destination.js';
import type { UploadEvents, UploadSession } from './session.js';
import { SizedUpload } from './sized-upload.js';
import { SpooledUpload } from './spool.js';

/** How a file is uploaded. Unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface UploadOptions extends CallOptions {
  /**
   * Name of the file on the user's side: its extension is taken over (`a.tar.gz` → `tar.gz`). Default: that of the file in
   * `uploadFile()`, the `name` of a web `File`, else none.
   */
  filename?: string | undefined;
  /** Keep the last part of `filename` as metadata `filename`. Default false. */
  keepFilename?: boolean | undefined;
  /** Extension, at most 6 characters; goes before the one of `filename`. Default: that one, else none. */
  ext?: string | undefined;
  /** Group to upload to. Default: the client's `group`, else the trackers decide. */
  group?: string | undefined;
  /**
   * Exact number of bytes to come. Content of another length fails with `FASTDFS_SIZE_MISMATCH`. Default: what the source
   * knows of its length, if it does.
   */
  size?: number | undefined;
  /** Stored with the file; keys of at most 64, values of at most 256 bytes. Default: none. */
  metadata?: Metadata | undefined;
  /** Make an appender file, which can be appended to, modified and truncated. Default false. */
  appender?: boolean | undefined;
  /**
   * What to do without `size`. `spool`, the default: what ends inside the first block is uploaded from memory; more waits in a
   * temporary file without a name, then goes as one upload. `stream`: block by block into an appender file, for what
   * is too large or never ends. `memory`: all of it in memory first. `reject`: fail with `FASTDFS_SIZE_UNKNOWN`. Slave files
   * are never streamed: servers take them in one piece, so `stream` is `spool` for them.
   */
  whenSizeUnknown?: 'spool' | 'stream' | 'memory' | 'reject' | undefined;
  /**
   * What becomes of the appender file of `whenSizeUnknown: 'stream'`: it stays one (false, the default), or its content is
   * stored as an ordinary file by `copy`, or it is renamed to one, which stops the replication of its group for about 5 s.
   */
  finalize?: FinalizeBy | false | undefined;
  /** Bytes of a block: what stays in memory with `spool`, and goes in one request with `stream`. Default 1 MiB. */
  blockBytes?: number | undefined;
  /** Compare CRC-32 and size with those that the storage computed; a difference fails with `FASTDFS_CHECKSUM_MISMATCH`. Default true. */
  verify?: boolean | undefined;
  /** Called when content has been handed to a storage. What it throws fails the upload. Default: none. */
  onProgress?: OnProgress | undefined;
}

/** What each option of an upload must be. */
export const UPLOAD_OPTIONS: Checks<UploadOptions> = {
  filename: stringOption,
  keepFilename: booleanOption,
  ext: stringOption,
  group: stringOption,
  size: integerOption(),
  metadata: objectOption,
  appender: booleanOption,
  whenSizeUnknown: enumOption('spool', 'stream', 'memory', 'reject'),
  finalize: enumOption('copy', 'rename', false),
  blockBytes: integerOption(1, MAX_BLOCK_BYTES),
  verify: booleanOption,
  onProgress: functionOption,
  ...CALL_OPTIONS,
};

/** @throws ArgumentError (`FASTDFS_ARGUMENT`) naming the option */
export function checkUploadOptions(options: UploadOptions | undefined): void {
  checkOptions('upload()', options, UPLOAD_OPTIONS);
}

/** @throws ArgumentError (`FASTDFS_SIZE_UNKNOWN`) when the size is needed and not known */
export function assertSizeKnown({ size, whenSizeUnknown }: UploadOptions): void {
  if (size !== undefined || whenSizeUnknown !== 'reject') return;
  throw new ArgumentError("The size of the content is not known, and whenSizeUnknown is 'reject'", {
    code: 'FASTDFS_SIZE_UNKNOWN',
  });
}

/** @throws ArgumentError (`FASTDFS_SIZE_MISMATCH`) when content in memory is not as long as announced */
export function assertContentSize({ size }: UploadOptions, actual: number): void {
  if (size === undefined || size === actual) return;
  throw new ArgumentError(`The upload was announced with ${size} bytes, and the content has ${actual}`, {
    code: 'FASTDFS_SIZE_MISMATCH',
  });
}

/** A slave belongs to a master and gets its name from it. */
export interface SlaveTarget {
  master: string;
  prefix: string;
}

const DEFAULT_BLOCK_BYTES = 1024 * 1024;

/** An upload whose options have been checked. */
export class UploadPlan {
  readonly metadata: Metadata | undefined;
  readonly verify: boolean;
  readonly #engine: Engine;
  readonly #options: UploadOptions;
  readonly #slave: (SlaveTarget & { ext: string }) | undefined;
  readonly #file: NewFile;

  /** @throws ArgumentError naming the option; nothing has been sent by then */
  constructor(engine: Engine, options: UploadOptions, slave?: SlaveTarget) {
    checkUploadOptions(options);
    const { appender = false } = options;
    if (slave && appender) throw new ArgumentError('`appender`: a slave file cannot be an appender file');
    this.metadata = resolveMetadata(options);
    this.verify = options.verify ?? true;
    const ext = resolveExtension(options, slave);
    const group = options.group === undefined ? engine.options.group : checkGroup(options.group);
    if (slave) checkSlave(parseFileId(slave.master).remoteFilename, slave.prefix, ext);
    this.#engine = engine;
    this.#options = options;
    this.#slave = slave && { ...slave, ext };
    this.#file = { group, ext, appender };
  }

  /** Where the content goes. */
  destination(signal: AbortSignal | undefined, file = this.#file): Destination {
    const slave = this.#slave;
    return slave
      ? new NewSlaveDestination(this.#engine, slave, { signal, fileId: slave.master })
      : new NewFileDestination(this.#engine, file, { signal });
  }

  /** Starts the upload of content that arrives piece by piece. Sends nothing yet. */
  start(events: UploadEvents): UploadSession {
    const { size, whenSizeUnknown = 'spool', finalize = false } = this.#options;
    const blockBytes = this.#options.blockBytes ?? DEFAULT_BLOCK_BYTES;
    const search = new AbortController();
    const plain = this.destination(search.signal);
    if (size !== undefined) return new SizedUpload(this.#engine, plain, size, search, events);
    if (whenSizeUnknown === 'stream' && !this.#slave) {
      const streamed = { blockBytes, finalize: this.#file.appender ? (false as const) : finalize };
      const appender = this.destination(search.signal, { ...this.#file, appender: true });
      return new AppendedUpload(this.#engine, plain, appender, streamed, search, events);
    }
    const memoryBytes = whenSizeUnknown === 'memory' ? Number.POSITIVE_INFINITY : blockBytes;
    return new SpooledUpload(this.#engine, plain, memoryBytes, search, events);
  }
}

function resolveMetadata({ metadata, filename, keepFilename }: UploadOptions): Metadata | undefined {
  const kept = keepFilename && filename !== undefined ? { filename: path.basename(filename) } : undefined;
  if (!metadata && !kept) return undefined;
  const all = { ...kept, ...metadata };
  encodeMetadata(all);
  return all;
}

function resolveExtension({ ext, filename }: UploadOptions, slave: SlaveTarget | undefined): string {
  if (ext !== undefined) return checkExtension(ext);
  if (filename !== undefined) return deriveSafeExtension(filename);
  return slave ? parseFileId(slave.master).extension : '';
}
