/** What follows when a storage has stored the content: the check against its id, and the metadata. */
import { ProtocolError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { type ContentCrc, formatCrc32, matchesContent, startCrc } from '../../core/files/content-crc.js';
import { type FileIdParts, type FileKind, readStoredFileId } from '../../core/model/file-id.js';
import type { Metadata } from '../../core/model/metadata.js';
import { createPath } from '../../core/model/url.js';
import type { ExchangeOptions } from '../../core/net/exchange.js';
import { setMetadata } from '../../core/protocol/storage-commands.js';
import { type Placed, rollbackFor } from './rollback.js';

/** A file that is stored. */
export interface UploadResult {
  /** What finds it again: keep it. */
  fileId: string;
  /** The group that holds it. */
  group: string;
  /** The id without its group. */
  remoteFilename: string;
  /** Bytes stored. */
  size: number;
  /** Unsigned CRC-32 of the content; undefined with `verify: false`. */
  crc32?: number;
  /** Where a web server of the cluster serves it; only with `baseUrl`. */
  url?: string;
  /** Storage that took the upload. */
  storage: {
    /** IP address. */
    host: string;
    /** Port of the storage protocol. */
    port: number;
  };
  /** What was stored as metadata, if anything. */
  metadata?: Metadata;
  /**
   * `appender` with `appender: true`, and for `whenSizeUnknown: 'stream'` unless `finalize` makes an ordinary file;
   * `slave` for a slave file; else `normal`.
   */
  kind: FileKind;
}

/** Counts content as it passes, and computes its CRC-32 where that is wanted. */
export class ContentDigest {
  readonly #engine: Engine;
  readonly #verify: boolean;
  #crc: ContentCrc | undefined;
  size = 0;

  constructor(engine: Engine, verify: boolean) {
    this.#engine = engine;
    this.#verify = verify;
    this.reset();
  }

  /** Undefined with `verify: false`. */
  get crc(): ContentCrc | undefined {
    return this.#crc;
  }

  addAll(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.add(chunk);
  }

  add(chunk: Uint8Array): void {
    this.size += chunk.length;
    this.#crc?.add(chunk);
  }

  /** Starts again, for content that is sent again. */
  reset(): void {
    this.size = 0;
    this.#crc = this.#verify ? startCrc(this.#engine) : undefined;
  }
}

/** What is done with a file whose content is stored. */
export interface Completion {
  readonly metadata: Metadata | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called once the content has been verified. What it throws fails the upload. */
  readonly onVerified?: (() => Promise<void> | void) | undefined;
}

/**
 * Completes an upload: verifies the file and sets its metadata. When anything here fails the file is removed, and the error
 * says so if that failed, too.
 */
export async function complete(
  engine: Engine,
  placed: Placed,
  sent: ContentDigest,
  { metadata, signal, onVerified }: Completion,
): Promise<UploadResult> {
  const { fileId, storage } = placed;
  try {
    const stored = readReply(fileId);
    const verified = isVerified(engine, placed, stored, sent, { signal, fileId });
    if (verified !== true && !(await verified)) throw checksumMismatch(fileId, sent, stored);
    if (onVerified) await onVerified();
    signal?.throwIfAborted();
    const pairs = metadata && Object.keys(metadata).length > 0 ? metadata : undefined;
    if (pairs) {
      const { group, remoteFilename } = stored;
      const args = { group, remoteFilename, metadata: pairs, mode: 'overwrite' } as const;
      await engine.repeatAt(storage, setMetadata, args, { signal, fileId });
    }
    engine.locator.recordSource(stored, storage);
    return createResult(engine, placed, stored, sent, pairs);
  } catch (error) {
    throw await rollbackFor(engine, placed, error);
  }
}

function createResult(
  { options }: Engine,
  { fileId, storage: { host, port } }: Placed,
  { group, remoteFilename, kind }: FileIdParts,
  { size, crc }: ContentDigest,
  metadata: Metadata | undefined,
): UploadResult {
  const storage = { host, port };
  const result: UploadResult = { fileId, group, remoteFilename, size, storage, kind };
  if (crc) result.crc32 = crc.value;
  if (options.baseUrl !== undefined) result.url = options.baseUrl + createPath(options, fileId);
  if (metadata) result.metadata = metadata;
  return result;
}

/** Compares what was sent with what the storage wrote into the id: the size and CRC-32 of ordinary files. */
function isVerified(
  engine: Engine,
  { storage }: Placed,
  stored: FileIdParts,
  { crc, size }: ContentDigest,
  options: ExchangeOptions,
): boolean | Promise<boolean> {
  if (stored.kind !== 'normal' || crc === undefined) return true;
  return stored.size === size && matchesContent(engine, crc, stored, options, storage);
}

function checksumMismatch(fileId: string, { size, crc }: ContentDigest, stored: FileIdParts): ProtocolError {
  return new ProtocolError(
    `Checksum mismatch: expected ${size} bytes with CRC-32 ${formatCrc32(crc!.value)}, ` +
      `the storage has ${stored.size} with ${formatCrc32(stored.crc32)}`,
    { code: 'FASTDFS_CHECKSUM_MISMATCH', fileId },
  );
}

/** An id that cannot be read is the storage's fault here. */
function readReply(fileId: string): FileIdParts {
  try {
    return readStoredFileId(fileId);
  } catch (cause) {
    throw new ProtocolError(`The storage returned an invalid file id: ${(cause as Error).message}`, {
      fileId,
      cause,
    });
  }
}
