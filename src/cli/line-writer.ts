/** Many lines to standard output, in large pieces, no faster than its reader takes them. */
const PIECE_CHARS = 8 * 1024;

export class LineWriter {
  readonly #signal: AbortSignal;
  #lines: string[] = [];
  #chars = 0;

  /** @param signal aborts when the reader of the output has left */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Adds a line. Await what is returned before the next one. */
  write(line: string): Promise<void> | undefined {
    this.#lines.push(line);
    this.#chars += line.length;
    return this.#chars >= PIECE_CHARS ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    this.#chars = 0;
    if (process.stdout.write(text)) return;
    this.#signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        process.stdout.off('drain', onDrain);
        reject(this.#signal.reason);
      };
      const onDrain = () => {
        this.#signal.removeEventListener('abort', onAbort);
        resolve();
      };
      process.stdout.once('drain', onDrain);
      this.#signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
