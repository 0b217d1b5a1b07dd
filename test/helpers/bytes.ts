/** Content for tests: reproducible bytes, streams in awkward pieces, and a sink that only looks. */
import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';

/** `size` bytes that depend on `seed` and do not repeat in any block size. */
export function bytes(size: number, seed = 1): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  let state = (seed * 2654435761) >>> 0 || 1;
  let offset = 0;
  for (; offset + 4 <= size; offset += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    buffer.writeInt32LE(state, offset);
  }
  for (; offset < size; offset++) buffer[offset] = (state >>> (offset % 4)) & 0xff;
  return buffer;
}

/** A stream of the buffer in pieces of `piece` bytes; its length cannot be known beforehand. */
export function pieces(content: Uint8Array, piece = 61_007): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < content.length; at += piece) yield content.subarray(at, at + piece);
    })(),
    { objectMode: false, highWaterMark: 64 * 1024 },
  );
}

/** A stream of `total` bytes without holding them. */
export function flood(total: number, piece = 64 * 1024): Readable {
  const chunk = bytes(piece);
  return Readable.from(
    (function* () {
      for (let left = total; left > 0; left -= piece) yield left >= piece ? chunk : chunk.subarray(0, left);
    })(),
    { objectMode: false, highWaterMark: 64 * 1024 },
  );
}

/** Counts and hashes what it is given. */
export class Digest extends Writable {
  size = 0;
  readonly #hash = createHash('sha256');

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.size += chunk.length;
    this.#hash.update(chunk);
    callback();
  }

  get sha256(): string {
    return this.#hash.copy().digest('hex');
  }
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
