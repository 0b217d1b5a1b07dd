/**
 * Which storage to ask: the trackers' answers, remembered for a short time.
 *
 * What is remembered about files is not kept by file but by source storage. A tracker hands out, for a plain
 * file, the source named in its id and every replica that is known to have all of that source's files up to the
 * creation second of the file; so an answer for one file holds for every older file of the same source.
 */
import { LRUCache } from 'lru-cache';
import { raceAbort } from '../base/abort.js';
import type { ResolvedOptions } from '../config/client-options.js';
import { type Address, sameAddress } from '../model/address.js';
import { readSourceKey, type SplitFileId } from '../model/file-id.js';
import type { ExchangeOptions } from '../net/exchange.js';
import {
  queryFetchAll,
  queryFetchOne,
  queryStoreWithGroupAll,
  queryStoreWithGroupOne,
  queryStoreWithoutGroupAll,
  queryStoreWithoutGroupOne,
  queryUpdate,
  type StoreTargets,
} from '../protocol/tracker-commands.js';
import { rotate } from './rotate.js';
import type { TrackerClient } from './tracker-client.js';

// Questions are answered at once from memory, and by a promise where a tracker has to be asked.

/** Storages to try, in this order. */
export interface Location {
  readonly storages: readonly Address[];
  /** From memory: worth asking the trackers again when the storages say no. */
  readonly remembered: boolean;
}

export interface StoreLocation extends Location {
  readonly group: string;
  readonly storePathIndex: number;
}

interface ReadEntry {
  /** Creation second of the newest file that this answer was given for. */
  asOf: number;
  storages: readonly Address[];
  turn: number;
}

interface StoreEntry {
  targets: StoreTargets;
  turn: number;
}

/** After so many uploads by one answer the trackers are asked again on the side, so that they go on balancing groups. */
const USES_PER_ANSWER = 64;

export class Locator {
  readonly #trackers: TrackerClient;
  readonly #reads: LRUCache<string, ReadEntry> | undefined;
  readonly #updates: LRUCache<string, readonly Address[]> | undefined;
  readonly #stores: LRUCache<string, StoreEntry> | undefined;
  /** Queries under way: a burst of uploads on a cold cache asks once. */
  readonly #asking = new Map<string, Promise<StoreEntry>>();

  constructor(trackers: TrackerClient, cache: ResolvedOptions['locationCache']) {
    this.#trackers = trackers;
    if (!cache) return;
    // The finer the clock the more timers: one each millisecond, by default, under load.
    const options = { max: cache.max, ttl: cache.ttlMs, ttlResolution: Math.ceil(cache.ttlMs / 20) };
    this.#reads = new LRUCache(options);
    this.#updates = new LRUCache(options);
    this.#stores = new LRUCache(options);
  }

  /** Where an upload may go; the first of the storages is whose turn it is. */
  forUpload(group: string | undefined, options: ExchangeOptions): Promise<StoreLocation> | StoreLocation {
    const key = group ?? '';
    const known = this.#stores?.get(key);
    if (!known) return this.#askForUpload(key, group, options);
    if (++known.turn === USES_PER_ANSWER) this.#refreshStore(key, group);
    return storeLocation(known, true);
  }

  async #askForUpload(
    key: string,
    group: string | undefined,
    options: ExchangeOptions,
  ): Promise<StoreLocation> {
    if (!this.#stores) {
      const targets = group
        ? await this.#trackers.ask(queryStoreWithGroupOne, { group }, options)
        : await this.#trackers.ask(queryStoreWithoutGroupOne, undefined, options);
      return storeLocation({ targets, turn: 0 }, false);
    }
    let asking = this.#asking.get(key);
    if (!asking) {
      // Without the signal: others wait for this answer, too.
      asking = this.#askStore(key, group, {}).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    const entry = await raceAbort(asking, options.signal);
    entry.turn++;
    return storeLocation(entry, false);
  }

  /** Where a file can be read. Appender and slave files are read from their source: replicas may lag behind. */
  forRead(name: SplitFileId, options: ExchangeOptions): Promise<Location> | Location {
    const source = readSourceKey(name.remoteFilename);
    const key = `${keyOf(name.group, source.source)}/${source.mutable ? 'm' : ''}`;
    const known = this.#reads?.get(key);
    if (known && (source.mutable || known.asOf >= source.time)) {
      return { storages: rotate(known.storages, known.turn++), remembered: true };
    }
    const command = source.mutable ? queryFetchOne : queryFetchAll;
    return this.#trackers.ask(command, name, options).then(({ storages }) => {
      this.#reads?.set(key, { asOf: source.time, storages, turn: 0 });
      return { storages, remembered: false };
    });
  }

  /** Where a file can be changed: its source storage while that is writable. */
  async forUpdate(name: SplitFileId, options: ExchangeOptions): Promise<Location> {
    const key = keyOf(name.group, readSourceKey(name.remoteFilename).source);
    const known = this.#updates?.get(key);
    if (known) return { storages: known, remembered: true };
    const { storages } = await this.#trackers.ask(queryUpdate, name, options);
    this.#updates?.set(key, storages);
    return { storages, remembered: false };
  }

  /** The storage that took an upload is the source of the file. */
  recordSource(file: { group: string; source: number }, storage: Address): void {
    const key = keyOf(file.group, file.source);
    const [known] = this.#updates?.get(key) ?? [];
    // While the source was away the trackers may have named another storage, which has not got its new files yet.
    if (known && sameAddress(known, storage)) return;
    this.#updates?.set(key, [storage]);
  }

  invalidateStore(group: string | undefined): void {
    this.#stores?.delete(group ?? '');
  }

  invalidateFile(name: SplitFileId, purpose: 'read' | 'update'): void {
    const key = keyOf(name.group, readSourceKey(name.remoteFilename).source);
    if (purpose === 'update') {
      this.#updates?.delete(key);
    } else {
      this.#reads?.delete(`${key}/`);
      this.#reads?.delete(`${key}/m`);
    }
  }

  async #askStore(key: string, group: string | undefined, options: ExchangeOptions): Promise<StoreEntry> {
    const targets = group
      ? await this.#trackers.ask(queryStoreWithGroupAll, { group }, options)
      : await this.#trackers.ask(queryStoreWithoutGroupAll, undefined, options);
    const entry = { targets, turn: 0 };
    this.#stores?.set(key, entry);
    return entry;
  }

  #refreshStore(key: string, group: string | undefined): void {
    // A failure here harms nobody: the present answer serves until it expires or a storage refuses.
    this.#askStore(key, group, {}).catch(() => undefined);
  }
}

function keyOf(group: string, source: number): string {
  return `${group}/${source}`;
}

function storeLocation({ targets, turn }: StoreEntry, remembered: boolean): StoreLocation {
  const { group, storages, storePathIndex } = targets;
  return { group, storages: rotate(storages, turn), storePathIndex, remembered };
}
