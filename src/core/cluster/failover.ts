/**
 * The one loop of fail-over: targets in order, until one of them gives a result. Uploads, reads, changes and questions to
 * trackers differ only in the plan that they bring.
 */
import { ArgumentError, ClosedError, FastDFSError, ServerError, TimeoutError } from '../base/errors.js';

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

/** Runs a plan. */
export async function failOver<Target, T>(plan: FailoverPlan<Target, T>): Promise<T> {
  const { rounds, canAttempt, canFailOver = isFailoverable, chooseError } = plan;
  const failures: unknown[] = [];
  const known: Target[] = [];
  const postponed: Target[] = [];
  for (let round = 0; round <= rounds; round++) {
    const isLast = round === rounds;
    for (const target of (isLast ? postponed : await nameTargets(plan, round, failures, known)) ?? []) {
      if (!isLast) {
        if (isKnown(plan, known, target)) continue;
        known.push(target);
        if (canAttempt && !canAttempt(target)) {
          postponed.push(target);
          continue;
        }
      }
      try {
        return await plan.attempt(target);
      } catch (error) {
        if (!canFailOver(error, target)) throw error;
        failures.push(error);
      }
    }
  }
  throw chooseError ? chooseError(failures) : failures.at(-1);
}

/** A question for further targets that fails adds none: the failures before it say more. */
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
  return known.length > 0 && known.some((each) => isSame(each, target));
}
