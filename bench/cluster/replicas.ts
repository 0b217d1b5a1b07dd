/** Downloads of a group with several storages: all of them should take part. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, FastDFSAdmin } from 'fastdfs-streams';
import type { BenchRun } from '../bench-run.js';
import { inChild } from '../children.js';
import { type Figures, Rounds, type Row } from '../report.js';
import { removeAll } from '../transfers/measure.js';
import type { FromReplicas, ReplicaJob } from './replicas-worker.js';

export const ONE_STORAGE = 'one storage';
const ALL_STORAGES = 'all storages';

const FILES = 100;
const CONCURRENCY = 16;
/** Storages report every 30 s, unless configured otherwise, how far they have followed the others. */
const SYNC_LIMIT_MS = 120_000;

export async function measureReplicas(bench: BenchRun): Promise<Row[]> {
  const { client, trackers, rounds: count, smallTimes } = bench;
  const group = await groupWithReplicas(trackers);
  if (group === undefined) throw new Error('no group has two active storages');
  const fileIds: string[] = [];
  for (let index = 0; index < FILES; index++) {
    fileIds.push((await client.upload(randomBytes(4096), { group })).fileId);
  }
  try {
    await untilEverywhere(trackers, fileIds, group);
    const [only] = await client.locate(fileIds[0]!);
    const job = { trackers, fileIds: fileIds.slice(0, FILES), times: smallTimes, concurrency: CONCURRENCY };
    const rounds = new Rounds();
    for (let round = 0; round < count; round++) {
      await rounds.add(ALL_STORAGES, () => measureOnce(job));
      await rounds.add(ONE_STORAGE, () => measureOnce({ ...job, only: only! }));
    }
    return rounds.rows('replicas');
  } finally {
    await removeAll(bench, fileIds);
  }
}

async function measureOnce(job: ReplicaJob): Promise<Figures> {
  const { seconds, bytes } = await inChild<FromReplicas>('cluster/replicas-worker.js', job);
  const all = Object.values(bytes).reduce((sum, each) => sum + each, 0);
  const shares = Object.entries(bytes)
    .sort()
    .map(([host, each]) => [`% from ${host}`, (each * 100) / all]);
  return { 'op/s': job.times / seconds, ...Object.fromEntries(shares) };
}

async function groupWithReplicas(trackers: string[]): Promise<string | undefined> {
  await using admin = new FastDFSAdmin({ trackers });
  for (const { name } of await admin.listGroups()) {
    const active = (await admin.listStorages(name)).filter(({ status }) => status === 'ACTIVE');
    if (active.length > 1) return name;
  }
  return undefined;
}

/**
 * Trackers name a replica for a file once it has reported that it has a newer one of the same source; so newer ones are made until
 * then, and added to the files.
 */
async function untilEverywhere(trackers: string[], fileIds: string[], group: string): Promise<void> {
  await using asking = createClient({ trackers, locationCache: false });
  const limit = Date.now() + SYNC_LIMIT_MS;
  for (const fileId of fileIds.slice(0, FILES)) {
    while ((await asking.locate(fileId)).length < 2) {
      if (Date.now() > limit) throw new Error('the replicas do not get the files');
      await sleep(1000);
      // One for each storage: uploads take turns.
      for (let turn = 0; turn < 2; turn++) {
        fileIds.push((await asking.upload(randomBytes(4096), { group })).fileId);
      }
    }
  }
}
