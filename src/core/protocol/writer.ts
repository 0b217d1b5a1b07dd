/** A growing buffer with named writes, and the bodies that several commands have. Fixed-width fields refuse what does not fit: nothing is cut silently. */
import { ArgumentError } from '../base/errors.js';
import type { SplitFileId } from '../model/file-id.js';
import { GROUP_BYTES } from '../model/limits.js';
import { writeInt64 } from './header.js';

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
