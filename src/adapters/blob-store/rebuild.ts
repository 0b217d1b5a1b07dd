/** Makes a lost index again from the keys that the files of a blob store keep as metadata, and finds the files that no key leads to. */
import type { Conf, FastDFSClient } from '../../client.js';
import { isAbsent } from '../../core/base/errors.js';
import {
  booleanOption,
  type Checks,
  checkOptions,
  integerOption,
  signalOption,
} from '../../core/base/validate.js';
import type { KeyIndex, MapLike } from '../indexes/contract.js';
import { toKeyIndex } from '../indexes/map.js';
import { Turns } from '../indexes/turns.js';
import { openClient } from '../shared/client-handle.js';
import { decodeKey, type KeptKey } from './key-metadata.js';

/** What to do with what is found. */
export interface RebuildOptions {
  /** Change nothing, only count. Default false. */
  dryRun?: boolean | undefined;
  /** Remove orphans: files whose key leads to another file. Default false. */
  removeOrphans?: boolean | undefined;
  /**
   * Milliseconds since a file was written, before it counts as an orphan: a write in progress has stored its file before its key
   * leads to it. Default 3,600,000 (an hour).
   */
  minAgeMs?: number | undefined;
  /** Files that are looked at side by side. Default 8. */
  concurrency?: number | undefined;
  /** Ends the work; what has been restored stays. Default: none. */
  signal?: AbortSignal | undefined;
}

/** What was found, and done. */
export interface RebuiltIndex {
  /** Files that keep a key. */
  files: number;
  /** Keys that led to no file and lead to one now; with `dryRun` those that would. */
  restored: number;
  /** Ids of files whose key leads to another file. */
  orphans: string[];
  /** Orphans that were removed. */
  removed: number;
}

const CHECKS: Checks<RebuildOptions> = {
  dryRun: booleanOption,
  removeOrphans: booleanOption,
  minAgeMs: integerOption(),
  concurrency: integerOption(1, 1024),
  signal: signalOption,
};

/**
 * Leads the keys that files keep as metadata (`keepKey: true`) to those files again. A key that leads to a file that exists
 * stays; of several files for a key that does not, the one written last gets it. May run while the store is in use, and
 * may be repeated. A blob whose removal was cut off between key and file comes back.
 * @param files ids of all files of the store, such as `admin.listFiles(group)` gives
 */
export async function rebuildIndex(
  conf: Conf,
  index: KeyIndex | MapLike,
  files: AsyncIterable<string | { readonly fileId: string }> | Iterable<string | { readonly fileId: string }>,
  options: RebuildOptions = {},
): Promise<RebuiltIndex> {
  checkOptions('rebuildIndex()', options, CHECKS);
  const handle = openClient(conf);
  try {
    const run = new Rebuild(handle.client, toKeyIndex(index), options);
    await run.takeAll(files, options.concurrency ?? 8);
    return run.result;
  } finally {
    await handle.close();
  }
}

class Rebuild {
  readonly result: RebuiltIndex = { files: 0, restored: 0, orphans: [], removed: 0 };
  readonly #client: FastDFSClient;
  readonly #index: KeyIndex;
  readonly #options: RebuildOptions;
  readonly #turns = new Turns();
  /** Keys that this run has given a file, and when that was written. */
  readonly #restored = new Map<string, { fileId: string; time: number }>();

  constructor(client: FastDFSClient, index: KeyIndex, options: RebuildOptions) {
    this.#client = client;
    this.#index = index;
    this.#options = options;
  }

  async takeAll(
    files:
      | AsyncIterable<string | { readonly fileId: string }>
      | Iterable<string | { readonly fileId: string }>,
    concurrency: number,
  ): Promise<void> {
    const source = files as AsyncIterable<string | { readonly fileId: string }>;
    const iterator = source[Symbol.asyncIterator]?.() ?? (files as Iterable<string>)[Symbol.iterator]();
    let failed = false;
    const work = async () => {
      try {
        for (;;) {
          this.#options.signal?.throwIfAborted();
          const { done, value } = await iterator.next();
          if (done || failed) return;
          await this.#take(typeof value === 'string' ? value : value.fileId);
        }
      } catch (error) {
        failed = true;
        throw error;
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: concurrency }, work));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failure) return;
    await iterator.return?.();
    throw failure.reason;
  }

  async #take(fileId: string): Promise<void> {
    const { signal } = this.#options;
    const kept = await this.#client.getMetadata(fileId, signal ? { signal } : {}).then(decodeKey, (error) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (!kept) return;
    this.result.files += 1;
    await this.#turns.run([kept.key], () => this.#decide(fileId, kept));
  }

  async #decide(fileId: string, { key, time }: KeptKey): Promise<void> {
    const restored = this.#restored.get(key);
    const current = restored?.fileId ?? (await this.#index.get(key)) ?? undefined;
    if (current === fileId) return;
    if (current === undefined || (!restored && !(await this.#client.exists(current)))) {
      if (await this.#lead(key, current, fileId, time)) this.result.restored += 1;
    } else if (restored && restored.time < time) {
      if (await this.#lead(key, current, fileId, time)) await this.#addOrphan(current, restored.time);
    } else {
      await this.#addOrphan(fileId, time);
    }
  }

  async #lead(key: string, from: string | undefined, to: string, time: number): Promise<boolean> {
    if (!this.#options.dryRun) {
      // Another writer of the key was faster, and has decided about the file that was there.
      if (!(await this.#index.swap(key, from, to))) return false;
      // Removed between the look at its metadata and now.
      if (!(await this.#client.exists(to))) {
        await this.#index.swap(key, to, undefined);
        return false;
      }
    }
    this.#restored.set(key, { fileId: to, time });
    return true;
  }

  async #addOrphan(fileId: string, time: number): Promise<void> {
    const { dryRun, removeOrphans, minAgeMs = 3_600_000 } = this.#options;
    if (Date.now() - time < minAgeMs) return;
    this.result.orphans.push(fileId);
    if (!removeOrphans || dryRun) return;
    await this.#client.delete(fileId, { ignoreNotFound: true });
    this.result.removed += 1;
  }
}
