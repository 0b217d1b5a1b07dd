/** What is wrong with trackers and storages as `diagnose()` found them, and what to do about it. */
import { ServerError } from '../core/base/errors.js';
import { NOT_A_TRACKER, STATUS_EINVAL, STATUS_ENOENT } from '../core/protocol/constants.js';
import type { DiagnosedStorage, DiagnosedTracker } from './diagnosis.js';

/** A difference up to this is of no consequence. */
const MAX_SKEW_SECONDS = 5;

export function adviseTracker(tracker: Omit<DiagnosedTracker, 'problems'>): string[] {
  const { address, connectsTo, reachable, error, clockSkewSeconds: skew = 0 } = tracker;
  const at = connectsTo === address ? '' : ` (mapped to ${connectsTo})`;
  if (!reachable) {
    return [
      `tracker ${address}${at} cannot be reached from here: ${error?.message}; start it, open its port to this machine, or correct tracker_server`,
    ];
  }
  const problems: string[] = [];
  if (error instanceof ServerError && error.serverStatus === STATUS_EINVAL) {
    problems.push(`tracker ${address}${at}: ${NOT_A_TRACKER}`);
  } else if (error && !isEmpty(error)) {
    problems.push(`tracker ${address}${at} answers with an error: ${error.message}`);
  }
  if (Math.abs(skew) > MAX_SKEW_SECONDS) {
    problems.push(
      `the clock of tracker ${address} is ${Math.abs(skew)} seconds or more ${skew > 0 ? 'ahead of' : 'behind'} this machine's; synchronize both (NTP): tokens in URLs and the times of files depend on it`,
    );
  }
  return problems;
}

/** A tracker that knows no group yet. */
function isEmpty(error: Error): boolean {
  return error instanceof ServerError && error.serverStatus === STATUS_ENOENT;
}

export function adviseStorage(storage: Omit<DiagnosedStorage, 'problems'>): string[] {
  const { group, id, announced, connectsTo, states, reachable, error } = storage;
  const name = `storage ${id} of group ${group}`;
  const problems: string[] = [];
  const notActive = Object.entries(states).filter(([, state]) => state !== 'ACTIVE');
  if (!reachable) {
    const mapped = announced === connectsTo ? '' : ` (announced as ${announced})`;
    const advice =
      notActive.length === Object.keys(states).length
        ? 'start it'
        : announced === connectsTo
          ? `open port ${connectsTo.slice(connectsTo.lastIndexOf(':') + 1)} to this machine, or set mapAddress (--map ${announced}=reachable-host) where the address is of a network that this machine is not in`
          : 'correct the address mapping';
    problems.push(
      `${name} cannot be reached from here at ${connectsTo}${mapped}: ${error?.message}; ${advice}`,
    );
  }
  for (const [tracker, state] of notActive) {
    const advice =
      reachable && state === 'OFFLINE'
        ? `it answers here, so it cannot reach that tracker: check tracker_server in its storage.conf and the network between them`
        : state === 'OFFLINE'
          ? 'start it'
          : 'wait until it has joined, and look into its log if it does not';
    problems.push(`${name} is ${state} at tracker ${tracker}; ${advice}`);
  }
  return problems;
}

export function adviseWhole(
  trackers: readonly DiagnosedTracker[],
  storages: readonly DiagnosedStorage[],
  versions: readonly string[],
): string[] {
  const problems: string[] = [];
  const reachable = trackers.filter((tracker) => tracker.reachable);
  const leaders = trackers.filter(({ leader }) => leader).map(({ address }) => address);
  if (reachable.length > 1 && reachable.length === trackers.length && leaders.length !== 1) {
    problems.push(
      leaders.length === 0
        ? 'no tracker is the leader; wait some seconds after a start, then check that the trackers can reach each other'
        : `several trackers are the leader (${leaders.join(', ')}): they cannot reach each other, or belong to different clusters`,
    );
  }
  if (reachable.some(({ error }) => error === undefined || isEmpty(error)) && storages.length === 0) {
    problems.push(
      'no storage has joined the trackers; start one whose storage.conf names them in tracker_server',
    );
  }
  if (versions.length > 1) {
    problems.push(`the storages have different versions (${versions.join(', ')}); upgrade the older ones`);
  }
  return problems;
}
