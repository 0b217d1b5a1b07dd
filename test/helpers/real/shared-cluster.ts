/**
 * The real FastDFS that the tests of one run share. The first test that needs it starts it, where `fdfs_trackerd` and `fdfs_storaged`
 * are on the PATH; `FDFS_TEST_TRACKERS` names a cluster that runs already. Without either, tests against a real server are skipped.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { stopProcesses } from './processes.js';
import { type ClusterSettings, RealCluster } from './real-cluster.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run keeps its real clusters; empty when servers are not installed. */
    realDirectory: string;
    /** Trackers of a cluster that runs already. */
    namedTrackers: string[];
  }
}

/** Longer than the attempts to start a cluster may take. */
const START_MS = 150_000;

/** Sets the run up: nothing is started yet. */
export default function setup(project: TestProject): (() => Promise<void>) | undefined {
  const named = process.env.FDFS_TEST_TRACKERS;
  project.provide('namedTrackers', named ? named.split(',') : []);
  const obstacle = RealCluster.findObstacle();
  if (obstacle) {
    project.provide('realDirectory', '');
    return undefined;
  }
  const directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-tests-'));
  project.provide('realDirectory', directory);
  return async () => {
    for (const name of readdirSync(directory).filter((each) => each.startsWith('fastdfs-real-')))
      await stopProcesses(path.join(directory, name));
    rmSync(directory, { recursive: true, force: true });
  };
}

/** Whether tests can have a real server. */
export function hasRealServer(): boolean {
  return inject('namedTrackers').length > 0 || inject('realDirectory') !== '';
}

/** Whether tests can start a real cluster of their own. */
export function canStartCluster(): boolean {
  return inject('realDirectory') !== '';
}

/** Starts a cluster for one test file, for other settings or for tests that stop its servers. `stop()` it in `afterAll`. */
export function startCluster(settings: ClusterSettings = {}): Promise<RealCluster> {
  return RealCluster.start({ directory: inject('realDirectory'), ...settings });
}

/** Returns the trackers of the cluster that all test files share; the first call of a run starts it. */
export async function shareCluster(): Promise<string[]> {
  const named = inject('namedTrackers');
  if (named.length > 0) return named;
  const directory = inject('realDirectory');
  const result = path.join(directory, 'shared.json');
  if (isFirst(path.join(directory, 'shared.lock'))) {
    const outcome = await startCluster().then(
      ({ trackers }) => ({ trackers }),
      (error: unknown) => ({ error: String(error) }),
    );
    writeFileSync(`${result}.part`, JSON.stringify(outcome));
    // In one step, so that no reader sees half of it.

    renameSync(`${result}.part`, result);
  }
  for (const deadline = Date.now() + START_MS; !existsSync(result); ) {
    if (Date.now() > deadline) throw new Error('The real cluster of this run did not start in time');
    await delay(50);
  }
  const { trackers, error } = JSON.parse(readFileSync(result, 'utf8')) as {
    trackers?: string[];
    error?: string;
  };
  if (!trackers) throw new Error(`The real cluster of this run did not start: ${error}`);
  return trackers;
}

/** Test files run in several processes; making a folder succeeds in one of them. */
function isFirst(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
