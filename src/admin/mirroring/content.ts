/** What has to be known of a file before it is copied. */
import type { FastDFSClient } from '../../client.js';
import { ProtocolError } from '../../core/base/errors.js';
import { ContentCrc, formatCrc32 } from '../../core/files/content-crc.js';
import type { Metadata } from '../../core/model/metadata.js';
import type { ListedFile } from '../listing/types.js';

export interface SourceFile {
  readonly file: ListedFile;
  readonly size: number;
  readonly crc32: number;
  readonly metadata: Metadata | undefined;
}

/** Reads a file and sums it up. Storages before 6.15 give the checksum in the id, which is not that of the content. */
export async function digestFile(
  client: FastDFSClient,
  fileId: string,
  signal: AbortSignal,
): Promise<{ size: number; crc32: number }> {
  let size = 0;
  const sum = new ContentCrc(false);
  for await (const chunk of client.createDownloadStream(fileId, { verify: false, signal })) {
    size += (chunk as Buffer).length;
    sum.add(chunk as Buffer);
  }
  return { size, crc32: sum.value };
}

/** Reads size and checksum, from the id where it has them, and metadata. */
export async function readSource(
  client: FastDFSClient,
  file: ListedFile,
  signal: AbortSignal,
): Promise<SourceFile> {
  const { fileId, hasMetadata } = file;
  const known =
    file.size === undefined
      ? await digestFile(client, fileId, signal)
      : { size: file.size, crc32: file.crc32! };
  const metadata = hasMetadata ? await client.getMetadata(fileId, { signal }) : {};
  return {
    file,
    size: known.size,
    crc32: known.crc32,
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
  };
}

/** @param size of the copy, as its sum */
export function createMismatch(source: SourceFile, size: number, crc32: number): ProtocolError {
  const expected = `${source.size} bytes with CRC-32 ${formatCrc32(source.crc32)}`;
  const message = `Checksum mismatch: expected ${expected}, got ${size} with ${formatCrc32(crc32)}`;
  const { fileId } = source.file;
  return new ProtocolError(message, { code: 'FASTDFS_CHECKSUM_MISMATCH', fileId });
}
