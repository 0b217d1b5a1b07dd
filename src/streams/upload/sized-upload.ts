/** An upload whose length is known: one request, content straight to the socket, nothing held back. */

import { ArgumentError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import type { Destination, OpenUpload, Placed } from './destination.js';
import { type Aborted, removePlaced, type UploadSession } from './rollback.js';

export class SizedUpload implements UploadSession {
  onFailure: ((error: unknown) => void) | undefined;
  readonly #engine: Engine;
  readonly #destination: Destination;
  readonly #size: number;
  #opening: Promise<OpenUpload> | undefined;
  #open: OpenUpload | undefined;
  #written = 0;
  readonly #search: AbortController;

  /** @param search ends the destination's search for a storage */
  constructor(engine: Engine, destination: Destination, size: number, search: AbortController) {
    this.#engine = engine;
    this.#destination = destination;
    this.#size = size;
    this.#search = search;
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    for (const chunk of chunks) this.#written += chunk.length;
    if (this.#written > this.#size) {
      done(sizeMismatch(this.#size, `at least ${this.#written}`));
      return;
    }
    const callback = done as (error?: unknown) => void;
    if (this.#open) this.#open.exchange.write(chunks, callback);
    else this.#begin().then(({ exchange }) => exchange.write(chunks, callback), callback);
  }

  async finish(): Promise<Placed> {
    if (this.#written < this.#size) throw sizeMismatch(this.#size, `only ${this.#written}`);
    const { exchange, storage } = await this.#begin();
    return { fileId: await exchange.done, storage };
  }

  async abort(reason: unknown): Promise<Aborted> {
    this.#search.abort(reason);
    const open = await this.#opening?.catch(() => undefined);
    if (!open) return { removed: false };
    const { exchange, storage } = open;
    // A storage throws an incomplete upload away. A complete one becomes a file, whose name has to be awaited.
    if (!exchange.requestComplete) exchange.abort(reason);
    const fileId = await exchange.done.catch(() => undefined);
    return await removePlaced(this.#engine, fileId === undefined ? undefined : { fileId, storage });
  }

  /** The connection is leased at the first byte: an idle stream holds none. */
  #begin(): Promise<OpenUpload> {
    this.#opening ??= this.#destination.open(this.#size).then((open) => {
      this.#open = open;
      // A connection may break while the source rests.
      open.exchange.done.catch((error) => this.onFailure?.(error));
      return open;
    });
    return this.#opening;
  }
}

function sizeMismatch(announced: number, came: string): ArgumentError {
  return new ArgumentError(`The upload was announced with ${announced} bytes, and ${came} came`, {
    code: 'FASTDFS_SIZE_MISMATCH',
  });
}
