/** Sets a run of the tests up. Real servers are not started yet: the first test that needs one does. */
import type { TestProject } from 'vitest/node';
import { RealCluster } from '../real/real-cluster.js';
import { startRun } from './run.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The temporary folder of the run. */
    runFolder: string;
    /** Whether programs of FastDFS are installed. */
    canStartCluster: boolean;
    /** Trackers of a cluster that runs already. */
    namedTrackers: string[];
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const named = process.env.FDFS_TEST_TRACKERS;
  const run = await startRun();
  project.provide('namedTrackers', named ? named.split(',') : []);
  project.provide('canStartCluster', RealCluster.findObstacle() === undefined);
  project.provide('runFolder', run.folder);
  return () => run.end();
}
