/**
 * The memory of sockets. They read into one buffer that all connections share, whose content is used or copied before the next
 * read; for large content into memory that its consumer allocates, so that no byte is copied. Small content is copied behind
 * its header, into one buffer for each client: one write is one system call and one packet.
 */
/** Enough for every reply but large content. */
const SHARED_BYTES = 64 * 1024;

/**
 * libuv fills a buffer and calls back in one go, so that what one socket has read is used before the next one reads. Not so
 * on Windows, where the system knows the buffer of each socket beforehand.
 */
const SHARED = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(SHARED_BYTES);

/** Memory for the next read, not empty; undefined while there is none to spare. */
export type Allocate = () => Buffer | undefined;

/** Size of reads while no memory is allocated: a paused consumer has to hold what was read, and should not hold much. */
const LITTLE_BYTES = 32 * 1024;

/** Where one connection reads into. */
export class ReadBuffers {
  readonly #shared = SHARED ?? Buffer.allocUnsafeSlow(SHARED_BYTES);
  readonly #little = this.#shared.subarray(0, LITTLE_BYTES);
  #allocate: Allocate | undefined;

  /** Returns the memory for the next read. */
  next(): Buffer {
    return this.#allocate ? (this.#allocate() ?? this.#little) : this.#shared;
  }

  /** Returns whether the next read overwrites this buffer. */
  isShared(buffer: Buffer): boolean {
    return buffer.buffer === this.#shared.buffer;
  }

  /** Sets the memory for content that follows; undefined when it has ended. */
  expectContent(allocate: Allocate | undefined): void {
    this.#allocate = allocate;
  }
}

/** Content up to this size is copied behind its header; from there on a second buffer costs less than the copy. */
export const SMALL_CONTENT_BYTES = 16 * 1024;
/** A header with its parameters is shorter than a quarter of this. */
const SEND_BYTES = SMALL_CONTENT_BYTES + 4 * 1024;

/** Joins small requests. One serves all connections of a client, as it may be overwritten once the kernel has taken its bytes. */
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
