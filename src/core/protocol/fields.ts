/** The fields of a body, by name: writes that refuse what does not fit, and reads that refuse to go past the end. */
import { ArgumentError, ProtocolError } from '../base/errors.js';
import type { SplitFileId } from '../model/file-id.js';
import { GROUP_BYTES } from '../model/limits.js';

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

export class Writer {
  #buffer: Buffer;
  #length: number;

  /** @param skip bytes left free in front, for a header that is filled in later */
  constructor(skip = 0, capacity = 128) {
    this.#buffer = Buffer.allocUnsafe(Math.max(capacity, skip));
    this.#length = skip;
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  int32(value: number): this {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
    return this;
  }

  int64(value: number): this {
    this.#reserve(8);
    writeInt64(this.#buffer, value, this.#length);
    this.#length += 8;
    return this;
  }

  /** Text in a NUL-padded field of `width` bytes. */
  fixed(text: string, width: number, what: string): this {
    const bytes = Buffer.byteLength(text);
    if (bytes > width) {
      throw new ArgumentError(`${what} ${JSON.stringify(text)} has ${bytes} bytes; at most ${width} fit`);
    }
    this.#reserve(width);
    this.#buffer.fill(0, this.#length, this.#length + width);
    this.#buffer.write(text, this.#length, 'utf8');
    this.#length += width;
    return this;
  }

  text(text: string): this {
    const bytes = Buffer.byteLength(text);
    this.#reserve(bytes);
    this.#buffer.write(text, this.#length, 'utf8');
    this.#length += bytes;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** What has been written so far; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(need, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** For commands without a body. */
export function encodeNothing(): void {}

/** group 16 */
export function encodeGroup(writer: Writer, args: { group: string }): void {
  writer.fixed(args.group, GROUP_BYTES, 'Group name');
}

/** group 16, remote filename to the end */
export function encodeFileName(writer: Writer, args: SplitFileId): void {
  writer.fixed(args.group, GROUP_BYTES, 'Group name').text(args.remoteFilename);
}

export class Reader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset;
  }

  byte(): number {
    return this.#buffer[this.#take(1)]!;
  }

  bool(): boolean {
    return this.byte() !== 0;
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  /** Signed 64-bit; refuses what a JavaScript number cannot hold exactly. */
  int64(): number {
    const value = readInt64(this.#buffer, this.#take(8));
    if (!Number.isSafeInteger(value)) {
      throw new ProtocolError(`Response holds a number beyond 2^53 (${value})`);
    }
    return value;
  }

  /** The low 32 bits, unsigned, of a 64-bit field. CRC-32 values arrive sign-extended. */
  low32(): number {
    return this.#buffer.readUInt32BE(this.#take(8) + 4);
  }

  /** Unix seconds → Date; 0 → undefined. */
  date(): Date | undefined {
    const seconds = this.int64();
    return seconds > 0 ? new Date(seconds * 1000) : undefined;
  }

  /** Text of a fixed field, cut at the first NUL: servers leave stale bytes behind it. */
  fixed(width: number): string {
    const start = this.#take(width);
    let end = start;
    while (end < start + width && this.#buffer[end] !== 0) end++;
    return this.#buffer.toString('utf8', start, end);
  }

  /** Everything that is left, as text. */
  rest(): string {
    return this.#buffer.toString('utf8', this.#take(this.remaining));
  }

  bytes(count: number): Buffer {
    const start = this.#take(count);
    return this.#buffer.subarray(start, start + count);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** @throws ProtocolError when bytes are left over */
  end(): void {
    if (this.remaining > 0) throw new ProtocolError(`Response has ${this.remaining} bytes too many`);
  }

  #take(count: number): number {
    const start = this.#offset;
    if (start + count > this.#buffer.length) {
      throw new ProtocolError(`Response ends ${start + count - this.#buffer.length} bytes too early`);
    }
    this.#offset = start + count;
    return start;
  }
}
