/**
 * What the wire tests run against: an embedded cluster, and a real one where the test run has one (`group1` with two
 * storages, `group2` with one).
 */
import { describe } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { hasRealServer, shareCluster } from '../helpers/real/shared-cluster.js';
import { group16, Raw } from './raw.js';

export interface Target {
  readonly real: boolean;
  readonly trackers: readonly string[];
  /** A storage of group1; the tests stay with it. */
  readonly storage: string;
  readonly storageIds: boolean;
  stop(): Promise<void>;
}

/** Runs a suite on each; `start` is for its `beforeAll`. */
export function onEachTarget(suite: (start: () => Promise<Target>) => void): void {
  describe('embedded server', () => suite(startEmbedded));
  describe.skipIf(!hasRealServer())('real server', () =>
    suite(async () => describeTarget(await shareCluster(), true, async () => {})),
  );
}

async function startEmbedded(): Promise<Target> {
  // As the real clusters of the tests: uploads go through the groups in turn, replicas get a file late.
  const embedded = await EmbeddedFastDFS.start({
    groups: { group1: 2, group2: 1 },
    trackers: 2,
    syncDelayMs: 600_000,
    storeLookup: 0,
  });
  return describeTarget(embedded.trackers, false, () => embedded.stop());
}

async function describeTarget(trackers: string[], real: boolean, stop: () => Promise<void>): Promise<Target> {
  const tracker = await Raw.connect(trackers[0]!);
  const where = await tracker.ok(104, group16('group1'));
  const parameters = await tracker.ok(75);
  tracker.close();
  return {
    real,
    trackers,
    storage: `${where.toString('latin1', 16, where.indexOf(0, 16))}:${where.readBigInt64BE(31)}`,
    storageIds: parameters.toString().includes('use_storage_id=1'),
    stop,
  };
}
