/** Copies of files inside the cluster: read from one storage, stored by another, nothing kept on this machine. */
import { onAbort } from '../../core/base/abort.js';
import { FastDFSError } from '../../core/base/errors.js';
import { type OnProgress, reportProgress } from '../../core/base/progress.js';
import {
  booleanOption,
  CALL_OPTIONS,
  type CallOptions,
  type Checks,
  checkOptions,
  enumOption,
  functionOption,
  objectOption,
  stringOption,
} from '../../core/base/validate.js';
import type { Engine } from '../../core/cluster/engine.js';
import { renameAppender, splitAppenderId } from '../../core/files/appender.js';
import { readMetadata } from '../../core/files/metadata.js';
import { queryInfoAt, stat } from '../../core/files/stat.js';
import { formatAddress } from '../../core/model/address.js';
import { checkGroup, parseFileId } from '../../core/model/file-id.js';
import { encodeMetadata, type Metadata } from '../../core/model/metadata.js';
import { checkExtension } from '../../core/model/names.js';
import { Download, type DownloadSink } from '../download/download.js';
import { SlabAllocator } from '../download/slabs.js';
import { type Destination, NewFileDestination } from './destination.js';
import type { Placed } from './rollback.js';
import { ContentDigest, complete, type UploadResult } from './verify.js';

/** How an appender file becomes an ordinary one. */
export type FinalizeBy = 'copy' | 'rename';

/** How a file is copied. */
export interface CopyOptions extends CallOptions {
  /** Group of the copy. Default: that of the file. */
  group?: string | undefined;
  /** Extension of the copy, at most 6 characters. Default: that of the file. */
  ext?: string | undefined;
  /** Metadata of the copy. Default: that of the file. */
  metadata?: Metadata | undefined;
  /** Make the copy an appender file. Default false: an ordinary file, whatever was copied. */
  appender?: boolean | undefined;
  /** Compare CRC-32 and size on the way. Default true. */
  verify?: boolean | undefined;
  /** Called when content has been handed to the storage. What it throws fails the copy. Default: none. */
  onProgress?: OnProgress | undefined;
}

/** Options of `finalize()`. */
export interface FinalizeOptions extends CallOptions {
  /**
   * `copy` stores the content as a new file and removes the appender file last. `rename` has the storage rename it, which
   * stops the replication of its whole group for about 5 s. Default `copy`.
   */
  by?: FinalizeBy | undefined;
  /** Called when content has been copied. What it throws fails the call. Default: none. */
  onProgress?: OnProgress | undefined;
}

const COPY_OPTIONS: Checks<CopyOptions> = {
  ...CALL_OPTIONS,
  group: stringOption,
  ext: stringOption,
  metadata: objectOption,
  appender: booleanOption,
  verify: booleanOption,
  onProgress: functionOption,
};
const FINALIZE_OPTIONS: Checks<FinalizeOptions> = {
  ...CALL_OPTIONS,
  by: enumOption('copy', 'rename'),
  onProgress: functionOption,
};

/** Bytes that may wait for the storage before the download pauses. */
const MAX_PENDING_BYTES = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

/** What is copied, and from where. */
interface CopySource {
  readonly fileId: string;
  /** Bytes. */
  readonly size: number;
  /** As in `DownloadSettings`. */
  readonly storage?: string;
}

interface SendOptions extends CallOptions {
  verify?: boolean | undefined;
  onProgress?: OnProgress | undefined;
}

export async function copyFile(
  engine: Engine,
  fileId: string,
  options: CopyOptions = {},
): Promise<UploadResult> {
  checkOptions('copy()', options, COPY_OPTIONS);
  const { signal, verify = true } = options;
  const { group, extension } = parseFileId(fileId);
  const file = {
    group: options.group === undefined ? group : checkGroup(options.group),
    ext: options.ext === undefined ? extension : checkExtension(options.ext),
    appender: options.appender ?? false,
  };
  if (options.metadata) encodeMetadata(options.metadata);
  const { size } = await stat(engine, fileId, { signal });
  const metadata = options.metadata ?? (await readMetadata(engine, fileId, { signal }));
  const digest = new ContentDigest(engine, verify);
  const destination = new NewFileDestination(engine, file, { signal });
  const placed = await sendCopy(engine, { fileId, size }, destination, digest, options);
  return await complete(engine, placed, digest, { metadata, signal });
}

/** @returns the id of the ordinary file */
export async function finalize(
  engine: Engine,
  fileId: string,
  options: FinalizeOptions = {},
): Promise<string> {
  checkOptions('finalize()', options, FINALIZE_OPTIONS);
  const { by = 'copy', signal } = options;
  const name = splitAppenderId(fileId);
  if (by === 'rename') return await renameAppender(engine, fileId, name, { signal });
  return await engine.update(name, { fileId, signal }, async (storage) => {
    const queryInfo = () => queryInfoAt(engine, storage, name, true, { fileId, signal });
    const before = await queryInfo();
    const metadata = await readMetadata(engine, fileId, { signal });
    const digest = new ContentDigest(engine, true);
    const file = { group: name.group, ext: parseFileId(fileId).extension, appender: false };
    const from = { fileId, size: before.size, storage: formatAddress(storage) };
    const placed = await sendCopy(
      engine,
      from,
      new NewFileDestination(engine, file, { signal }),
      digest,
      options,
    );
    const assertUnchanged = async () => {
      const after = await queryInfo();
      const same = after.size === before.size && after.modifiedAt.getTime() === before.modifiedAt.getTime();
      if (!same) throw changedError(fileId);
    };
    const copy = await complete(engine, placed, digest, { metadata, signal, onVerified: assertUnchanged });
    // Removed last: until here the content is in the cluster under its old id.
    await engine.discard(fileId, storage);
    return copy.fileId;
  });
}

/** Sends the content of a file to a destination. `digest` counts what was sent. */
export async function sendCopy(
  engine: Engine,
  { fileId, size, storage }: CopySource,
  destination: Destination,
  digest: ContentDigest,
  { signal, verify, onProgress }: SendOptions,
): Promise<Placed> {
  signal?.throwIfAborted();
  let reported = 0;
  return await destination.sendFrom(size, async (write) => {
    digest.reset();
    const stop = new AbortController();
    const fail = (error: unknown) => stop.abort(error);
    const release = onAbort(signal, fail);
    const sink = new CopySink(
      async (chunk) => {
        await write(chunk);
        digest.add(chunk);
        if (digest.size <= reported) return;
        reported = digest.size;
        reportProgress(onProgress, reported, size, fail);
      },
      fail,
      () => download.resume(),
    );
    const settings = { signal: stop.signal, verify, storage };
    const download = new Download(engine, fileId, settings, sink);
    try {
      await download.run();
      await sink.drain();
    } finally {
      release();
    }
    stop.signal.throwIfAborted();
  });
}

/** Passes a download on to a writer, which sets the pace. */
class CopySink implements DownloadSink {
  readonly retainsChunks = true;
  readonly mayIdle = false;
  readonly #write: (chunk: Uint8Array) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #onDrain: () => void;
  readonly #slabs = new SlabAllocator(PIECE_BYTES, PIECE_BYTES);
  #pendingBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    write: (chunk: Uint8Array) => Promise<void>,
    onFailure: (error: unknown) => void,
    onDrain: () => void,
  ) {
    this.#write = write;
    this.#onFailure = onFailure;
    this.#onDrain = onDrain;
  }

  onStart(): void {}

  allocate(): Buffer | undefined {
    return this.#slabs.allocate();
  }

  onContent(slice: Buffer): boolean {
    this.#slabs.commit(slice, true);
    this.#pendingBytes += slice.length;
    this.#writing = this.#writing
      .then(() => this.#write(slice))
      .then(() => {
        this.#pendingBytes -= slice.length;
        if (this.#pendingBytes < MAX_PENDING_BYTES) this.#onDrain();
      });
    this.#writing.catch(this.#onFailure);
    return this.#pendingBytes < MAX_PENDING_BYTES;
  }

  /** Resolves when all content has been written. */
  drain(): Promise<void> {
    return this.#writing;
  }
}

function changedError(fileId: string): FastDFSError {
  return new FastDFSError(
    'FASTDFS_BUSY',
    `${fileId} changed while it was copied; end all appends before finalize()`,
    { fileId, retryable: true },
  );
}
