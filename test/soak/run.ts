/**
 * `npm run soak [part …]`: the long proofs, bounded in count and time, and one table of figures at the end. Parts are named
 * below; default: all. `TEST_SEED` replays a run.
 */

import { RealCluster } from '../helpers/real/real-cluster.js';
import { startRun } from '../helpers/run/run.js';
import { clusterFiles } from './cluster-files.js';
import { differential } from './differential.js';
import { crowds, stormOnEmbedded, stormOnReal, wear } from './endurance.js';
import { fire } from './fire.js';
import { fullDisk, kills, laggingReplica } from './kills.js';
import { manyFiles } from './many-files.js';
import { printTable, row, skipped } from './report.js';
import { sharedKeys } from './shared-keys.js';
import { spool } from './spool.js';

const PARTS: Record<string, (cluster: () => Promise<RealCluster | undefined>) => Promise<void>> = {
  storm: () => stormOnEmbedded(false),
  faults: () => stormOnEmbedded(true),
  wear: () => wear(),
  crowds: () => crowds(),
  fire: () => fire(),
  keys: () => sharedKeys(),
  real: (cluster) => onCluster(cluster, 'storm on real servers', stormOnReal),
  files: () => clusterFiles(),
  disk: (cluster) => onCluster(cluster, 'full disk', fullDisk),
  lag: (cluster) => onCluster(cluster, 'lagging replica', laggingReplica),
  spool: async () => {
    obstacle = RealCluster.findObstacle();
    if (obstacle) return skipped('uploads of unknown length', obstacle);
    await spool();
  },
  many: () => manyFiles(),
  differential: () => differential(),
  kills: async (cluster) => {
    if (!(await cluster())) return skipped('killed servers', obstacle ?? 'there is no cluster');
    await stopCluster();
    await kills();
  },
};

let started: Promise<RealCluster | undefined> | undefined;
let obstacle: string | undefined;
let unexpected = 0;

/** Started when it is first needed. */
function cluster(): Promise<RealCluster | undefined> {
  started ??= (async () => {
    obstacle = RealCluster.findObstacle();
    if (obstacle) return undefined;
    return await RealCluster.start({ smallDiskMiB: 16 });
  })();
  return started;
}

async function stopCluster(): Promise<void> {
  const made = await started?.catch(() => undefined);
  started = undefined;
  await made?.stop();
}

async function onCluster(
  get: () => Promise<RealCluster | undefined>,
  title: string,
  run: (cluster: RealCluster) => Promise<void>,
): Promise<void> {
  const made = await get();
  if (made) await run(made);
  else skipped(title, obstacle ?? 'there is no cluster');
}

process.on('uncaughtException', (error) => {
  unexpected++;
  console.error('an exception that nobody caught:', error);
});
process.on('unhandledRejection', (reason) => {
  unexpected++;
  console.error('a rejection that nobody handled:', reason);
});

const wanted = process.argv.slice(2);
const testRun = await startRun();
try {
  for (const [name, run] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      await run(cluster);
    } catch (error) {
      console.error(error);
      row(name, String(error), false);
    }
  }
} finally {
  await stopCluster();
  await testRun.end();
}
row('exceptions and rejections that nobody handled', String(unexpected), unexpected === 0);
process.exitCode = printTable() ? 0 : 1;
