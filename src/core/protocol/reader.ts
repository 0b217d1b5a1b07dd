/** A cursor over one whole body with named reads. Reading past the end is a ProtocolError, never garbage. */
import { ProtocolError } from '../base/errors.js';
import { readInt64 } from './header.js';

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
    const end = this.#buffer.subarray(start, start + width).indexOf(0);
    return this.#buffer.toString('utf8', start, end < 0 ? start + width : start + end);
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
