/** Options of uploads: what callers write, checked once and turned into where and how the content goes. */
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
import { parseFileId } from '../../core/model/file-id.js';
import { MAX_BLOCK_BYTES } from '../../core/model/limits.js';
import { encodeMetadata, type Metadata } from '../../core/model/metadata.js';
import { checkExtension, checkGroup, checkSlave, deriveSafeExtension } from '../../core/model/names.js';
import { StreamedUpload } from './appended-upload.js';
import { type Destination, newFile, newSlave } from './destination.js';
import type { UploadSession } from './rollback.js';
import { SizedUpload } from './sized-upload.js';
import { CollectedUpload } from './spooled-upload.js';

/** How a file is uploaded. Unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface UploadOptions extends CallOptions {
  /**
   * Name of the file on the user's side: its extension is taken over (`a.tar.gz` → `tar.gz`). Default: none;
   * `uploadFile()` has that of the file.
   */
  filename?: string | undefined;
  /** Keep `filename` as metadata `filename`. Default false. */
  keepFilename?: boolean | undefined;
  /** Extension, at most 6 characters; before the one of `filename`. Default: that one, else none. */
  ext?: string | undefined;
  /** Group to upload to. Default: the client's `group`, else the trackers decide. */
  group?: string | undefined;
  /**
   * Exact number of bytes to come, where known: saves a rename on the storage. Default: what the source tells,
   * if it does. Other content fails with `FASTDFS_SIZE_MISMATCH`.
   */
  size?: number | undefined;
  /** Stored with the file; keys of at most 64, values of at most 256 bytes. Default: none. */
  metadata?: Metadata | undefined;
  /** Make an appender file, which can be appended to, modified and truncated. Default false. */
  appender?: boolean | undefined;
  /**
   * What to do without `size`: `stream` goes block by block into an appender file that is renamed at the end
   * (bounded memory), `memory` collects everything first, `reject` refuses with `FASTDFS_SIZE_UNKNOWN`. Default
   * `stream`.
   */
  whenSizeUnknown?: 'stream' | 'memory' | 'reject' | undefined;
  /**
   * Turn the appender file of a stream of unknown length into an ordinary file. Default true; false spares the storage
   * reading the whole file once more.
   */
  finalize?: boolean | undefined;
  /**
   * Size of the blocks in which content of unknown length is sent, and of the first part held back, in bytes.
   * Default 1 MiB.
   */
  blockBytes?: number | undefined;
  /**
   * Compare CRC-32 and size with what the storage computed; fails with `FASTDFS_CHECKSUM_MISMATCH`. Default
   * true.
   */
  verify?: boolean | undefined;
  /** Called whenever the storage's connection has taken content. Default: none. */
  onProgress?: OnProgress | undefined;
}

/** A slave belongs to a master and gets its name from it. */
export interface SlaveTarget {
  master: string;
  prefix: string;
}

export interface UploadPlan {
  readonly size: number | undefined;
  readonly metadata: Metadata | undefined;
  readonly verify: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnProgress | undefined;
  /** The way for content that comes bit by bit. */
  begin(): UploadSession;
  /** The way for content that is at hand. */
  destination(signal: AbortSignal | undefined): Destination;
}

const DEFAULT_BLOCK_BYTES = 1024 * 1024;

/** What each option of an upload must be. */
export const UPLOAD_OPTIONS: Checks<UploadOptions> = {
  ...CALL_OPTIONS,
  filename: stringOption,
  keepFilename: booleanOption,
  ext: stringOption,
  group: stringOption,
  size: integerOption(),
  metadata: objectOption,
  appender: booleanOption,
  whenSizeUnknown: enumOption('stream', 'memory', 'reject'),
  finalize: booleanOption,
  blockBytes: integerOption(1, MAX_BLOCK_BYTES),
  verify: booleanOption,
  onProgress: functionOption,
};

/** @throws ArgumentError naming the option; nothing has been sent by then */
export function planUpload(engine: Engine, options: UploadOptions, slave?: SlaveTarget): UploadPlan {
  checkOptions('upload()', options, UPLOAD_OPTIONS);
  const { size, whenSizeUnknown = 'stream', finalize = true, appender = false } = options;
  const blockBytes = options.blockBytes ?? DEFAULT_BLOCK_BYTES;
  if (slave && appender) throw new ArgumentError('A slave file cannot be an appender file');
  const metadata = resolveMetadata(options);
  const ext = resolveExtension(options, slave);
  const group = options.group === undefined ? engine.options.group : checkGroup(options.group);
  if (slave) checkSlave(parseFileId(slave.master).remoteFilename, slave.prefix, ext);

  const destination = (signal: AbortSignal | undefined, asAppender = appender): Destination =>
    slave
      ? newSlave(engine, { ...slave, ext }, { signal, fileId: slave.master })
      : newFile(engine, { group, ext, appender: asAppender }, { signal });
  return {
    size,
    metadata,
    verify: options.verify ?? true,
    signal: options.signal,
    onProgress: options.onProgress,
    destination,
    begin() {
      const search = new AbortController();
      const plain = destination(search.signal);
      if (size !== undefined) return new SizedUpload(engine, plain, size, search);
      if (whenSizeUnknown === 'memory')
        return new CollectedUpload(engine, plain, Number.POSITIVE_INFINITY, search);
      if (slave) return new CollectedUpload(engine, plain, blockBytes, search);
      const streamed = { blockBytes, finalize: finalize && !appender };
      return new StreamedUpload(engine, plain, destination(search.signal, true), streamed, search);
    },
  };
}

/** @throws ArgumentError (`FASTDFS_SIZE_UNKNOWN`) where the caller wants no upload without a size */
export function assertSizeAllowed(options: UploadOptions): void {
  if (options.size !== undefined || options.whenSizeUnknown !== 'reject') return;
  throw new ArgumentError("The size of the content is not known, and whenSizeUnknown is 'reject'", {
    code: 'FASTDFS_SIZE_UNKNOWN',
  });
}

/** @throws ArgumentError (`FASTDFS_SIZE_MISMATCH`) when content at hand is not as long as announced */
export function assertContentSize({ size }: UploadOptions, actual: number): void {
  if (size === undefined || size === actual) return;
  throw new ArgumentError(`The upload was announced with ${size} bytes, and the content has ${actual}`, {
    code: 'FASTDFS_SIZE_MISMATCH',
  });
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
