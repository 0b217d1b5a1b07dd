/**
 * The bytes of a reply, in one piece or in parts. A reply that cannot be completed is broken off: by its length the
 * client sees that something is missing, also when it is only the checksum of the whole that was wrong.
 */
import { randomBytes } from 'node:crypto';
import type { FastDFSClient } from '../../client.js';
import { ProtocolError } from '../../core/base/errors.js';
import type { DownloadStream } from '../../index.js';
import { waitForReady } from '../shared/wait-for-ready.js';
import type { ByteRange } from './conditions.js';

type Chunks = AsyncGenerator<Buffer | string, void, undefined>;

/** What goes out: its length and type, and how its bytes come from the download of its first range. */
export interface Body {
  readonly length: number;
  readonly contentType: string;
  chunks(first: DownloadStream): Chunks;
}

/** Opens a download of the whole file, or of a range. */
export type OpenRange = (range?: ByteRange) => Promise<DownloadStream>;

/** @param signal ends the downloads */
export function openerOf(client: FastDFSClient, fileId: string, signal: AbortSignal): OpenRange {
  return async (range) => {
    const stream = client.createDownloadStream(fileId, { ...range, signal });
    await waitForReady(stream);
    return stream;
  };
}

/** One download as it is. */
export function plainBody(length: number, contentType: string): Body {
  return { length, contentType, chunks: (stream) => exactly(stream, length) };
}

/** Several ranges, each with a head of its own. Those after the first are opened in their turn. */
export function multipartBody(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string,
  open: OpenRange,
): Body {
  const boundary = randomBytes(18).toString('hex');
  const heads = ranges.map(
    (range, index) =>
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
  );
  const tail = `\r\n--${boundary}--\r\n`;
  async function* chunks(first: DownloadStream): Chunks {
    for (const [index, range] of ranges.entries()) {
      const stream = index === 0 ? first : await open(range);
      yield heads[index]!;
      yield* exactly(stream, lengthOf(range));
    }
    yield tail;
  }
  return {
    length: ranges.reduce((sum, range) => sum + lengthOf(range), Buffer.byteLength(heads.join('') + tail)),
    contentType: `multipart/byteranges; boundary=${boundary}`,
    chunks,
  };
}

/**
 * Waits for the first bytes: until then it can still be said properly what is wrong, and of a short file everything is
 * known by then.
 * @returns all of the chunks, the first included
 */
export async function begun(chunks: Chunks): Promise<Chunks> {
  const first = await chunks.next();
  return (async function* () {
    if (first.done) return;
    yield first.value;
    yield* chunks;
  })();
}

export function lengthOf({ start, end }: ByteRange): number {
  return end - start + 1;
}

export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

/**
 * The bytes of a stream; it fails unless they are as many as announced. The last chunk is kept until the stream has
 * ended well: a download whose checksum is wrong fails only after its last byte.
 */
async function* exactly(stream: DownloadStream, length: number): Chunks {
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
