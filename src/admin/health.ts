/** One look at the whole cluster, and what is wrong with it in words. */
import { ArgumentError, type FastDFSError, ServerError } from '../core/base/errors.js';
import { listAllGroups, listStorage } from '../core/protocol/admin-commands.js';
import { NOT_A_TRACKER, STATUS_EINVAL } from '../core/protocol/constants.js';
import type { StorageRecord } from '../core/protocol/records.js';
import { isServerFailure } from './access.js';
import { resolveGroups } from './groups.js';
import type { LagFindings, ReplicaLag } from './replica-lag.js';
import { readTrackers } from './tracker-status.js';
import type { AdminTrackers } from './trackers.js';
import type { ClusterHealth, GroupWithStorages, HealthOptions, TrackerStatus, Verdict } from './types.js';

const DEFAULT_MAX_LAG_SECONDS = 300;

/** @throws ArgumentError naming the option */
export function checkHealthOptions({ maxLagSeconds = DEFAULT_MAX_LAG_SECONDS }: HealthOptions): void {
  if (typeof maxLagSeconds !== 'number' || !(maxLagSeconds > 0)) {
    throw new ArgumentError(
      `\`maxLagSeconds\` must be a positive number of seconds, not ${String(maxLagSeconds)}`,
    );
  }
}

/** @param lag what earlier looks saw; a new one for a single look */
export async function checkHealth(
  trackers: AdminTrackers,
  options: HealthOptions,
  lag: ReplicaLag,
): Promise<ClusterHealth> {
  checkHealthOptions(options);
  const checkedAt = new Date();
  const states = await readTrackers(trackers, options);
  const { groups, error } = await readGroups(trackers, states, options);
  const limit = options.maxLagSeconds ?? DEFAULT_MAX_LAG_SECONDS;
  const findings = (groups ?? []).map((group) => inspectGroup(group, lag, limit));
  const reasons = [
    ...trackerReasons(states),
    ...(error && states.some(({ reachable }) => reachable)
      ? [`the groups could not be read: ${error.message}`]
      : []),
    ...(groups?.length === 0 ? ['no group has been set up: no storage has joined the trackers'] : []),
    ...findings.flatMap((found) => found.reasons),
  ];
  const verdict: Verdict = !groups?.some(takesUploads) ? 'down' : reasons.length > 0 ? 'degraded' : 'ok';
  return {
    verdict,
    reasons,
    notes: findings.flatMap((found) => found.notes),
    checkedAt,
    trackers: states,
    groups: groups ?? [],
    ...(error ? { error } : {}),
  };
}

/** As the leader sees them, where there is one; it decides where uploads go. */
async function readGroups(
  trackers: AdminTrackers,
  states: readonly TrackerStatus[],
  options: HealthOptions,
): Promise<{ groups?: GroupWithStorages[]; error?: FastDFSError }> {
  const tracker = options.tracker ?? states.find(({ leader }) => leader)?.address;
  try {
    const groups = await trackers.read({ ...options, ...(tracker ? { tracker } : {}) }, async (ask) => {
      const infos = await resolveGroups(await ask(listAllGroups, undefined), ask);
      return await Promise.all(
        infos.map(async (info) => ({ ...info, storages: await ask(listStorage, { group: info.name }) })),
      );
    });
    return { groups };
  } catch (error) {
    if (!isServerFailure(error)) throw error;
    return { error };
  }
}

function trackerReasons(trackers: readonly TrackerStatus[]): string[] {
  const reasons = trackers
    .filter(({ reachable }) => !reachable)
    .map(({ address, status }) => `tracker ${address} cannot be reached: ${status}`);
  for (const { address, error } of trackers) {
    if (error instanceof ServerError && error.serverStatus === STATUS_EINVAL) {
      reasons.push(`tracker ${address} refuses the command of trackers: ${NOT_A_TRACKER}`);
    }
  }
  const reachable = trackers.filter((tracker) => tracker.reachable);
  // A single tracker that was asked for by name need not be the leader.
  if (
    reachable.length === trackers.length &&
    reachable.length > 1 &&
    !reachable.some(({ leader }) => leader)
  ) {
    reasons.push('no tracker is the leader');
  }
  return reasons;
}

function inspectGroup(group: GroupWithStorages, lag: ReplicaLag, limit: number): LagFindings {
  const reasons: string[] = [];
  const notes: string[] = [];
  const { name, storages } = group;
  if (!storages.some(isWritable)) reasons.push(`group ${name} has no storage that is ACTIVE and writable`);
  if (!storages.some(isReadable)) reasons.push(`group ${name} has no storage that is ACTIVE and readable`);
  if (!hasSpace(group)) {
    reasons.push(
      `group ${name} has no space above the reserve: ${gib(group.freeBytes)} free of ${gib(group.totalBytes)}, ${gib(group.reservedBytes ?? 0)} reserved`,
    );
  }
  for (const storage of storages) {
    const { id, status } = storage;
    if (status === 'DELETED') continue;
    if (status !== 'ACTIVE') {
      reasons.push(`storage ${id} of group ${name} is ${status}`);
      continue;
    }
    const found = lag.check(storage, storages, limit);
    reasons.push(...found.reasons);
    notes.push(...found.notes);
  }
  const trunkMode = group.currentTrunkFileId !== undefined;
  if (trunkMode && !storages.some(({ trunkServer, status }) => trunkServer && status === 'ACTIVE')) {
    reasons.push(`group ${name} uses trunk files and has no ACTIVE trunk server`);
  }
  return { reasons, notes };
}

function takesUploads(group: GroupWithStorages): boolean {
  return group.storages.some(isWritable) && hasSpace(group);
}

function isWritable({ status, rwMode = 'both' }: StorageRecord): boolean {
  return status === 'ACTIVE' && (rwMode === 'both' || rwMode === 'write');
}

function isReadable({ status, rwMode = 'both' }: StorageRecord): boolean {
  return status === 'ACTIVE' && (rwMode === 'both' || rwMode === 'read');
}

/** Trunk files have space of their own inside. Records of old servers do not tell the reserve. */
function hasSpace({
  freeBytes,
  reservedBytes = 0,
  trunkFreeBytes,
  totalBytes,
  storages,
}: GroupWithStorages): boolean {
  // Nothing is known of the disks of a group while no storage has reported.
  if (totalBytes === 0 || !storages.some(isWritable)) return true;
  return freeBytes > reservedBytes || trunkFreeBytes > 0;
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
