/**
 * Which address a storage id stands for: from a file that the client was configured with, or from the trackers, asked
 * once, by the first call that needs an address. PROTOCOL: parameters and identities (75 and 69).
 */
import { raceAbort } from '../base/abort.js';
import { ClosedError, FastDFSError, ProtocolError, ServerError } from '../base/errors.js';
import type { Logger, ResolvedOptions } from '../config/client-options.js';
import { parseStorageIds, type StorageIdRecord } from '../config/storage-ids.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { STATUS_EINVAL, STATUS_EOPNOTSUPP } from '../protocol/constants.js';
import { fetchStorageIds, getParameters } from '../protocol/tracker-commands.js';
import type { TrackerClient } from './trackers.js';

/** A load under way, and the calls that wait for it. */
interface Loading {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  callers: number;
}

export class StorageIds {
  readonly #trackers: TrackerClient;
  readonly #logger: Logger;
  #addresses: ReadonlyMap<number, string>;
  /** Still to be asked for. */
  #missing: boolean;
  #loading: Loading | undefined;

  /** @param ids records of a `storage_ids.conf`, or `'trackers'` to ask the trackers for them */
  constructor(trackers: TrackerClient, logger: Logger, ids: ResolvedOptions['storageIds']) {
    this.#trackers = trackers;
    this.#logger = logger;
    this.#missing = ids === 'trackers';
    this.#addresses = mapAddresses(ids === 'trackers' ? [] : ids);
  }

  /** Returns the address of the storage (the inner one of two) if it is known by now. */
  known(id: number): string | undefined {
    return this.#addresses.get(id);
  }

  /**
   * As {@link known}, having asked the trackers where the configuration says so. Never fails for them: without an answer
   * the address stays unknown, and the next call asks again.
   * @throws the reason of the signal
   */
  async find(id: number, { signal }: ExchangeOptions): Promise<string | undefined> {
    if (this.#missing) {
      signal?.throwIfAborted();
      await this.#load(signal);
    }
    return this.known(id);
  }

  /** Calls at the same time share one load. It ends with the last of them. */
  async #load(signal: AbortSignal | undefined): Promise<void> {
    this.#loading ??= this.#startLoading();
    const loading = this.#loading;
    loading.callers++;
    try {
      await raceAbort(loading.done, signal);
    } finally {
      if (--loading.callers === 0) loading.stop.abort(new ClosedError('No call waits for the storage ids'));
    }
  }

  #startLoading(): Loading {
    const stop = new AbortController();
    const done = this.#loadAll(stop.signal).finally(() => {
      this.#loading = undefined;
    });
    return { done, stop, callers: 0 };
  }

  async #loadAll(signal: AbortSignal): Promise<void> {
    try {
      const { use_storage_id: used } = await this.#trackers.ask(getParameters, undefined, { signal });
      if (used === '1') this.#addresses = mapAddresses(await this.#fetch(signal));
      this.#missing = false;
    } catch (error) {
      if (!(error instanceof FastDFSError)) throw error;
      this.#logger.warn(`Storage ids could not be loaded from the trackers: ${error.message}`);
    }
  }

  async #fetch(signal: AbortSignal): Promise<StorageIdRecord[]> {
    try {
      return await this.#fetchPages(true, signal);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      if (error.serverStatus === STATUS_EOPNOTSUPP) return [];
      if (error.serverStatus !== STATUS_EINVAL) throw error;
      // Trackers up to 6.10 know no "allow empty", and refuse a request that has it.
      return await this.#fetchPages(false, signal);
    }
  }

  async #fetchPages(withAllowEmpty: boolean, signal: AbortSignal): Promise<StorageIdRecord[]> {
    const pages: string[] = [];
    for (let start = 0; ; ) {
      const args = { start, withAllowEmpty };
      const { total, count, lines } = await this.#trackers.ask(fetchStorageIds, args, { signal });
      if (count > 0) pages.push(lines.join('\n'));
      start += count;
      if (start >= total) break;
      if (count === 0) {
        throw new ProtocolError(`The tracker announces ${total} storage ids and sends only ${start}`);
      }
    }
    return pages.length === 0 ? [] : parseStorageIds(pages.join('\n'), 'storage ids of the tracker');
  }
}

function mapAddresses(records: readonly StorageIdRecord[]): ReadonlyMap<number, string> {
  return new Map(records.map(({ id, addresses }) => [id, addresses[0]!.host]));
}
