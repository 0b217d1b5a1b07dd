/**
 * Splits what a connection delivers into one reply: header, body slices, end. It copies nothing but a header
 * that arrives in parts, and allocates nothing because of a length that a server declares.
 */
import { HEADER_BYTES } from './constants.js';
import { type Header, readResponseHeader } from './header.js';

export interface ReplySink {
  onHeader(header: Header): void;
  /** A slice of the delivered chunk; valid only during the call unless the caller arranged otherwise. */
  onBody(slice: Buffer): void;
  /** The last byte of the reply has been delivered. */
  onEnd(): void;
}

export class ReplyDecoder {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #bodyLeft = 0;

  /** True between the first byte of a reply and its last. */
  get midReply(): boolean {
    return this.#headerBytes > 0;
  }

  /**
   * Delivers `chunk` up to the end of the current reply.
   * @returns how many bytes of the chunk belong to the reply; fewer than its length means surplus bytes
   * @throws ProtocolError when the header is no FastDFS header; whatever the sink throws
   */
  push(chunk: Buffer, sink: ReplySink): number {
    let offset = 0;
    if (this.#headerBytes < HEADER_BYTES) {
      const header = this.#takeHeader(chunk);
      if (header === undefined) return chunk.length;
      offset = header.consumed;
      this.#bodyLeft = header.value.length;
      sink.onHeader(header.value);
    }
    if (this.#bodyLeft > 0 && offset < chunk.length) {
      const end = Math.min(chunk.length, offset + this.#bodyLeft);
      this.#bodyLeft -= end - offset;
      sink.onBody(offset === 0 && end === chunk.length ? chunk : chunk.subarray(offset, end));
      offset = end;
    }
    if (this.#bodyLeft === 0) {
      this.#headerBytes = 0;
      sink.onEnd();
    }
    return offset;
  }

  #takeHeader(chunk: Buffer): { value: Header; consumed: number } | undefined {
    if (this.#headerBytes === 0 && chunk.length >= HEADER_BYTES) {
      const value = readResponseHeader(chunk);
      this.#headerBytes = HEADER_BYTES;
      return { value, consumed: HEADER_BYTES };
    }
    const consumed = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length);
    chunk.copy(this.#header, this.#headerBytes, 0, consumed);
    this.#headerBytes += consumed;
    if (this.#headerBytes < HEADER_BYTES) return undefined;
    return { value: readResponseHeader(this.#header), consumed };
  }
}
