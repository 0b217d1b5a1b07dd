/**
 * Places commands: which storage, which connection, what to do when it fails. The policy of fail-over and retry lives here and
 * in failover.ts; commands say what they are, exchanges say what happened.
 */
import { setImmediate } from 'node:timers';
import { ClosedError, isAbsent, isNotFound, ProtocolError, ServerError } from '../base/errors.js';
import type { ResolvedOptions } from '../config/client-options.js';
import { type Address, sameAddress } from '../model/address.js';
import { readSourceKey, type SplitFileId, splitFileId } from '../model/file-id.js';
import type { Connection } from '../net/connection.js';
import { call, type ExchangeOptions } from '../net/exchange.js';
import type { Pool } from '../net/pool.js';
import type { Command } from '../protocol/command.js';
import {
  STATUS_EBUSY,
  STATUS_EEXIST,
  STATUS_EIO,
  STATUS_ENOENT,
  STATUS_ENOMEM,
  STATUS_ENOSPC,
} from '../protocol/constants.js';
import { deleteFile } from '../protocol/storage-commands.js';
import { type FailoverPlan, failOver, isFailoverable, withRetry } from './failover.js';
import { Locator, type UploadTarget } from './locator.js';
import { Pools } from './pools.js';
import { StorageIds } from './storage-ids.js';
import { TrackerClient, Trackers } from './trackers.js';

/** A connection and the pool that takes it back. */
export interface CheckedOut {
  readonly pool: Pool;
  readonly connection: Connection;
}

/** One attempt of a call at one storage; `retries` counts those before it. */
export type Attempt<T> = (address: Address, retries: number) => Promise<T>;

/** What became of a file that had to go: `absent` where it was not there (or not under this name). */
export type Discarded = 'removed' | 'absent' | 'left';

export class Engine {
  readonly options: ResolvedOptions;
  readonly pools: Pools;
  readonly trackers: Trackers;
  readonly trackerClient: TrackerClient;
  readonly locator: Locator;
  readonly storageIds: StorageIds;
  /** A file with the CRC-32 of FastDFS before 5.12 has been met: there may be more. */
  hasLegacyCrc = false;
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

  /** Returns false for a storage in backoff. */
  canAttempt(address: Address): boolean {
    return this.pools.at(address, 'storage').canAttempt();
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

  /**
   * Reads from the storage that the trackers name for the file, and on failure from the others that have it.
   * @param first one of its storages, which is tried before the one that the trackers name
   */
  read<T>(name: SplitFileId, options: ExchangeOptions, run: Attempt<T>, first?: Address): Promise<T> {
    let remembered = false;
    return this.#onFile(options, run, 4, async (round, failures) => {
      switch (round) {
        case 0: {
          if (first) {
            remembered = true;
            return [first];
          }
          const location = await this.locator.forRead(name, options);
          remembered = location.remembered;
          return location.storages;
        }
        case 1:
          this.locator.invalidateRead(name);
          return remembered ? (await this.locator.forRead(name, options)).storages : undefined;
        case 2: {
          // A replica may lag behind the source, or its copy may be incomplete.
          const mayLag = failures.some((error) => isNotFound(error) || isOtherCopy(error));
          return mayLag ? await this.locator.askForUpdate(name, options) : undefined;
        }
        default: {
          // Of files that change only the source is sure to have the last version.
          const { mutable } = readSourceKey(name.remoteFilename);
          return mutable ? undefined : await this.locator.allForRead(name, options);
        }
      }
    });
  }

  /** Works on a file at its source storage. */
  update<T>(name: SplitFileId, options: ExchangeOptions, run: Attempt<T>): Promise<T> {
    let remembered = false;
    return this.#onFile(options, run, 2, async (round) => {
      if (round === 1) {
        this.locator.invalidateUpdate(name);
        if (!remembered) return undefined;
      }
      const location = await this.locator.forUpdate(name, options);
      remembered = location.remembered;
      return location.storages;
    });
  }

  /** Runs one command on a file at its source storage. */
  callAtSource<Args, Reply>(
    name: SplitFileId,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
    content?: readonly Uint8Array[],
  ): Promise<Reply> {
    return this.update(name, options, (address, retries) =>
      this.callAt(address, command, args, { ...options, retries }, content),
    );
  }

  /**
   * Uploads to the storage that the trackers name for it. While nothing has been stored, a storage that cannot be reached
   * or refuses is passed over: first for the others of its group, then, unless the caller wants this group, for any.
   */
  place<T>(
    group: string | undefined,
    options: ExchangeOptions,
    run: (target: UploadTarget, retries: number) => Promise<T>,
  ): Promise<T> {
    const plan = new NewFilePlan(this, group, options, run);
    return withRetry(this.options.retry, options.signal, () => placeFile(plan));
  }

  /**
   * Removes a file that must not stay. Never rejects: the result says what could not be removed.
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

  /** Asks the trackers, past the cache, for every storage to read a file from, or the one to change it at. */
  locate(
    name: SplitFileId,
    purpose: 'read' | 'update',
    options: ExchangeOptions,
  ): Promise<readonly Address[]> {
    return withRetry(this.options.retry, options.signal, () =>
      purpose === 'update'
        ? this.locator.askForUpdate(name, options)
        : this.locator.allForRead(name, options),
    );
  }

  /** Makes {@link close} wait for `work`: the removal of an incomplete file. */
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
    // The exchanges of streams fail first: they know what may have become of the file.
    await waitForNextTurn();
    this.pools.abortAll(() => new ClosedError());
    for (const stream of [...this.#open]) stream.destroy(new ClosedError());
    // Calls that just failed start their clean-up in the following turns.
    await waitForNextTurn();
    while (this.#cleanups.size > 0) await Promise.allSettled([...this.#cleanups]);
    this.pools.close();
  }

  #onFile<T>(
    { signal }: ExchangeOptions,
    run: Attempt<T>,
    rounds: number,
    name: FailoverPlan<Address, T>['name'],
  ): Promise<T> {
    const plan: FailoverPlan<Address, T> = {
      rounds,
      name,
      attempt: countAttempts(run),
      isSame: sameAddress,
      canAttempt: (address) => this.canAttempt(address),
      canFailOver: (error) => isNotFound(error) || isFailoverable(error),
      chooseError: chooseFileError,
    };
    return withRetry(this.options.retry, signal, () => failOver(plan));
  }
}

/** The storages for a new file: the one that the trackers name, the others of its group, and any where the caller wants no group. */
class NewFilePlan<T> implements FailoverPlan<UploadTarget, T> {
  readonly rounds: number;
  readonly #engine: Engine;
  readonly #group: string | undefined;
  readonly #options: ExchangeOptions;
  readonly #run: (target: UploadTarget, retries: number) => Promise<T>;
  #attempts = 0;
  #namedGroup: string | undefined;

  constructor(
    engine: Engine,
    group: string | undefined,
    options: ExchangeOptions,
    run: (target: UploadTarget, retries: number) => Promise<T>,
  ) {
    this.rounds = group === undefined ? 3 : 2;
    this.#engine = engine;
    this.#group = group;
    this.#options = options;
    this.#run = run;
  }

  name(round: number): readonly UploadTarget[] | Promise<readonly UploadTarget[]> {
    const { locator } = this.#engine;
    if (round > 0) return locator.allForUpload(round === 1 ? this.#namedGroup : undefined, this.#options);
    const named = locator.forUpload(this.#group, this.#options);
    return named instanceof Promise
      ? named.then((targets) => this.#noteGroup(targets))
      : this.#noteGroup(named);
  }

  attempt(target: UploadTarget): Promise<T> {
    return this.#run(target, this.#attempts++);
  }

  isSame(a: UploadTarget, b: UploadTarget): boolean {
    return sameAddress(a.address, b.address);
  }

  canAttempt({ address }: UploadTarget): boolean {
    return this.#engine.canAttempt(address);
  }

  canFailOver(error: unknown): boolean {
    return isFailoverable(error) || isRefusal(error);
  }

  #noteGroup(targets: readonly UploadTarget[]): readonly UploadTarget[] {
    this.#namedGroup = targets[0]?.group;
    return targets;
  }
}

function placeFile<T>(plan: NewFilePlan<T>): Promise<T> {
  return failOver(plan).catch((error: unknown) => {
    if (!isMomentary(error)) throw error;
    return failOver(plan);
  });
}

/** Numbers the attempts of one call, from 0. */
function countAttempts<Target, T>(
  run: (target: Target, retries: number) => Promise<T>,
): (target: Target) => Promise<T> {
  let attempts = 0;
  return (target) => run(target, attempts++);
}

/** "Not found" may come from a replica that lags: it stands when every storage answers so, and any other failure weighs more. */
function chooseFileError(failures: readonly unknown[]): unknown {
  return failures.find((error) => !isNotFound(error)) ?? failures[0];
}

function waitForNextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A storage has a file of this name, with another length than its id says. */
function isOtherCopy(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'FASTDFS_SIZE_MISMATCH';
}

/** Statuses with which a storage refuses a new file because of its own state, whatever the file. */
const STORAGE_REFUSALS: ReadonlySet<number> = new Set([
  STATUS_ENOENT,
  STATUS_EIO,
  STATUS_ENOMEM,
  STATUS_EBUSY,
  STATUS_EEXIST,
  STATUS_ENOSPC,
]);

function isRefusal(error: unknown): boolean {
  return error instanceof ServerError && STORAGE_REFUSALS.has(error.serverStatus);
}

/**
 * Checks for a refusal that is over with the next upload. Storages go from folder to folder as they fill, and uploads at that
 * moment may be sent to one that does not exist (2; about once in 100,000 uploads, 16 at a time, on a storage with few
 * folders). Slots of trunk files may be taken already (17).
 */
function isMomentary(error: unknown): boolean {
  return isAbsent(error) || (error instanceof ServerError && error.serverStatus === STATUS_EEXIST);
}
