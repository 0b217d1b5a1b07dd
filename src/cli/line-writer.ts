/** Many lines to standard output, in large pieces, no faster than its reader takes them. */
const PIECE_BYTES = 16 * 1024;
/** In UTF-8 a character of a string is three bytes at most. */
const MAX_CHAR_BYTES = 3;
const LF = 0x0a;

export class LineWriter {
  readonly #signal: AbortSignal;
  /** Lines that were kept as strings would live long enough to make the young generation of the heap grow. */
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #length = 0;

  /** @param signal aborts when the reader of the output has left */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Adds a line. Await what is returned before the next one. */
  write(line: string): Promise<void> | undefined {
    if (this.#length + line.length * MAX_CHAR_BYTES < PIECE_BYTES) {
      this.#add(line);
      return undefined;
    }
    return this.#writeLate(line);
  }

  async flush(): Promise<void> {
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    await this.#send(this.#piece.subarray(0, length));
  }

  #add(line: string): void {
    this.#length += this.#piece.write(line, this.#length);
    this.#piece[this.#length++] = LF;
  }

  async #writeLate(line: string): Promise<void> {
    await this.flush();
    if (line.length * MAX_CHAR_BYTES < PIECE_BYTES) this.#add(line);
    else await this.#send(Buffer.from(`${line}\n`));
  }

  /** Waits until the bytes may be overwritten. What cannot be written is reported by the `error` event of the output. */
  async #send(bytes: Buffer): Promise<void> {
    const signal = this.#signal;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      process.stdout.write(bytes, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
    });
  }
}
