/**
 * Produces the bytes of a reply, in one piece or in parts. A reply that cannot be completed is broken off: by its length the client
 * sees that something is missing, also when only the checksum of the whole was wrong.
 */
import { randomBytes } from 'node:crypto';
import type { FastDFSClient } from '../../../client.js';
import { ProtocolError } from '../../../core/base/errors.js';
import type { DownloadStream } from '../../../index.js';
import { waitForReady } from '../wait-for-ready.js';
import type { ByteRange } from './conditions.js';

export type Chunks = AsyncGenerator<Buffer | string, void, undefined>;

/** What is sent: its length and type, and how its bytes come from the download of its first range. */
export interface Body {
  readonly length: number;
  readonly contentType: string;
  chunks(first: DownloadStream): Chunks;
}

/** Opens a download of the whole file, or of a range. */
export type OpenRange = (range?: ByteRange) => Promise<DownloadStream>;

/** @param signal ends the downloads */
export function createOpener(client: FastDFSClient, fileId: string, signal: AbortSignal): OpenRange {
  return async (range) => {
    const stream = client.createDownloadStream(fileId, { ...range, signal });
    await waitForReady(stream);
    return stream;
  };
}

/** Sends one download. */
export function createPlainBody(length: number, contentType: string): Body {
  return { length, contentType, chunks: (stream) => readExactly(stream, length) };
}

/** Sends several ranges, each with a head of its own. Each download but the first opens when the one before has ended. */
export function createMultipartBody(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string,
  open: OpenRange,
): Body {
  const boundary = randomBytes(18).toString('hex');
  const heads = ranges.map(
    (range, index) =>
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${formatContentRange(range, size)}\r\n\r\n`,
  );
  const tail = `\r\n--${boundary}--\r\n`;
  async function* chunks(first: DownloadStream): Chunks {
    for (const [index, range] of ranges.entries()) {
      const stream = index === 0 ? first : await open(range);
      yield heads[index]!;
      yield* readExactly(stream, countBytes(range));
    }
    yield tail;
  }
  return {
    length: ranges.reduce((sum, range) => sum + countBytes(range), Buffer.byteLength(heads.join('') + tail)),
    contentType: `multipart/byteranges; boundary=${boundary}`,
    chunks,
  };
}

/**
 * Waits for the first bytes: until then the status can still say what is wrong, and of a short file everything is known by then.
 * @returns all of the chunks, the first included
 */
export async function waitForFirstChunk(chunks: Chunks): Promise<Chunks> {
  const first = await chunks.next();
  return (async function* () {
    try {
      if (first.done) return;
      yield first.value;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  })();
}

export function countBytes({ start, end }: ByteRange): number {
  return end - start + 1;
}

export function formatContentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

/**
 * Yields the bytes of a stream; fails unless they are as many as announced. The last chunk is held back until the stream has ended
 * without an error: a download whose checksum is wrong fails only after its last byte.
 */
async function* readExactly(stream: DownloadStream, length: number): Chunks {
  let left = length;
  let held: Buffer | undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left < 0) break;
    if (held) yield held;
    held = chunk;
  }
  if (left !== 0) {
    const { fileId } = stream;
    const what = left < 0 ? 'more' : 'less';
    throw new ProtocolError(`The storage sends ${what} of ${fileId} than the ${length} bytes announced`, {
      code: 'FASTDFS_SIZE_MISMATCH',
      fileId,
    });
  }
  if (held) yield held;
}
