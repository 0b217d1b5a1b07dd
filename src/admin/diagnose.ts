/**
 * Looks at a cluster from this machine: every tracker, what each of them holds of every storage, and every storage by a
 * connection of its own, as uploads and downloads make one. Changes nothing.
 */
import type { FastDFSError } from '../core/base/errors.js';
import type { Engine } from '../core/cluster/engine.js';
import { type Address, formatAddress } from '../core/model/address.js';
import { listAllGroups, listStorage } from '../core/protocol/admin-commands.js';
import type { StorageRecord } from '../core/protocol/records.js';
import { activeTest } from '../core/protocol/tracker-commands.js';
import { isServerFailure } from './access.js';
import type { DiagnosedStorage, DiagnosedTracker, Diagnosis } from './diagnosis.js';
import { adviseStorage, adviseTracker, adviseWhole } from './diagnosis-advice.js';
import { readTrackers } from './tracker-status.js';
import type { AdminTrackers } from './trackers.js';
import type { AdminOptions, TrackerStatus } from './types.js';

/** What one tracker holds. */
interface View {
  readonly tracker: TrackerStatus;
  readonly storages: readonly StorageRecord[];
}

export async function diagnose(
  engine: Engine,
  trackers: AdminTrackers,
  options: AdminOptions,
): Promise<Diagnosis> {
  const statuses = await readTrackers(trackers, options);
  const checkedAt = new Date();
  const views = await Promise.all(statuses.map((tracker) => readView(trackers, tracker, options)));
  const diagnosedTrackers = views.map((view) => diagnoseTracker(engine, view, checkedAt));
  const storages = await Promise.all(
    [...groupByStorage(views)].map(([, records]) => diagnoseStorage(engine, records, options)),
  );
  storages.sort((a, b) => compare(a.group, b.group) || compare(a.id, b.id));
  const versions = [...new Set(storages.map(({ version }) => version))].filter(Boolean).sort();
  return {
    checkedAt,
    trackers: diagnosedTrackers,
    storages,
    versions,
    problems: [
      ...adviseWhole(diagnosedTrackers, storages, versions),
      ...diagnosedTrackers.flatMap(({ problems }) => problems),
      ...storages.flatMap(({ problems }) => problems),
    ],
  };
}

async function readView(
  trackers: AdminTrackers,
  tracker: TrackerStatus,
  options: AdminOptions,
): Promise<View> {
  if (!tracker.reachable) return { tracker, storages: [] };
  const [selected] = trackers.select({ ...options, tracker: tracker.address });
  const ask = trackers.createAsk(selected!, options);
  try {
    const groups = await ask(listAllGroups, undefined);
    const lists = await Promise.all(groups.map(({ name }) => ask(listStorage, { group: name })));
    return { tracker, storages: lists.flat().filter(({ status }) => status !== 'DELETED') };
  } catch (error) {
    if (!isServerFailure(error)) throw error;
    return { tracker: { ...tracker, error: tracker.error ?? error }, storages: [] };
  }
}

function diagnoseTracker(engine: Engine, { tracker, storages }: View, now: Date): DiagnosedTracker {
  const [first] = engine.trackers.all.find(({ name }) => name === tracker.address)?.addresses ?? [];
  const skew = measureSkew(storages, now);
  const found = {
    ...tracker,
    connectsTo: first
      ? formatAddress(engine.options.mapAddress({ ...first, role: 'tracker' }))
      : tracker.address,
    ...(skew === undefined ? {} : { clockSkewSeconds: skew }),
  };
  return { ...found, problems: adviseTracker(found) };
}

/** Storages send a heart-beat every 30 seconds by default; a tracker stamps it by its own clock. */
const HEARTBEAT_SECONDS = 30;

/** Returns the least difference that explains the newest heart-beat, or undefined when there need not be any. */
function measureSkew(storages: readonly StorageRecord[], now: Date): number | undefined {
  const beats = storages
    .filter(({ status, lastHeartbeat }) => status === 'ACTIVE' && lastHeartbeat !== undefined)
    .map(({ lastHeartbeat }) => lastHeartbeat!.getTime());
  if (beats.length === 0) return undefined;
  const ageSeconds = Math.floor((now.getTime() - Math.max(...beats)) / 1000);
  // Heart-beats have a resolution of one second.
  if (ageSeconds < -1) return -ageSeconds;
  return ageSeconds > 2 * HEARTBEAT_SECONDS ? HEARTBEAT_SECONDS - ageSeconds : undefined;
}

interface Sighting {
  readonly tracker: string;
  readonly record: StorageRecord;
}

function groupByStorage(views: readonly View[]): Map<string, Sighting[]> {
  const storages = new Map<string, Sighting[]>();
  for (const { tracker, storages: records } of views) {
    for (const record of records) {
      const key = `${record.group}/${record.id}`;
      storages.set(key, [...(storages.get(key) ?? []), { tracker: tracker.address, record }]);
    }
  }
  return storages;
}

async function diagnoseStorage(
  engine: Engine,
  sightings: readonly Sighting[],
  options: AdminOptions,
): Promise<DiagnosedStorage> {
  const record = (sightings.find(({ record }) => record.status === 'ACTIVE') ?? sightings[0]!).record;
  const { group, id, host, port, version } = record;
  const announced = { host, port };
  const found = {
    group,
    id,
    announced: formatAddress(announced),
    connectsTo: formatAddress(engine.options.mapAddress({ ...announced, role: 'storage' })),
    version,
    states: Object.fromEntries(sightings.map(({ tracker, record }) => [tracker, record.status])),
    ...(await reach(engine, announced, options)),
  };
  return { ...found, problems: adviseStorage(found) };
}

async function reach(
  engine: Engine,
  address: Address,
  { signal }: AdminOptions,
): Promise<{ reachable: boolean; latencyMs?: number; error?: FastDFSError }> {
  try {
    // The first question may have to connect; the second one is timed.
    await engine.callAt(address, activeTest, undefined, { signal });
    const asked = performance.now();
    await engine.callAt(address, activeTest, undefined, { signal });
    return { reachable: true, latencyMs: Math.round((performance.now() - asked) * 1000) / 1000 };
  } catch (error) {
    if (!isServerFailure(error)) throw error;
    return { reachable: false, error };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
