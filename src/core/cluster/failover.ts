/**
 * What happens after a failure. Fail-over: one loop takes targets in order, until one of them gives a result; uploads, reads,
 * changes and questions to trackers differ only in the plan that they bring. Retry: when no target did, the call is repeated
 * after a pause where that is safe, by p-retry, which is loaded when it is first needed.
 */
import { onAbort } from '../base/abort.js';
import {
  ArgumentError,
  ClosedError,
  FastDFSError,
  NetworkError,
  ServerError,
  TimeoutError,
} from '../base/errors.js';
import type { ResolvedOptions } from '../config/client-options.js';

/**
 * Checks whether another server may do what this one did not: after everything but the caller's own faults and clear
 * answers.
 */
export function isFailoverable(error: unknown): boolean {
  if (!(error instanceof FastDFSError) || error instanceof ArgumentError || error instanceof ClosedError)
    return false;
  if (error instanceof ServerError) return false;
  if (error instanceof TimeoutError && error.phase === 'lease') return false;
  return error.retryable;
}

type Targets<Target> = readonly Target[] | undefined;

export interface FailoverPlan<Target, T> {
  /** Rounds of targets. */
  readonly rounds: number;
  /** Names the targets of a round, from 0, once all before have failed; undefined when it adds none. */
  name(round: number, failures: readonly unknown[]): Targets<Target> | Promise<Targets<Target>>;
  attempt(target: Target): Promise<T>;
  /** A target that was named before is not tried again. Default: identity. */
  isSame?(a: Target, b: Target): boolean;
  /** False for a target in backoff: it is tried last. Default: true. */
  canAttempt?(target: Target): boolean;
  /** Checks whether the next target may do better; anything else ends the call. Default: {@link isFailoverable}. */
  canFailOver?(error: unknown, target: Target): boolean;
  /** Chooses the error of the call from those of all attempts. Default: the last. */
  chooseError?(failures: readonly unknown[]): unknown;
}

/** Runs a plan. Nearly always the first target does it: what the loop needs is made when it does not. */
export async function failOver<Target, T>(plan: FailoverPlan<Target, T>): Promise<T> {
  const naming = plan.name(0, []);
  const targets = (naming instanceof Promise ? await naming : naming) ?? [];
  const first = targets[0];
  if (first === undefined || plan.canAttempt?.(first) === false) return await tryAll(plan, targets, [], []);
  try {
    return await plan.attempt(first);
  } catch (error) {
    if (!mayFailOver(plan, error, first)) throw error;
    return await tryAll(plan, targets, [first], [error]);
  }
}

/**
 * Goes through the rounds, once the first target has failed or where it is in backoff.
 * @param ofFirstRound targets of the first round
 * @param known targets that were tried, or will be
 * @param failures of those that were tried
 */
async function tryAll<Target, T>(
  plan: FailoverPlan<Target, T>,
  ofFirstRound: readonly Target[],
  known: Target[],
  failures: unknown[],
): Promise<T> {
  const { rounds, chooseError } = plan;
  const postponed: Target[] = [];
  for (let round = 0; round <= rounds; round++) {
    const isLast = round === rounds;
    let targets: Targets<Target> = isLast ? postponed : ofFirstRound;
    if (round > 0 && !isLast) targets = await nameTargets(plan, round, failures, known);
    for (const target of targets ?? []) {
      if (!isLast) {
        if (isKnown(plan, known, target)) continue;
        known.push(target);
        if (plan.canAttempt?.(target) === false) {
          postponed.push(target);
          continue;
        }
      }
      try {
        return await plan.attempt(target);
      } catch (error) {
        if (!mayFailOver(plan, error, target)) throw error;
        failures.push(error);
      }
    }
  }
  throw chooseError ? chooseError(failures) : failures.at(-1);
}

function mayFailOver<Target>(plan: FailoverPlan<Target, unknown>, error: unknown, target: Target): boolean {
  return plan.canFailOver ? plan.canFailOver(error, target) : isFailoverable(error);
}

/** Names the targets of a further round. A question for them that fails adds none: the failures before it say more. */
async function nameTargets<Target>(
  plan: FailoverPlan<Target, unknown>,
  round: number,
  failures: readonly unknown[],
  known: readonly Target[],
): Promise<Targets<Target>> {
  try {
    return await plan.name(round, failures);
  } catch (error) {
    if (known.length > 0 && (error instanceof ServerError || isFailoverable(error))) return undefined;
    throw error;
  }
}

function isKnown<Target>(
  { isSame = Object.is }: FailoverPlan<Target, unknown>,
  known: readonly Target[],
  target: Target,
): boolean {
  return known.some((each) => isSame(each, target));
}

/**
 * Checks that the attempt changed nothing and that the next one may succeed. Time-outs of a server that accepts and then
 * stays silent are not repeated: the caller has waited long enough.
 */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TimeoutError) return error.retryable && error.phase === 'connect';
  return error instanceof NetworkError && error.retryable;
}

/** Runs `attempt`, and repeats it after a pause while {@link isRetryable}. The first run costs nothing extra. */
export function withRetry<T>(
  options: ResolvedOptions['retry'],
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  return attempt().catch((error: unknown) => {
    if (options.retries === 0 || signal?.aborted || !isRetryable(error)) throw error;
    return repeat(options, signal, error, attempt);
  });
}

async function repeat<T>(
  { retries, minTimeoutMs, maxTimeoutMs }: ResolvedOptions['retry'],
  signal: AbortSignal | undefined,
  firstFailure: unknown,
  attempt: () => Promise<T>,
): Promise<T> {
  const { default: pRetry } = await import('p-retry');
  // p-retry listens to its signal itself: on one that many calls share Node would warn of a leak.
  const stop = new AbortController();
  const release = onAbort(signal, (reason) => stop.abort(reason));
  try {
    return await pRetry(
      (number) => {
        if (number === 1) throw firstFailure;
        return attempt();
      },
      {
        retries,
        minTimeout: minTimeoutMs,
        maxTimeout: maxTimeoutMs,
        randomize: true,
        shouldRetry: ({ error }) => isRetryable(error),
        signal: stop.signal,
      },
    );
  } finally {
    release();
  }
}
