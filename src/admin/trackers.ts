/**
 * Which tracker an admin call goes to: the one that is named, any that answers, or all of them in turn. Several
 * questions of one call go to the same tracker, as trackers need not agree.
 */
import { ArgumentError, type FastDFSError, NetworkError, ServerError } from '../core/base/errors.js';
import type { Engine } from '../core/cluster/engine.js';
import { failOver, isFailoverable, withRetry } from '../core/cluster/failover.js';
import type { Tracker } from '../core/cluster/trackers.js';
import { formatAddress, parseAddresses } from '../core/model/address.js';
import { DEFAULT_TRACKER_PORT } from '../core/model/limits.js';
import type { Command } from '../core/protocol/command.js';
import { STATUS_EINVAL, STATUS_ENOENT, STATUS_EOPNOTSUPP } from '../core/protocol/constants.js';
import type { AdminOptions } from './types.js';

/** Asks one certain tracker. */
export type Ask = <Args, Reply>(command: Command<Args, Reply>, args: Args) => Promise<Reply>;

export class AdminTrackers {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The named tracker, or every configured one in the order in which to ask. */
  select({ tracker }: AdminOptions): Tracker[] {
    if (tracker === undefined) return this.#engine.trackers.inOrder();
    if (typeof tracker !== 'string') {
      throw new ArgumentError(`\`tracker\` must be 'host:port', not ${typeof tracker}`);
    }
    const addresses = parseAddresses(tracker, DEFAULT_TRACKER_PORT);
    const known = this.#engine.trackers.all.find((each) =>
      each.addresses.some(({ host, port }) =>
        addresses.some((asked) => asked.host === host && asked.port === port),
      ),
    );
    // A tracker that is not configured is asked all the same: it may be the one that is to be looked into.
    return [known ?? { name: formatAddress(addresses[0]!), addresses, failures: 0, retryAt: 0 }];
  }

  createAsk(tracker: Tracker, options: AdminOptions): Ask {
    return (command, args) =>
      this.#engine.trackerClient.askOne(tracker, command, args, { signal: options.signal });
  }

  /** Reads from the first tracker that has an answer. One that knows no such thing (2) may only have been restarted. */
  read<T>(options: AdminOptions, run: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#retried(options, () => this.#tryEach(options, run, STATUS_ENOENT));
  }

  /** The answer of the leader, which is the tracker that does not answer 95. */
  readFromLeader<T>(options: AdminOptions, run: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#retried(options, () => this.#tryEach(options, run, STATUS_EOPNOTSUPP));
  }

  /**
   * Runs on every tracker, one after the other, and ends at the first that fails.
   * @param tolerated statuses that are no failure; they are returned with the trackers that gave them
   */
  async onEach<T>(
    options: AdminOptions,
    tolerated: readonly number[],
    run: (ask: Ask) => Promise<T>,
  ): Promise<Array<{ value: T } | { refusal: ServerError }>> {
    const answers: Array<{ value: T } | { refusal: ServerError }> = [];
    for (const tracker of this.select(options)) {
      try {
        const value = await this.#retried(options, () => run(this.createAsk(tracker, options)));
        answers.push({ value });
      } catch (error) {
        if (!(error instanceof ServerError && tolerated.includes(error.serverStatus))) throw error;
        answers.push({ refusal: error });
      }
    }
    return answers;
  }

  #retried<T>({ signal }: AdminOptions, attempt: () => Promise<T>): Promise<T> {
    return withRetry(this.#engine.options.retry, signal, attempt);
  }

  #tryEach<T>(options: AdminOptions, run: (ask: Ask) => Promise<T>, passOver: number): Promise<T> {
    return failOver({
      rounds: 1,
      name: () => this.select(options),
      attempt: (tracker) => run(this.createAsk(tracker, options)),
      canFailOver: (error, tracker) => {
        if (error instanceof ServerError && error.serverStatus === passOver) return true;
        if (!isFailoverable(error) || (error as FastDFSError).maybeApplied) return false;
        this.#engine.trackers.failed(tracker);
        return true;
      },
      chooseError: (failures) => summary(failures as FastDFSError[]),
    });
  }
}

/**
 * A tracker that knows no such thing is believed although another is silent; one that is not the leader is not: the
 * leader may be the silent one.
 */
function summary(errors: readonly FastDFSError[]): FastDFSError {
  const answer = errors.find((error) => error instanceof ServerError);
  const silent = errors.find((error) => !(error instanceof ServerError));
  if (answer && (!silent || answer.serverStatus === STATUS_ENOENT)) return answer;
  if (errors.length === 1) return errors[0]!;
  return new NetworkError(
    'FASTDFS_NO_TRACKER',
    `No answer from the trackers: ${errors.map((error) => error.message).join('; ')}`,
    { command: silent?.command, retryable: true, cause: new AggregateError(errors) },
  );
}

/** Commands that came late: a server that does not know them answers "invalid", which means that it is too old. */
export async function supported<T>(call: Promise<T>, command: string, since: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ServerError) || error.serverStatus !== STATUS_EINVAL) throw error;
    throw new ServerError(STATUS_EOPNOTSUPP, {
      command,
      address: error.address,
      hint: `the tracker is too old; ${command} came with FastDFS ${since}`,
      cause: error,
    });
  }
}
