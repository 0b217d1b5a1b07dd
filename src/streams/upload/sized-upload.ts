/** An upload whose length is known: one request, content straight to the socket, nothing held back. */
import { ArgumentError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { abortIncomplete, type Destination, type OpenUpload } from './destination.js';
import { type Placed, type RollbackResult, rollbackPending } from './rollback.js';
import type { UploadEvents, UploadSession } from './session.js';

export class SizedUpload implements UploadSession {
  readonly #engine: Engine;
  readonly #destination: Destination;
  readonly #size: number;
  readonly #events: UploadEvents;
  /** Ends the destination's search for a storage. */
  readonly #search: AbortController;
  #opening: Promise<OpenUpload> | undefined;
  #open: OpenUpload | undefined;
  #written = 0;

  constructor(
    engine: Engine,
    destination: Destination,
    size: number,
    search: AbortController,
    events: UploadEvents,
  ) {
    this.#engine = engine;
    this.#destination = destination;
    this.#size = size;
    this.#search = search;
    this.#events = events;
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    for (const chunk of chunks) this.#written += chunk.length;
    if (this.#written > this.#size) {
      done(sizeMismatch(this.#size, `at least ${this.#written}`));
      return;
    }
    const callback = (error?: unknown) => {
      if (error === undefined) this.#events.onSent(this.#written, this.#size);
      done(error as Error | undefined);
    };
    if (this.#open) this.#open.exchange.write(chunks, callback);
    else this.#start().then(({ exchange }) => exchange.write(chunks, callback), callback);
  }

  async finish(): Promise<Placed> {
    if (this.#written < this.#size) throw sizeMismatch(this.#size, `only ${this.#written}`);
    const { exchange, storage } = await this.#start();
    return { fileId: await exchange.done, storage };
  }

  async rollback(reason: unknown): Promise<RollbackResult> {
    this.#search.abort(reason);
    const open = await this.#opening?.catch(() => undefined);
    if (!open) return { removed: false };
    const { exchange, storage } = open;
    abortIncomplete(exchange, reason);
    const sending = exchange.done.then((fileId) => ({ fileId, storage }));
    return await rollbackPending(this.#engine, sending);
  }

  /** The connection is checked out at the first byte: an idle stream holds none. */
  #start(): Promise<OpenUpload> {
    this.#opening ??= this.#destination.open(this.#size).then((open) => {
      this.#open = open;
      // A connection may break while the source is idle.
      open.exchange.done.catch((error) => this.#events.onFailure(error));
      return open;
    });
    return this.#opening;
  }
}

function sizeMismatch(announced: number, actual: string): ArgumentError {
  return new ArgumentError(`The upload was announced with ${announced} bytes, and ${actual} came`, {
    code: 'FASTDFS_SIZE_MISMATCH',
  });
}
