/** How each tracker is doing: all are asked at the same time, and none is waited for longer than the time-outs say. */

import { type FastDFSError, ServerError } from '../core/base/errors.js';
import type { Tracker } from '../core/cluster/trackers.js';
import { trackerGetStatus } from '../core/protocol/admin-commands.js';
import { activeTest } from '../core/protocol/tracker-commands.js';
import { isServerFailure } from './access.js';
import type { AdminTrackers, Ask } from './trackers.js';
import type { AdminOptions, TrackerStatus } from './types.js';

export async function readTrackers(trackers: AdminTrackers, options: AdminOptions): Promise<TrackerStatus[]> {
  const selected = trackers.select(options);
  const states = await Promise.all(
    selected.map((tracker) => stateOf(tracker, trackers.createAsk(tracker, options))),
  );
  return states.sort((a, b) => (a.address < b.address ? -1 : 1));
}

async function stateOf({ name }: Tracker, ask: Ask): Promise<TrackerStatus> {
  try {
    // The first question may have to connect; the second one is timed.
    await ask(activeTest, undefined);
  } catch (error) {
    return { address: name, reachable: false, leader: false, ...describeError(error) };
  }
  const asked = performance.now();
  const reached = () => ({ address: name, reachable: true, latencyMs: rounded(performance.now() - asked) });
  try {
    const { leader, runningSeconds, restartSeconds } = await ask(trackerGetStatus, undefined);
    return {
      ...reached(),
      leader,
      status: leader ? 'leader' : 'follower',
      runningSeconds,
      restartSeconds,
    };
  } catch (error) {
    // A no is an answer, too.
    if (error instanceof ServerError) return { ...reached(), leader: false, ...describeError(error) };
    return { address: name, reachable: false, leader: false, ...describeError(error) };
  }
}

/** @throws what is no failure of the tracker: an abort, a closed client, a wrong argument */
function describeError(error: unknown): { status: string; error: FastDFSError } {
  if (!isServerFailure(error)) throw error;
  const noGroup = error instanceof ServerError && trackerGetStatus.hints?.[error.serverStatus];
  return { status: noGroup || error.message, error };
}

/** To microseconds. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
