/**
 * Where files go and where they are: the trackers' answers. The cluster decides by its own policy (trunk server, priorities,
 * store paths, download_server), so every new file goes where the answer to its own query says.
 *
 * For files that exist answers are remembered for a short time: where to read, by file; where to change, by source
 * storage, as trackers name that storage for all of its files.
 */
import type { LRUCache } from 'lru-cache';
import type { LocationCache } from '../config/client-options.js';
import { type Address, sameAddress } from '../model/address.js';
import { readSourceKey, type SplitFileId } from '../model/file-id.js';
import type { ExchangeOptions } from '../net/exchange.js';
import {
  queryFetchAll,
  queryFetchOne,
  queryStoreWithGroupAll,
  queryStoreWithoutGroupAll,
  queryUpdate,
  type StoreTargets,
} from '../protocol/tracker-commands.js';
import type { TrackerClient } from './trackers.js';
import { UploadTargets } from './upload-targets.js';

/** Storages that trackers have named for a file. */
export interface Location {
  readonly storages: readonly Address[];
  /** Remembered, so trackers may name another one by now. */
  readonly remembered: boolean;
}

/** One storage to upload to. */
export interface UploadTarget {
  readonly address: Address;
  readonly group: string;
  readonly storePathIndex: number;
}

interface ReadEntry {
  readonly storages: readonly Address[];
  uses: number;
}

/** After so many reads of a file trackers are asked again, so that they can spread the load of one that many read. */
const READS_PER_ANSWER = 16;

export class Locator {
  readonly #trackers: TrackerClient;
  readonly #uploadTargets: UploadTargets;
  readonly #cache: LocationCache | false;
  #reads: LRUCache<string, ReadEntry> | undefined;
  #updates: LRUCache<string, readonly Address[]> | undefined;
  #preparing: Promise<void> | undefined;

  constructor(trackers: TrackerClient, cache: LocationCache | false) {
    this.#trackers = trackers;
    this.#uploadTargets = new UploadTargets(trackers);
    this.#cache = cache;
  }

  /** Finds the storage that the next upload goes to. */
  forUpload(
    group: string | undefined,
    options: ExchangeOptions,
  ): readonly UploadTarget[] | Promise<readonly UploadTarget[]> {
    const answer = this.#uploadTargets.next(group, options);
    return answer instanceof Promise ? this.#whenReady(answer).then(listTargets) : listTargets(answer);
  }

  /** Asks for every storage that could take an upload, in no order of preference: for fail-over only. */
  async allForUpload(group: string | undefined, options: ExchangeOptions): Promise<readonly UploadTarget[]> {
    this.#uploadTargets.clear();
    return listTargets(
      group === undefined
        ? await this.#trackers.query(queryStoreWithoutGroupAll, undefined, options)
        : await this.#trackers.query(queryStoreWithGroupAll, { group }, options),
    );
  }

  /** Finds the storage to read a file from. */
  forRead(name: SplitFileId, options: ExchangeOptions): Promise<Location> | Location {
    const key = `${name.group}/${name.remoteFilename}`;
    const known = this.#reads?.get(key);
    if (known && known.uses++ < READS_PER_ANSWER) return { storages: known.storages, remembered: true };
    return this.#whenReady(this.#trackers.query(queryFetchOne, name, options)).then(({ storages }) => {
      this.#reads?.set(key, { storages, uses: 1 });
      return { storages, remembered: false };
    });
  }

  /** Asks for every storage that a file can be read from, in no order of preference. */
  async allForRead(name: SplitFileId, options: ExchangeOptions): Promise<readonly Address[]> {
    return (await this.#trackers.query(queryFetchAll, name, options)).storages;
  }

  /** Finds where a file can be changed: its source storage while that is writable. */
  async forUpdate(name: SplitFileId, options: ExchangeOptions): Promise<Location> {
    const key = createSourceKey(name.group, readSourceKey(name.remoteFilename).source);
    const known = this.#updates?.get(key);
    if (known) return { storages: known, remembered: true };
    const storages = await this.askForUpdate(name, options);
    this.#updates?.set(key, storages);
    return { storages, remembered: false };
  }

  /** As {@link forUpdate}, from a tracker in any case. */
  async askForUpdate(name: SplitFileId, options: ExchangeOptions): Promise<readonly Address[]> {
    return (await this.#whenReady(this.#trackers.query(queryUpdate, name, options))).storages;
  }

  /** Records that the storage which took an upload, and which {@link forUpload} has named, is the source of the file. */
  recordSource(file: { group: string; source: number }, storage: Address): void {
    const key = createSourceKey(file.group, file.source);
    const [known] = this.#updates?.get(key) ?? [];
    // While the source was away trackers may have named another storage, which has not got its new files yet.
    if (known && sameAddress(known, storage)) return;
    this.#updates?.set(key, [storage]);
  }

  invalidateRead({ group, remoteFilename }: SplitFileId): void {
    this.#reads?.delete(`${group}/${remoteFilename}`);
  }

  invalidateUpdate({ group, remoteFilename }: SplitFileId): void {
    this.#updates?.delete(createSourceKey(group, readSourceKey(remoteFilename).source));
  }

  /** The first answers wait until they can be remembered. */
  #whenReady<Answer>(answer: Promise<Answer>): Promise<Answer> {
    if (this.#reads || !this.#cache) return answer;
    this.#preparing ??= this.#prepare(this.#cache);
    return Promise.all([answer, this.#preparing]).then(([ready]) => ready);
  }

  /** Loads lru-cache beside the first query: the import of this package would wait an eighth longer for it. */
  async #prepare({ max, ttlMs }: LocationCache): Promise<void> {
    const { LRUCache } = await import('lru-cache');
    // The finer the clock the more timers: one each millisecond, by default, under load.
    const options = { max, ttl: ttlMs, ttlResolution: Math.ceil(ttlMs / 20) };
    this.#reads = new LRUCache(options);
    this.#updates = new LRUCache(options);
  }
}

function createSourceKey(group: string, source: number): string {
  return `${group}/${source}`;
}

function listTargets({ group, storages, storePathIndex }: StoreTargets): UploadTarget[] {
  return storages.map((address) => ({ address, group, storePathIndex }));
}
