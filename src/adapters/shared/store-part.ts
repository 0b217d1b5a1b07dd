/** Stores the content of a part as one file. */
import { Transform } from 'node:stream';
import { engineOf, type FastDFSClient } from '../../client.js';
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import { describeValue } from '../../core/base/validate.js';
import type { UploadResult } from '../../index.js';
import { DETECT_BYTES, detectContentType, keepContentType } from './content-type.js';
import type { FileSettings } from './form-options.js';
import type { PartHead, PartReader } from './part-reader.js';

/** Content up to this size is uploaded from memory: a stream would hold as much, and cost more. In bytes. */
const SMALL_BYTES = 256 * 1024;

/** A file of a form that is stored. */
export interface StoredContent {
  readonly result: UploadResult;
  /** Detected, given by the options or said by the sender; undefined without any of these. */
  readonly contentType: string | undefined;
}

/**
 * Uploads what the reader gives. When it rejects, nothing of the file remains, and the rest of the part is read and thrown away.
 * @throws what the upload or the part fails with
 */
export async function storePart(
  client: FastDFSClient,
  part: PartReader,
  settings: FileSettings,
): Promise<StoredContent> {
  const reader = withCheckedContent(part);
  const { upload: options, detects } = settings;
  try {
    let head: PartHead | undefined;
    let { contentType } = settings;
    if (options.size !== undefined || options.whenSizeUnknown !== 'reject') {
      const limit = Math.min(options.blockBytes ?? SMALL_BYTES, SMALL_BYTES);
      head = await reader.readHead(detects ? Math.max(limit, DETECT_BYTES) : limit);
      if (detects) contentType = (await detectContentType(Buffer.concat(head.chunks))) ?? contentType;
    }
    const kept = keepContentType(settings, contentType);
    if (head?.whole) return { result: await client.upload(head.chunks, kept), contentType };
    const upload = client.createUploadStream(kept);
    await reader.pump(upload, { head: head?.chunks ?? [] });
    return { result: upload.result!, contentType };
  } catch (error) {
    reader.drain();
    throw error;
  }
}

/**
 * Removes files that were stored for something that failed with `error`.
 * @returns the error, which names a file that could not be removed in `orphan`; the log names all
 */
export async function removeStored(
  client: FastDFSClient,
  fileIds: readonly string[],
  error: unknown,
): Promise<unknown> {
  const engine = engineOf(client);
  await Promise.all(
    fileIds.map(async (fileId) => {
      try {
        await engine.track(client.delete(fileId, { ignoreNotFound: true }));
      } catch (cause) {
        engine.options.logger.warn(`Could not remove ${fileId}: ${(cause as Error).message}`, { fileId });
        if (error instanceof FastDFSError) error.orphan ??= fileId;
      }
    }),
  );
  return error;
}

/** Returns a reader of bytes and text: a stream in object mode may yield anything. */
export function withCheckedContent(part: PartReader): PartReader {
  return part.stream.readableObjectMode ? part.through([createContentCheck()]) : part;
}

/** A chunk of another type would be an exception out of a pipe, which no caller can catch. */
function createContentCheck(): Transform {
  return new Transform({
    writableObjectMode: true,
    transform(chunk: unknown, _encoding, callback) {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) callback(null, chunk);
      else
        callback(
          new ArgumentError(
            `Content must be a Buffer, Uint8Array or string in each chunk, not ${describeValue(chunk)}`,
          ),
        );
    },
  });
}
