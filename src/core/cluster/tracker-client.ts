/** Asks the trackers: one that cannot be reached is skipped, and rests; the next one is asked at once. */

import { type FastDFSError, NetworkError, ServerError } from '../base/errors.js';
import type { Logger } from '../config/client-options.js';
import type { Address } from '../model/address.js';
import { call, type ExchangeOptions } from '../net/exchange.js';
import type { Command } from '../protocol/command.js';
import { STATUS_ENOENT, STATUS_ENOSPC } from '../protocol/constants.js';
import type { Pools } from './pools.js';
import { isFailoverable } from './retry.js';
import type { Tracker, Trackers } from './trackers.js';

export class TrackerClient {
  readonly #trackers: Trackers;
  readonly #pools: Pools;
  readonly #logger: Logger;

  constructor(trackers: Trackers, pools: Pools, logger: Logger) {
    this.#trackers = trackers;
    this.#pools = pools;
    this.#logger = logger;
  }

  /**
   * The first answer that a tracker gives. A tracker that knows no storage (2) or no space (28) may only have
   * been restarted, so the others are asked before its answer is believed.
   * @throws ServerError, or NetworkError (`FASTDFS_NO_TRACKER`) with every tracker's own error as its cause
   */
  async ask<Args, Reply>(
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ): Promise<Reply> {
    const errors: FastDFSError[] = [];
    for (const tracker of this.#trackers.inOrder()) {
      try {
        return await this.askOne(tracker, command, args, { ...options, retries: errors.length });
      } catch (error) {
        if (error instanceof ServerError) {
          if (error.serverStatus !== STATUS_ENOENT && error.serverStatus !== STATUS_ENOSPC) throw error;
          errors.push(error);
        } else if (isFailoverable(error)) {
          this.#trackers.failed(tracker);
          this.#logger.warn(`Tracker ${tracker.name} failed: ${(error as Error).message}`, {
            tracker: tracker.name,
          });
          errors.push(error as FastDFSError);
        } else {
          throw error;
        }
      }
    }
    throw summary(command.name, errors);
  }

  /** One tracker, at whichever of its addresses answers. */
  async askOne<Args, Reply>(
    tracker: Tracker,
    command: Command<Args, Reply>,
    args: Args,
    options: ExchangeOptions,
  ): Promise<Reply> {
    let failure: unknown;
    for (const address of [...tracker.addresses]) {
      try {
        const reply = await this.askAt(address, command, args, options);
        this.#trackers.worked(tracker, address);
        return reply;
      } catch (error) {
        if (error instanceof ServerError) this.#trackers.worked(tracker, address);
        if (!isFailoverable(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** One address, once. */
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
}

function summary(command: string, errors: FastDFSError[]): FastDFSError {
  const answer = errors.find((error) => error instanceof ServerError);
  if (answer) return answer;
  if (errors.length === 1) return errors[0]!;
  return new NetworkError(
    'FASTDFS_NO_TRACKER',
    `None of ${errors.length} trackers answered: ${errors.map((error) => error.message).join('; ')}`,
    { command, retryable: true, cause: new AggregateError(errors) },
  );
}
