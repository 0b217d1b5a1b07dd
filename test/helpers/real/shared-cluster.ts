/**
 * The real FastDFS that the tests of one run share. The first test that needs it starts it, where `fdfs_trackerd` and `fdfs_storaged`
 * are on the PATH; `FDFS_TEST_TRACKERS` names a cluster that runs already. Without either, tests against a real server are skipped.
 */
import { inject } from 'vitest';
import { onceInRun } from '../run/once.js';
import { type ClusterSettings, RealCluster } from './real-cluster.js';

/** Longer than the attempts to start a cluster may take. */
const START_MS = 150_000;

/** Whether tests can have a real server. */
export function hasRealServer(): boolean {
  return inject('namedTrackers').length > 0 || inject('canStartCluster');
}

/** Whether tests can start a real cluster of their own. */
export function canStartCluster(): boolean {
  return inject('canStartCluster');
}

/** Starts a cluster for one test file, for other settings or for tests that stop its servers. `stop()` it in `afterAll`. */
export function startCluster(settings: ClusterSettings = {}): Promise<RealCluster> {
  return RealCluster.start({ directory: inject('runFolder'), ...settings });
}

/** Returns the trackers of the cluster that all test files share; the first call of a run starts it. */
export async function shareCluster(): Promise<string[]> {
  const named = inject('namedTrackers');
  if (named.length > 0) return named;
  return await onceInRun('real-cluster', START_MS, async () => (await startCluster()).trackers);
}
