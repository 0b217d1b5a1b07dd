/** The 10-byte frame header, both directions: length (signed 64-bit big-endian), command, status. */
import { ProtocolError } from '../base/errors.js';
import { HEADER_BYTES, RESPONSE_COMMAND } from './constants.js';

export interface Header {
  /** Bytes of the body that follows. */
  length: number;
  command: number;
  status: number;
}

/** Writes a 64-bit length or offset; `value` is a safe integer ≥ 0 (or −1, which the protocol uses for "none"). */
export function writeInt64(buffer: Buffer, value: number, offset: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeInt32BE(high, offset);
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, offset + 4);
}

/** Reads a signed 64-bit integer; values beyond 2^53 lose precision and are refused by the callers that count bytes. */
export function readInt64(buffer: Buffer, offset: number): number {
  return buffer.readInt32BE(offset) * 0x1_0000_0000 + buffer.readUInt32BE(offset + 4);
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
