/**
 * Joins small requests: header and content in one piece cost one system call and no allocation. One buffer serves every
 * connection, as it may be overwritten once the kernel has taken its bytes.
 */

/** Content up to this size is copied behind its header; from there on a second buffer costs less than the copy. */
export const SMALL_CONTENT_BYTES = 16 * 1024;
/** A header with its parameters is shorter than a quarter of this. */
const SEND_BYTES = SMALL_CONTENT_BYTES + 4 * 1024;

export class SendBuffer {
  #bytes: Buffer | undefined;

  /** @returns the bytes of both, valid until the next call unless {@link abandon} comes first */
  join(frame: Uint8Array, content: Uint8Array): Uint8Array {
    const length = frame.length + content.length;
    if (length > SEND_BYTES) return Buffer.concat([frame, content]);
    this.#bytes ??= Buffer.allocUnsafeSlow(SEND_BYTES);
    this.#bytes.set(frame);
    this.#bytes.set(content, frame.length);
    return this.#bytes.subarray(0, length);
  }

  /** Leaves the buffer to the bytes that were joined last: the socket has not sent them yet. */
  abandon(): void {
    this.#bytes = undefined;
  }
}
