/**
 * Places commands: which storage, which connection, what to do when it fails. Retry and fail-over policy lives
 * here and in retry.ts; commands say what they are, exchanges say what happened.
 */

import { ClosedError, isNotFound, ProtocolError, ServerError } from '../base/errors.js';
import type { ResolvedOptions } from '../config/client-options.js';
import { type Address, sameAddress } from '../model/address.js';
import { type SplitFileId, splitFileId } from '../model/file-id.js';
import type { Connection } from '../net/connection.js';
import { call, type ExchangeOptions } from '../net/exchange.js';
import type { Pool } from '../net/pool.js';
import type { Command } from '../protocol/command.js';
import { STATUS_ENOENT, STATUS_ENOSPC } from '../protocol/constants.js';
import { deleteFile } from '../protocol/storage-commands.js';
import { queryFetchAll, queryUpdate } from '../protocol/tracker-commands.js';
import { type Location, Locator, type StoreLocation } from './locator.js';
import { Pools } from './pools.js';
import { isFailoverable, withRetry } from './retry.js';
import { rotate } from './rotate.js';
import { StorageIds } from './storage-ids.js';
import { TrackerClient } from './tracker-client.js';
import { Trackers } from './trackers.js';

/** One storage to upload to, as the trackers want it. */
export interface UploadTarget {
  readonly address: Address;
  readonly group: string;
  readonly storePathIndex: number;
}

/** A acquired connection and the pool to give it back to. */
export interface CheckedOut {
  readonly pool: Pool;
  readonly connection: Connection;
}

/** One attempt of a call at one storage; `retries` counts those before it. */
export type Attempt<T> = (address: Address, retries: number) => Promise<T>;

/** What became of a file that had to go: `absent` where it was not there (or not under this name). */
export type Discarded = 'removed' | 'absent' | 'left';

/** Refusals of an upload that say something about the storage, not about the request. */
const REFUSALS = new Set([STATUS_ENOENT, 5, 12, 16, STATUS_ENOSPC]);

export class Engine {
  readonly options: ResolvedOptions;
  readonly pools: Pools;
  readonly trackers: Trackers;
  readonly trackerClient: TrackerClient;
  readonly locator: Locator;
  readonly storageIds: StorageIds;
  readonly #cleanups = new Set<Promise<unknown>>();
  readonly #open = new Set<{ destroy(error: Error): unknown }>();
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedOptions) {
    this.options = options;
    this.pools = new Pools(options);
    this.trackers = new Trackers(options.trackers);
    this.trackerClient = new TrackerClient(this.trackers, this.pools, options.logger);
    this.locator = new Locator(this.trackerClient, options.locationCache);
    this.storageIds = new StorageIds(this.trackerClient, options.logger, options.storageIds);
  }

  /** @throws ClosedError once {@link close} has been called */
  assertOpen(): void {
    if (this.#closing) throw new ClosedError();
  }

  /** A connection that is idle comes at once; for one that is not, and for any failure, there is a promise. */
  checkout(address: Address, signal?: AbortSignal): Promise<CheckedOut> | CheckedOut {
    try {
      const pool = this.pools.at(address, 'storage');
      const connection = pool.acquire(signal);
      return connection instanceof Promise
        ? connection.then((acquired) => ({ pool, connection: acquired }))
        : { pool, connection };
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs a command once on one storage.
   * @param waiting ends the wait for a connection, where the exchange itself must not be ended half-way
   */
  callAt<Args, Reply>(
    address: Address,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions = {},
    content?: readonly Uint8Array[],
    waiting: AbortSignal | undefined = options.signal,
  ): Promise<Reply> {
    const run = ({ pool, connection }: CheckedOut) => call(pool, connection, command, args, options, content);
    const acquired = this.checkout(address, waiting);
    return acquired instanceof Promise ? acquired.then(run) : run(acquired);
  }

  /** As {@link callAt}, repeated while that is safe. */
  repeatAt<Args, Reply>(
    address: Address,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions = {},
    content?: readonly Uint8Array[],
  ): Promise<Reply> {
    let retries = 0;
    return withRetry(this.options.retry, options.signal, () =>
      this.callAt(address, command, args, { ...options, retries: retries++ }, content),
    );
  }

  /** Reads from the replicas of a file, one after the other, until one of them answers. */
  read<T>(file: string | SplitFileId, options: ExchangeOptions, run: Attempt<T>): Promise<T> {
    const name = typeof file === 'string' ? splitFileId(file) : file;
    const locate = () => this.locator.forRead(name, options);
    return this.#onFile(name, options, locate, run, () => this.locator.forUpdate(name, options));
  }

  /** Works on a file at its source storage. */
  update<T>(fileId: string, options: ExchangeOptions, run: Attempt<T>): Promise<T> {
    const name = splitFileId(fileId);
    return this.#onFile(name, options, () => this.locator.forUpdate(name, options), run);
  }

  /** Runs one command on a file at its source storage. */
  callAtSource<Args, Reply>(
    fileId: string,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
    content?: readonly Uint8Array[],
  ): Promise<Reply> {
    return this.update(fileId, options, (address, retries) =>
      this.callAt(address, command, args, { ...options, fileId, retries }, content),
    );
  }

  /**
   * Finds a storage for an upload and runs it there. While nothing has been stored, storages that cannot be
   * reached or refuse are passed over, and the trackers are asked again.
   */
  place<T>(
    group: string | undefined,
    options: ExchangeOptions,
    run: (target: UploadTarget, retries: number) => Promise<T>,
  ): Promise<T> {
    const counted = counting(run);
    return withRetry(this.options.retry, options.signal, async () => {
      for (let round = 1; ; round++) {
        const found = this.locator.forUpload(group, options);
        const location = found instanceof Promise ? await found : found;
        const outcome = await this.#tryTargets(location, counted);
        if ('value' in outcome) return outcome.value;
        this.locator.invalidateStore(group);
        // An answer from memory proves nothing, and a storage that was between two of its folders has moved on.
        if (!(location.remembered || isFolderChange(outcome.error)) || round > 1) throw outcome.error;
      }
    });
  }

  /**
   * Removes a file that must not stay. Never fails: what could not be removed is told by the result.
   */
  discard(fileId: string, address: Address): Promise<Discarded> {
    return this.track(this.#discard(fileId, address));
  }

  async #discard(fileId: string, address: Address): Promise<Discarded> {
    const remove = () => this.callAt(address, deleteFile, splitFileId(fileId), { fileId });
    // By then whatever ended the upload has ended its other connections, too.
    await waitForNextTurn();
    try {
      // close() ends what is under way, this too; but it waits for a second attempt.
      await remove().catch((error) => (error instanceof ClosedError ? remove() : Promise.reject(error)));
      return 'removed';
    } catch (error) {
      if (isNotFound(error)) return 'absent';
      const why = (error as Error).message;
      this.options.logger.warn(`Could not remove ${fileId}, which was not completed: ${why}`, { fileId });
      return 'left';
    }
  }

  /** The trackers' own word, past the cache: every storage to read a file from, or the one to change it at. */
  askTrackers(
    name: SplitFileId,
    purpose: 'read' | 'update',
    options: ExchangeOptions,
  ): Promise<readonly Address[]> {
    const command = purpose === 'update' ? queryUpdate : queryFetchAll;
    return withRetry(this.options.retry, options.signal, async () => {
      return (await this.trackerClient.ask(command, name, options)).storages;
    });
  }

  /** Keeps {@link close} waiting until `work` is done: the removal of something half-made. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#cleanups.add(work);
    const done = () => this.#cleanups.delete(work);
    work.then(done, done);
    return work;
  }

  /** A stream that must end when the client is closed. */
  register(stream: {
    destroy(error: Error): unknown;
    once(event: 'close', listener: () => void): unknown;
  }): void {
    this.#open.add(stream);
    stream.once('close', () => this.#open.delete(stream));
  }

  /** Ends every call under way with ClosedError, removes what they left half-done, closes all connections. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.pools.abortAll(() => new ClosedError());
    // Streams hear of it from their own exchanges first, which know what may have become of the file.
    await waitForNextTurn();
    this.pools.abortAll(() => new ClosedError());
    for (const stream of [...this.#open]) stream.destroy(new ClosedError());
    // Calls that just failed start their clean-up in the following turns.
    await waitForNextTurn();
    while (this.#cleanups.size > 0) await Promise.allSettled([...this.#cleanups]);
    this.pools.close();
  }

  /** A storage that has not answered lately does not come first while there is another. */
  #respondingFirst(storages: readonly Address[]): readonly Address[] {
    if (storages.length < 2) return storages;
    const first = storages.findIndex((address) => this.pools.at(address, 'storage').canAttempt());
    return rotate(storages, Math.max(first, 0));
  }

  async #tryTargets<T>(
    location: StoreLocation,
    run: (target: UploadTarget) => Promise<T>,
  ): Promise<{ value: T } | { error: unknown }> {
    let failure: unknown;
    for (const address of this.#respondingFirst(location.storages)) {
      try {
        return {
          value: await run({ address, group: location.group, storePathIndex: location.storePathIndex }),
        };
      } catch (error) {
        failure = error;
        if (!isFailoverable(error) && !isRefusal(error)) throw error;
      }
    }
    return { error: failure };
  }

  /** @param source where the file is if it is anywhere, for readers whom all replicas have told that it is not there */
  #onFile<T>(
    name: SplitFileId,
    options: ExchangeOptions,
    locate: () => Promise<Location> | Location,
    run: Attempt<T>,
    source?: () => Promise<Location> | Location,
  ): Promise<T> {
    const counted = counting(run);
    return withRetry(this.options.retry, options.signal, async () => {
      for (let round = 1; ; round++) {
        const found = locate();
        const { storages, remembered } = found instanceof Promise ? await found : found;
        let outcome = await tryEach(this.#respondingFirst(storages), counted);
        if ('value' in outcome) return outcome.value;
        this.locator.invalidateFile(name, source ? 'read' : 'update');
        if (remembered && round === 1) continue;
        // Trackers may not know the source yet, and name replicas that lag behind it, or whose copy is not whole.
        if (source && (isNotFound(outcome.error) || isOtherCopy(outcome.error))) {
          const { storages: sources } = await source();
          const others = sources.filter((one) => !storages.some((tried) => sameAddress(one, tried)));
          if (others.length > 0) outcome = await tryEach(others, counted);
          if ('value' in outcome) return outcome.value;
        }
        throw outcome.error;
      }
    });
  }
}

/** Numbers the attempts of one call, from 0. */
function counting<At, T>(run: (at: At, retries: number) => Promise<T>): (at: At) => Promise<T> {
  let made = 0;
  return (at) => run(at, made++);
}

type Outcome<T> = { value: T } | { error: unknown };

/**
 * The first storage that can do it. "Not found" may be a replica that lags: it stands when every storage says so, and
 * any other failure weighs more.
 */
async function tryEach<T>(
  storages: readonly Address[],
  run: (address: Address) => Promise<T>,
): Promise<Outcome<T>> {
  let failure: unknown;
  for (const address of storages) {
    try {
      return { value: await run(address) };
    } catch (error) {
      if (!isNotFound(error) && !isFailoverable(error)) throw error;
      if (failure === undefined || isNotFound(failure)) failure = error;
    }
  }
  return { error: failure };
}

function waitForNextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Storages go from folder to folder as they fill; uploads that meet at that moment may be sent to one that does not exist. Seen
 * about once in 100,000 uploads, 16 at a time, on a storage with few folders.
 */
function isFolderChange(error: unknown): boolean {
  return error instanceof ServerError && error.serverStatus === STATUS_ENOENT;
}

/** A storage has a file of this name, and of another length than its id tells. */
function isOtherCopy(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'FASTDFS_SIZE_MISMATCH';
}

function isRefusal(error: unknown): boolean {
  return error instanceof ServerError && REFUSALS.has(error.serverStatus);
}
