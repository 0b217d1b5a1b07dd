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

/** Names further targets once all before have failed; none when it has nothing to add. */
export type Round<Target> = (failures: readonly unknown[]) => Targets<Target> | Promise<Targets<Target>>;
type Targets<Target> = readonly Target[] | undefined;

export interface FailoverPlan<Target, T> {
  readonly rounds: readonly Round<Target>[];
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
  const { isSame = Object.is, canFailOver = isFailoverable, canAttempt, chooseError } = plan;
  const failures: unknown[] = [];
  const named: Target[] = [];
  const postponed: Target[] = [];
  const lastRound = () => postponed;
  for (const round of [...plan.rounds, lastRound]) {
    for (const target of (await nameTargets(round, failures, named.length > 0)) ?? []) {
      if (round !== lastRound) {
        if (named.some((each) => isSame(each, target))) continue;
        named.push(target);
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
  round: Round<Target>,
  failures: readonly unknown[],
  hasTargets: boolean,
): Promise<Targets<Target>> {
  try {
    return await round(failures);
  } catch (error) {
    if (hasTargets && (error instanceof ServerError || isFailoverable(error))) return undefined;
    throw error;
  }
}
