/** Looks at the cluster repeatedly, until it is stopped. */
import { setTimeout as delay } from 'node:timers/promises';
import { ArgumentError, ClosedError } from '../core/base/errors.js';
import { MAX_TIMER_MS } from '../core/model/limits.js';
import { checkHealth, checkHealthOptions } from './health.js';
import type { ReplicaLag } from './replica-lag.js';
import type { AdminTrackers } from './trackers.js';
import type { ClusterHealth, WatchOptions } from './types.js';

const DEFAULT_INTERVAL_MS = 5_000;

/**
 * @param closing aborts when the admin is closed
 * @throws ArgumentError at once, not when the first snapshot is asked for
 */
export function watchCluster(
  trackers: AdminTrackers,
  options: WatchOptions,
  closing: AbortSignal,
  lag: ReplicaLag,
): AsyncGenerator<ClusterHealth, void, undefined> {
  const { intervalMs = DEFAULT_INTERVAL_MS, signal, ...health } = options;
  if (!Number.isInteger(intervalMs) || intervalMs < 1 || intervalMs > MAX_TIMER_MS) {
    throw new ArgumentError(
      `\`intervalMs\` must be a whole number of milliseconds from 1 to ${MAX_TIMER_MS}, not ${String(intervalMs)}`,
    );
  }
  checkHealthOptions(health);
  trackers.select(health);
  const end = signal ? AbortSignal.any([signal, closing]) : closing;
  return look(trackers, { ...health, signal: end }, intervalMs, end, lag);
}

async function* look(
  trackers: AdminTrackers,
  options: WatchOptions,
  intervalMs: number,
  end: AbortSignal,
  lag: ReplicaLag,
): AsyncGenerator<ClusterHealth, void, undefined> {
  while (!end.aborted) {
    const started = performance.now();
    try {
      yield await snapshot(trackers, options, end, lag);
      await delay(Math.max(0, intervalMs - (performance.now() - started)), undefined, { signal: end });
    } catch (error) {
      if (end.aborted || error instanceof ClosedError) return;
      throw error;
    }
  }
}

/** Failures become part of the snapshot; only the end ends the watch. */
async function snapshot(
  trackers: AdminTrackers,
  options: WatchOptions,
  end: AbortSignal,
  lag: ReplicaLag,
): Promise<ClusterHealth> {
  try {
    return await checkHealth(trackers, options, lag);
  } catch (error) {
    if (end.aborted || error instanceof ClosedError) throw error;
    const reason = `the cluster could not be looked at: ${(error as Error).message}`;
    return {
      verdict: 'down',
      reasons: [reason],
      notes: [],
      checkedAt: new Date(),
      trackers: [],
      groups: [],
      error: error as Error,
    };
  }
}
