/** Commands as data, one request and its reply, and the frames that carry them. No command knows a socket, a pool or a retry. */

import { ProtocolError } from '../base/errors.js';
import { HEADER_BYTES, RESPONSE_COMMAND } from './constants.js';
import { readInt64, Writer, writeInt64 } from './fields.js';

/**
 * - `small`: parameters out, a small bounded reply in
 * - `send`: parameters and then content of known length out, a small reply in
 * - `receive`: parameters out, content of announced length in
 * - `list`: parameters out, text of unannounced length in, then its length in 8 bytes, then the server closes
 */
export type Shape = 'small' | 'send' | 'receive' | 'list';

export interface Command<Args, Reply> {
  /** The field's own name, for errors and logs. */
  readonly name: string;
  readonly code: number;
  readonly to: 'tracker' | 'storage';
  readonly shape: Shape;
  /** Running it twice leaves the same state: it may be repeated after any failure. */
  readonly repeatable: boolean;
  /** It changes nothing, so a failure leaves no doubt about the outcome. */
  readonly readOnly: boolean;
  /** A storage that fails in the middle of it, for example on a full disk, retains what it has written by then. */
  readonly partial?: boolean;
  /** Largest reply body that is accepted, in bytes; a longer one is refused before anything is allocated. */
  readonly maxReply: number;
  /** What a refusal means here, by status, where the general text would say less. */
  readonly hints?: Readonly<Record<number, string>>;
  encode(writer: Writer, args: Args): void;
  /** Content bytes that follow the parameters (`send` only). */
  contentLength?(args: Args): number;
  /** Status byte of the request header; only QUERY_FILE_INFO uses it. */
  flags?(args: Args): number;
  decode(body: Buffer, args: Args): Reply;
}

/** Header and parameters of a request; content, if any, follows as further chunks. */
export function encodeRequest<Args>(command: Command<Args, unknown>, args: Args): Buffer {
  const writer = new Writer(HEADER_BYTES);
  command.encode(writer, args);
  const frame = writer.finish();
  const content = command.contentLength?.(args) ?? 0;
  writeHeader(frame, frame.length - HEADER_BYTES + content, command.code, command.flags?.(args) ?? 0);
  return frame;
}

export interface Header {
  /** Bytes of the body that follows. */
  length: number;
  command: number;
  status: number;
}

export function writeHeader(buffer: Buffer, length: number, command: number, status = 0): void {
  writeInt64(buffer, length, 0);
  buffer[8] = command;
  buffer[9] = status;
}

/**
 * Reads a response header at `offset`.
 * @throws ProtocolError when the bytes are no FastDFS response; the message says what they look like.
 */
export function readResponseHeader(buffer: Buffer, offset = 0): Header {
  const command = buffer[offset + 8]!;
  const length = readInt64(buffer, offset);
  if (command !== RESPONSE_COMMAND) {
    throw new ProtocolError(strangeHeader(buffer.subarray(offset, offset + HEADER_BYTES), command));
  }
  if (length < 0 || !Number.isSafeInteger(length)) {
    throw new ProtocolError(`Response declares an impossible body length (${length} bytes)`);
  }
  return { length, command, status: buffer[offset + 9]! };
}

function strangeHeader(bytes: Buffer, command: number): string {
  const text = bytes.toString('latin1');
  if (text.startsWith('HTTP/') || text.startsWith('<')) {
    return `Response starts with ${JSON.stringify(text)}: this looks like an HTTP port; use the FastDFS port (trackers 22122, storages 23000 by default)`;
  }
  if (text.startsWith('SSH-') || text.startsWith('220 ')) {
    return `Response starts with ${JSON.stringify(text)}: another service answers on this port`;
  }
  return `Response header has command ${command} instead of ${RESPONSE_COMMAND} (bytes ${bytes.toString('hex')}): not a FastDFS server, or the stream is out of step`;
}

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
