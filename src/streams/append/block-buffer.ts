/**
 * Gathers chunks into blocks without copying them. While one block is on its way the next one fills; a writer
 * that is faster than the server waits. A full block is held back until more comes, so that the last block is
 * known as the last.
 */

/** Content in memory, in as many chunks as it arrived in. */
export interface Block {
  readonly chunks: readonly Uint8Array[];
  /** Bytes of all chunks. */
  readonly size: number;
}

type Done = (error?: Error | null) => void;

export class BlockBuffer {
  readonly #blockBytes: number;
  readonly #flush: (block: Block) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #flushing: Promise<void> | undefined;
  #error: unknown;

  /** @param onFailure called as soon as a block is lost: the next write, which fails with it, may be far away */
  constructor(
    blockBytes: number,
    flush: (block: Block) => Promise<void>,
    onFailure: (error: unknown) => void,
  ) {
    this.#blockBytes = blockBytes;
    this.#flush = flush;
    this.#onFailure = onFailure;
  }

  /** Takes chunks; calls back when there is room for more, or with the error of a block. */
  write(chunks: readonly Uint8Array[], done: Done): void {
    this.#take(chunks, 0, done);
  }

  /** The last block, not yet flushed; every earlier one is done when the promise settles. */
  async end(): Promise<Block> {
    await this.#flushing;
    if (this.#error !== undefined) throw this.#error;
    return this.#cut();
  }

  /** Waits for a block on its way, whatever becomes of it, and drops the rest. */
  async drop(): Promise<void> {
    this.#cut();
    await this.#flushing?.catch(() => undefined);
  }

  #take(chunks: readonly Uint8Array[], from: number, done: Done): void {
    for (let index = from; index < chunks.length; index++) {
      let chunk = chunks[index]!;
      for (;;) {
        if (this.#error !== undefined) {
          done(this.#error as Error);
          return;
        }
        const room = this.#blockBytes - this.#size;
        if (chunk.length <= room) break;
        if (this.#flushing) {
          // Both blocks are full: this is where back-pressure begins.
          const rest = [chunk, ...chunks.slice(index + 1)];
          const resume = () => this.#take(rest, 0, done);
          this.#flushing.then(resume, resume);
          return;
        }
        this.#push(chunk.subarray(0, room));
        chunk = chunk.subarray(room);
        this.#start(this.#cut());
      }
      this.#push(chunk);
    }
    done();
  }

  #push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  #cut(): Block {
    const block = { chunks: this.#chunks, size: this.#size };
    this.#chunks = [];
    this.#size = 0;
    return block;
  }

  #start(block: Block): void {
    this.#flushing = this.#flush(block).then(
      () => {
        this.#flushing = undefined;
      },
      (error) => {
        this.#flushing = undefined;
        this.#error = error;
        this.#onFailure(error);
      },
    );
  }
}
