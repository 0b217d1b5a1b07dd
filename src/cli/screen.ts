/** A terminal that shows one page and redraws it; what was there before is back at the end. */

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'; // other screen, no cursor, long lines are cut
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

export class Screen implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #onResize = () => this.#draw();
  #lines: readonly string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.write(ENTER);
    stream.on('resize', this.#onResize);
  }

  show(lines: readonly string[]): void {
    this.#lines = lines;
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#stream.off('resize', this.#onResize);
    this.#stream.write(LEAVE);
  }

  /** Over what is there and without clearing it first: nothing flickers. */
  #draw(): void {
    const fitting = this.#lines.slice(0, this.#stream.rows);
    this.#stream.write(`\x1b[H${fitting.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
  }
}
