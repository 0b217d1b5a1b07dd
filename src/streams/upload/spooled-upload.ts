/**
 * An upload of unknown length that becomes one request: its content is gathered first, in memory and, beyond one block, in
 * a temporary file. Nothing reaches a server before the source has ended.
 */
import type { Engine } from '../../core/cluster/engine.js';
import { type Block, BlockBuffer } from '../append/block-buffer.js';
import type { Destination } from './destination.js';
import { type Placed, type RollbackResult, rollback } from './rollback.js';
import type { UploadEvents, UploadSession } from './session.js';
import { Spool } from './spool.js';

export class SpooledUpload implements UploadSession {
  readonly #engine: Engine;
  readonly #destination: Destination;
  readonly #events: UploadEvents;
  readonly #search: AbortController;
  readonly #blocks: BlockBuffer;
  #spool: Promise<Spool> | undefined;
  #finishing: Promise<Placed> | undefined;

  /** @param memoryBytes beyond this the content goes to a temporary file; Infinity: never */
  constructor(
    engine: Engine,
    destination: Destination,
    memoryBytes: number,
    search: AbortController,
    events: UploadEvents,
  ) {
    this.#engine = engine;
    this.#destination = destination;
    this.#search = search;
    this.#events = events;
    this.#blocks = new BlockBuffer(
      memoryBytes,
      (block) => this.#store(block),
      (error) => events.onFailure(error),
    );
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    this.#blocks.write(chunks, done);
  }

  finish(): Promise<Placed> {
    this.#finishing = this.#finish().finally(() => this.#close());
    return this.#finishing;
  }

  async rollback(reason: unknown): Promise<RollbackResult> {
    this.#search.abort(reason);
    await this.#blocks.drop();
    const placed = await this.#finishing?.catch(() => undefined);
    await this.#close();
    return await rollback(this.#engine, placed);
  }

  async #finish(): Promise<Placed> {
    const last = await this.#blocks.end();
    if (!this.#spool) {
      const placed = await this.#destination.send(last.chunks, last.size);
      this.#events.onSent(last.size, last.size);
      return placed;
    }
    if (last.size > 0) await this.#store(last);
    const spool = await this.#spool;
    let reported = 0;
    return await this.#destination.sendFrom(spool.size, (write) => {
      let sent = 0;
      return spool.read(async (chunk) => {
        await write(chunk);
        sent += chunk.length;
        // Another attempt begins from the start; progress does not go back.
        if (sent > reported) this.#events.onSent(sent, spool.size);
        reported = Math.max(reported, sent);
      });
    });
  }

  async #store({ chunks, size }: Block): Promise<void> {
    this.#search.signal.throwIfAborted();
    this.#spool ??= Spool.open(this.#engine);
    await (await this.#spool).write(chunks, size);
  }

  async #close(): Promise<void> {
    const spool = await this.#spool?.catch(() => undefined);
    await spool?.close();
  }
}
