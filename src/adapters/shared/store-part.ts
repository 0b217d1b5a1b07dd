/** Stores the content of a part as one file. */
import type { FastDFSClient } from '../../client.js';
import type { UploadOptions, UploadResult } from '../../index.js';
import type { PartHead, PartReader } from './part-reader.js';

/** Content up to this size is uploaded from memory: a stream would hold as much, and cost more. In bytes. */
const SMALL_BYTES = 256 * 1024;

/**
 * Uploads what the reader gives. When it rejects, nothing of the file remains, and the rest of the part is read and thrown away.
 * @throws what the upload or the part fails with
 */
export async function storePart(
  client: FastDFSClient,
  reader: PartReader,
  options: UploadOptions,
): Promise<UploadResult> {
  try {
    let head: PartHead | undefined;
    if (options.size !== undefined || options.whenSizeUnknown !== 'reject') {
      head = await reader.readHead(Math.min(options.blockBytes ?? SMALL_BYTES, SMALL_BYTES));
      if (head.whole) return await client.upload(head.chunks, options);
    }
    const upload = client.createUploadStream(options);
    await reader.pump(upload, { head: head?.chunks ?? [] });
    return upload.result!;
  } catch (error) {
    reader.drain();
    throw error;
  }
}
