/**
 * The configured trackers, the state of each, and the questions to them. One that failed is in backoff for a short, growing
 * time, and the next one is asked at once; while all are, they are asked all the same, the one that comes out of it first
 * before the others.
 */
import { type FastDFSError, NetworkError, ServerError } from '../base/errors.js';
import type { Logger } from '../config/client-options.js';
import { type Address, formatAddress } from '../model/address.js';
import { backoffMs, MAX_BACKOFF_MS } from '../net/backoff.js';
import { call, type ExchangeOptions } from '../net/exchange.js';
import { QueryBatches } from '../net/pipeline.js';
import type { Command } from '../protocol/command.js';
import { STATUS_ENOENT, STATUS_ENOSPC } from '../protocol/constants.js';
import { failOver, isFailoverable } from './failover.js';
import type { Pools } from './pools.js';

/** A tracker may have two addresses; `addresses[0]` is the one that worked last. */
export interface Tracker {
  readonly name: string;
  readonly addresses: Address[];
  failures: number;
  retryAt: number;
}

export class Trackers {
  readonly all: readonly Tracker[];
  #turn = 0;

  constructor(trackers: readonly (readonly Address[])[]) {
    this.all = trackers.map((addresses) => ({
      name: formatAddress(addresses[0]!),
      addresses: [...addresses],
      failures: 0,
      retryAt: 0,
    }));
  }

  /**
   * In the order to ask: healthy ones in turn, then those in backoff. After the backoff of one that failed, one call at a time
   * may find out whether it answers again: where it is silent, the others would wait, too.
   */
  inOrder(now = performance.now()): Tracker[] {
    if (this.all.length === 1) return [...this.all];
    const rotated = rotate(this.all, this.#turn++);
    const healthy = rotated.filter((tracker) => tracker.retryAt <= now);
    const inBackoff = rotated.filter((tracker) => tracker.retryAt > now);
    const [first] = healthy;
    if (first && first.failures > 0) first.retryAt = now + MAX_BACKOFF_MS;
    return [...healthy, ...inBackoff.sort((a, b) => a.retryAt - b.retryAt)];
  }

  /** Ends the backoff of a tracker that answered, and puts the address that did first. */
  worked(tracker: Tracker, address: Address): void {
    tracker.failures = 0;
    tracker.retryAt = 0;
    if (tracker.addresses[0] === address) return;
    tracker.addresses.splice(tracker.addresses.indexOf(address), 1);
    tracker.addresses.unshift(address);
  }

  /**
   * Starts or extends the backoff of a tracker.
   * @param before its `failures` when the failed attempt began: attempts that failed together count once
   * @returns whether this one counted
   */
  failed(tracker: Tracker, now = performance.now(), before = tracker.failures): boolean {
    if (tracker.failures !== before) return false;
    tracker.retryAt = now + backoffMs(tracker.failures++);
    return true;
  }
}

/** The list from `turn` on, and then what is before it. */
function rotate<T>(list: readonly T[], turn: number): readonly T[] {
  const start = turn % list.length;
  return start === 0 ? list : [...list.slice(start), ...list.slice(0, start)];
}

/** Sends one request to one address of a tracker. */
type Ask<Reply> = (address: Address, retries: number) => Promise<Reply>;

/** A tracker that knows no storage or no space may only have been restarted: the others are asked, too. */
const ASK_OTHERS: ReadonlySet<number> = new Set([STATUS_ENOENT, STATUS_ENOSPC]);

export class TrackerClient {
  readonly #trackers: Trackers;
  readonly #pools: Pools;
  readonly #logger: Logger;
  /** Queries of one batch go to the same tracker. */
  #batchOrder: readonly Tracker[] | undefined;
  readonly #batches = new QueryBatches(() => {
    this.#batchOrder = undefined;
  });

  constructor(trackers: Trackers, pools: Pools, logger: Logger) {
    this.#trackers = trackers;
    this.#pools = pools;
    this.#logger = logger;
  }

  /**
   * Sends a read-only query, in one write with others that are wanted at the same moment.
   * @returns the first answer that a tracker gives
   * @throws ServerError, or NetworkError (`FASTDFS_NO_TRACKER`) with every tracker's own error as its cause
   */
  query<Args, Reply>(command: Command<Args, Reply>, args: Args, options: ExchangeOptions): Promise<Reply> {
    this.#batchOrder ??= this.#trackers.inOrder();
    return this.#onEach(this.#batchOrder, command.name, (address, retries) =>
      this.#batches.send(this.#pools.at(address, 'tracker'), command, args, { ...options, retries }),
    );
  }

  /** As {@link query}, `count` times: the answers in order, or the first failure. */
  queryMany<Args, Reply>(command: Command<Args, Reply>, args: Args, count: number): Promise<Reply[]> {
    this.#batchOrder ??= this.#trackers.inOrder();
    return this.#onEach(this.#batchOrder, command.name, (address, retries) => {
      const pool = this.#pools.at(address, 'tracker');
      const queries = Array.from({ length: count }, () =>
        this.#batches.send(pool, command, args, { retries }),
      );
      return Promise.all(queries);
    });
  }

  /** As {@link query}, on a connection of its own: for commands that may take long or answer much. */
  ask<Args, Reply>(command: Command<Args, Reply>, args: Args, options: ExchangeOptions): Promise<Reply> {
    return this.#onEach(this.#trackers.inOrder(), command.name, (address, retries) =>
      this.askAt(address, command, args, { ...options, retries }),
    );
  }

  /** Asks one tracker, at the first of its addresses that answers. */
  askOne<Args, Reply>(
    tracker: Tracker,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ): Promise<Reply> {
    return this.#atAddresses(tracker, (address) => this.askAt(address, command, args, options), 0);
  }

  /** Asks one address, once. */
  async askAt<Args, Reply>(
    address: Address,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ): Promise<Reply> {
    const pool = this.#pools.at(address, 'tracker');
    const connection = await pool.acquire(options.signal);
    return await call(pool, connection, command, args, options);
  }

  #onEach<Reply>(trackers: readonly Tracker[], command: string, ask: Ask<Reply>): Promise<Reply> {
    let attempts = 0;
    let failuresBefore = 0;
    return failOver<Tracker, Reply>({
      rounds: 1,
      name: () => trackers,
      attempt: (tracker) => {
        failuresBefore = tracker.failures;
        return this.#atAddresses(tracker, ask, attempts++);
      },
      canFailOver: (error, tracker) => {
        if (error instanceof ServerError) return ASK_OTHERS.has(error.serverStatus);
        if (!isFailoverable(error)) return false;
        if (this.#trackers.failed(tracker, undefined, failuresBefore)) {
          this.#logger.warn(`Tracker ${tracker.name} failed: ${(error as Error).message}`, {
            tracker: tracker.name,
          });
        }
        return true;
      },
      chooseError: (failures) => summarize(command, failures as FastDFSError[]),
    });
  }

  #atAddresses<Reply>(tracker: Tracker, ask: Ask<Reply>, retries: number): Promise<Reply> {
    const { addresses } = tracker;
    if (addresses.length === 1) return this.#atAddress(tracker, addresses[0]!, ask, retries);
    return failOver<Address, Reply>({
      rounds: 1,
      name: () => [...addresses],
      attempt: (address) => this.#atAddress(tracker, address, ask, retries),
    });
  }

  async #atAddress<Reply>(
    tracker: Tracker,
    address: Address,
    ask: Ask<Reply>,
    retries: number,
  ): Promise<Reply> {
    try {
      const reply = await ask(address, retries);
      this.#trackers.worked(tracker, address);
      return reply;
    } catch (error) {
      if (error instanceof ServerError) this.#trackers.worked(tracker, address);
      throw error;
    }
  }
}

function summarize(command: string, errors: readonly FastDFSError[]): FastDFSError {
  const answer = errors.find((error) => error instanceof ServerError);
  if (answer) return answer;
  if (errors.length === 1) return errors[0]!;
  return new NetworkError(
    'FASTDFS_NO_TRACKER',
    `None of ${errors.length} trackers answered: ${errors.map((error) => error.message).join('; ')}`,
    { command, retryable: true, cause: new AggregateError(errors) },
  );
}
