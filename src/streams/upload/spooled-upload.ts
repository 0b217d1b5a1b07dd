/**
 * An upload of unknown length that must be one request: gathered first, in memory (`whenSizeUnknown: 'memory'`) or,
 * beyond one block, in a temporary file (slave files, which servers take in one piece only).
 */
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import type { Engine } from '../../core/cluster/engine.js';
import type { Destination, Placed } from './destination.js';
import { type Aborted, removePlaced, type UploadSession } from './rollback.js';

export class CollectedUpload implements UploadSession {
  /** Never called: until all content is there no server is asked. */
  onFailure: ((error: unknown) => void) | undefined;
  readonly #engine: Engine;
  readonly #destination: Destination;
  readonly #memoryBytes: number;
  readonly #search: AbortController;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #folder: string | undefined;
  #spool: WriteStream | undefined;
  #finishing: Promise<Placed> | undefined;

  /** @param memoryBytes beyond this the content goes to a temporary file; `Infinity`: never */
  constructor(engine: Engine, destination: Destination, memoryBytes: number, search: AbortController) {
    this.#engine = engine;
    this.#destination = destination;
    this.#memoryBytes = memoryBytes;
    this.#search = search;
  }

  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    for (const chunk of chunks) {
      this.#size += chunk.length;
      this.#chunks.push(chunk);
    }
    if (this.#size <= this.#memoryBytes) done();
    else this.#spill().then(() => done(), done);
  }

  finish(): Promise<Placed> {
    this.#finishing = this.#finish().finally(() => this.#removeSpool());
    return this.#finishing;
  }

  async abort(reason: unknown): Promise<Aborted> {
    this.#search.abort(reason);
    const placed = await this.#finishing?.catch(() => undefined);
    await this.#removeSpool();
    return await removePlaced(this.#engine, placed);
  }

  async #finish(): Promise<Placed> {
    if (!this.#spool) return await this.#destination.send(this.#chunks, this.#size);
    this.#spool.end();
    await finished(this.#spool);
    const { exchange, storage } = await this.#destination.open(this.#size);
    try {
      for await (const chunk of createReadStream(this.#spool.path, { signal: this.#search.signal })) {
        await new Promise<void>((resolve, reject) => {
          exchange.write([chunk as Buffer], (error) => (error === undefined ? resolve() : reject(error)));
        });
      }
    } catch (error) {
      exchange.abort(error);
    }
    return { fileId: await exchange.done, storage };
  }

  async #spill(): Promise<void> {
    if (!this.#spool) {
      this.#folder ??= await mkdtemp(path.join(tmpdir(), 'fastdfs-'));
      this.#spool = createWriteStream(path.join(this.#folder, 'slave'), { flags: 'wx', mode: 0o600 });
    }
    const spool = this.#spool;
    const content = Buffer.concat(this.#chunks);
    this.#chunks = [];
    await new Promise<void>((resolve, reject) => {
      spool.once('error', reject);
      spool.write(content, (error) => {
        spool.removeListener('error', reject);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async #removeSpool(): Promise<void> {
    this.#spool?.destroy();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }
}
