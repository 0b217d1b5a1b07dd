/** What follows when a storage has stored the content: check it against its id, attach metadata, or take it back. */
import { crc32 } from 'node:zlib';
import { FastDFSError, NetworkError, ProtocolError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { matchesContent } from '../../core/files/content-check.js';
import type { Address } from '../../core/model/address.js';
import { type FileIdParts, type FileKind, readStoredFileId } from '../../core/model/file-id.js';
import type { Metadata } from '../../core/model/metadata.js';
import { createUrl } from '../../core/model/url.js';
import type { ExchangeOptions } from '../../core/net/exchange.js';
import { setMetadata } from '../../core/protocol/storage-commands.js';
import type { Placed } from './destination.js';

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
   * `appender` where one was asked for, and where the storage is too old (before 6.02) to turn a stream of unknown
   * length into an ordinary file.
   */
  kind: FileKind;
}

/** Counts and sums content as it passes. */
export class Tally {
  size = 0;
  /** Undefined when nobody wants to verify. */
  crc32: number | undefined;

  constructor(verify: boolean) {
    this.crc32 = verify ? 0 : undefined;
  }

  add(chunk: Uint8Array): void {
    this.size += chunk.length;
    if (this.crc32 !== undefined) this.crc32 = crc32(chunk, this.crc32);
  }
}

/**
 * Compares what was sent with what the storage wrote into the id: the size and CRC-32 of ordinary files.
 * @throws ProtocolError (`FASTDFS_CHECKSUM_MISMATCH`)
 */
async function verifyPlaced(
  engine: Engine,
  { fileId, storage }: Placed,
  sent: Tally,
  options: ExchangeOptions,
): Promise<FileIdParts> {
  const stored = parsed(fileId);
  if (stored.kind !== 'normal' || sent.crc32 === undefined) return stored;
  const sums = { value: sent.crc32, legacy: undefined };
  if (
    stored.size !== sent.size ||
    !(await matchesContent(engine, sums, stored, { ...options, fileId }, storage))
  ) {
    throw new ProtocolError(
      `The storage has ${stored.size} bytes with CRC-32 ${hex(stored.crc32)}, sent were ${sent.size} with ${hex(sent.crc32)}: ` +
        'the content was changed on the way',
      { code: 'FASTDFS_CHECKSUM_MISMATCH', fileId },
    );
  }
  return stored;
}

/** An id that makes no sense is the storage's fault here. */
function parsed(fileId: string): FileIdParts {
  try {
    return readStoredFileId(fileId);
  } catch (cause) {
    throw new ProtocolError(`The storage named no file: ${(cause as Error).message}`, { fileId, cause });
  }
}

/**
 * Finishes an upload. When anything here fails the file is removed, and the error says so if that failed too.
 */
export async function settleUpload(
  engine: Engine,
  placed: Placed,
  sent: Tally,
  metadata: Metadata | undefined,
  options: ExchangeOptions,
): Promise<UploadResult> {
  const { fileId, storage } = placed;
  try {
    const stored = await verifyPlaced(engine, placed, sent, options);
    const { group, remoteFilename, kind } = stored;
    options.signal?.throwIfAborted();
    if (metadata && Object.keys(metadata).length > 0) {
      await engine.repeatAt(
        storage,
        setMetadata,
        { group, remoteFilename, metadata, mode: 'overwrite' },
        { ...options, fileId },
      );
    }
    engine.locator.recordSource(stored, storage);
    const url = createUrl(engine.options, fileId);
    return {
      fileId,
      group,
      remoteFilename,
      size: sent.size,
      ...(sent.crc32 === undefined ? {} : { crc32: sent.crc32 }),
      ...(url === undefined ? {} : { url }),
      storage: { host: storage.host, port: storage.port },
      ...(metadata && Object.keys(metadata).length > 0 ? { metadata } : {}),
      kind,
    };
  } catch (error) {
    throw await takeBack(engine, fileId, storage, error);
  }
}

/** Removes a file because of `error`, which learns what became of the file. */
export async function takeBack(
  engine: Engine,
  fileId: string,
  storage: Address,
  error: unknown,
): Promise<unknown> {
  const outcome = await engine.discard(fileId, storage);
  if (outcome === 'left') return withOrphan(error, fileId);
  if (outcome === 'removed' && error instanceof FastDFSError) error.maybeApplied = false;
  return error;
}

/**
 * The error, naming a file that could not be removed. A reason that is none of ours becomes its cause, and so does one
 * that several uploads were given up for, once it names the file of another.
 */
export function withOrphan(error: unknown, orphan: string): FastDFSError {
  if (error instanceof FastDFSError && (error.orphan ?? orphan) === orphan) {
    error.orphan = orphan;
    return error;
  }
  return new NetworkError(
    'FASTDFS_ORPHAN',
    `The upload was given up, and its file ${orphan} could not be removed`,
    { orphan, fileId: orphan, cause: error ?? undefined },
  );
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
