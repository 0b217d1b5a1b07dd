/**
 * Which address a storage id stands for: from a file that the client was configured with, or from the trackers, asked
 * once and when somebody first wants to know. PROTOCOL: parameters and identities (75 and 69).
 */
import { raceAbort } from '../base/abort.js';
import { FastDFSError, ProtocolError, ServerError } from '../base/errors.js';
import type { Logger, ResolvedOptions } from '../config/client-options.js';
import { parseStorageIds, type StorageIdRecord } from '../config/storage-ids.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { STATUS_EINVAL, STATUS_EOPNOTSUPP } from '../protocol/constants.js';
import { fetchStorageIds, getParameters } from '../protocol/tracker-commands.js';
import type { TrackerClient } from './tracker-client.js';

export class StorageIds {
  readonly #trackers: TrackerClient;
  readonly #logger: Logger;
  #addresses: ReadonlyMap<number, string>;
  /** Still to be asked for. */
  #missing: boolean;
  #loading: Promise<void> | undefined;

  /** @param ids records of a `storage_ids.conf`, or `'trackers'` to ask the trackers for them */
  constructor(trackers: TrackerClient, logger: Logger, ids: ResolvedOptions['storageIds']) {
    this.#trackers = trackers;
    this.#logger = logger;
    this.#missing = ids === 'trackers';
    this.#addresses = addressesOf(ids === 'trackers' ? [] : ids);
  }

  /** The address of the storage (the inner one of two) as far as it is known by now. */
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
      // Whoever comes meanwhile waits for the same answer, so nobody's signal may end it.
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined;
      });
      await raceAbort(this.#loading, signal);
    }
    return this.known(id);
  }

  async #load(): Promise<void> {
    try {
      const { use_storage_id: used } = await this.#trackers.ask(getParameters, undefined, {});
      if (used === '1') this.#addresses = addressesOf(await this.#fetch());
      this.#missing = false;
    } catch (error) {
      if (!(error instanceof FastDFSError)) throw error;
      this.#logger.warn(`Storage ids could not be loaded from the trackers: ${error.message}`);
    }
  }

  async #fetch(): Promise<StorageIdRecord[]> {
    try {
      return await this.#fetchPages(true);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      if (error.serverStatus === STATUS_EOPNOTSUPP) return [];
      if (error.serverStatus !== STATUS_EINVAL) throw error;
      // Trackers up to 6.10 know no "allow empty", and refuse a request that has it.
      return await this.#fetchPages(false);
    }
  }

  async #fetchPages(withAllowEmpty: boolean): Promise<StorageIdRecord[]> {
    const lines: string[] = [];
    for (;;) {
      const page = await this.#trackers.ask(fetchStorageIds, { start: lines.length, withAllowEmpty }, {});
      lines.push(...page.lines);
      if (lines.length >= page.total) break;
      if (page.count === 0) throw new ProtocolError('The tracker sends fewer storage ids than it announces');
    }
    return lines.length === 0 ? [] : parseStorageIds(lines.join('\n'), 'storage ids of the tracker');
  }
}

function addressesOf(records: readonly StorageIdRecord[]): ReadonlyMap<number, string> {
  return new Map(records.map(({ id, addresses }) => [id, addresses[0]!.host]));
}
