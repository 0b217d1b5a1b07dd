/** All files of a cluster at size, on real clusters of every kind and on the embedded one: lists, faults, a mirror, prune, orphans. */
import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, FastDFSAdmin } from '../../src/index.js';
import { type ClusterSettings, RealCluster } from '../helpers/real/real-cluster.js';
import { compareLists, listByCommand, storeFiles } from './files-lists.js';
import { mirrorKilled } from './files-mirror.js';
import { findOrphans } from './files-orphans.js';
import { findFaults } from './files-verify.js';
import { count, ms, row, skipped } from './report.js';

/** A cluster whose group1 has two storages, and whose group2 is empty. */
export interface FilesCluster {
  readonly title: string;
  readonly trackers: readonly string[];
  /** `host:port` of the storages of group1, and the folders of their store paths. */
  readonly storages: ReadonlyArray<{ readonly address: string; readonly storePaths: readonly string[] }>;
  readonly trunk: boolean;
}

export const AT_ONCE = 32;
const TRUNK = { use_trunk_file: true, slot_min_size: 256, slot_max_size: '1MB', trunk_file_size: '64MB' };

/** Every kind of real cluster, the version that `FDFS_TEST_OLD_BIN` names, and the embedded one. */
export async function clusterFiles(): Promise<void> {
  const old = process.env.FDFS_TEST_OLD_BIN;
  const obstacle = RealCluster.findObstacle();
  if (obstacle) skipped('all files of real clusters', obstacle);
  else {
    await onReal('two store paths', { storePaths: 2, tracker: { store_path: 0 } }, true);
    await onReal('trunk files', { tracker: TRUNK });
    await onReal('storage ids', { storageIds: true, storePaths: 2 });
    if (old) await onReal('an old version', { bin: old, storePaths: 2 });
    else skipped('all files of an old version', 'FDFS_TEST_OLD_BIN names none');
  }
  await onEmbedded();
}

async function onReal(title: string, settings: ClusterSettings, orphans = false): Promise<void> {
  if (!isWanted(title)) return;
  const cluster = await RealCluster.start({ trackers: 1, ...settings });
  try {
    const storages = ['storage0', 'storage1'].map((name) => ({
      address: cluster.address(name),
      storePaths: findStorePaths(cluster.folder(name), settings.storePaths),
    }));
    const trunk = settings.tracker?.use_trunk_file === true;
    await proveAll({ title, trackers: cluster.trackers, storages, trunk }, orphans);
  } finally {
    await cluster.stop();
  }
}

async function onEmbedded(): Promise<void> {
  const title = 'the embedded server';
  if (!isWanted(title)) return;
  const directory = mkdtempSync(join(tmpdir(), 'soak-embedded-'));
  const fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2, group2: 1 }, storePaths: 2, directory });
  try {
    await using admin = new FastDFSAdmin({ trackers: fdfs.trackers });
    const records = await admin.listStorages('group1');
    const storages = records.map(({ host, port }, index) => ({
      address: `${host}:${port}`,
      storePaths: findStorePaths(join(directory, 'group1', String(index)), 2),
    }));
    await proveAll({ title, trackers: fdfs.trackers, storages, trunk: false }, false);
  } finally {
    await fdfs.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function findStorePaths(folder: string, count = 1): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? folder : join(folder, `path${index}`)));
}

/** `SOAK_CLUSTERS=trunk` chooses some by a part of their titles. */
function isWanted(title: string): boolean {
  const wanted = process.env.SOAK_CLUSTERS?.split(',');
  return !wanted || wanted.some((part) => title.includes(part));
}

async function proveAll(cluster: FilesCluster, orphans: boolean): Promise<void> {
  const { title, trackers } = cluster;
  const client = createClient({ trackers, pool: { maxPerServer: AT_ONCE } });
  const admin = new FastDFSAdmin(client);
  const folder = await mkdtemp(join(tmpdir(), 'soak-files-'));
  try {
    const known = await storeFiles(client, title);
    await compareLists(admin, cluster, known);
    await listByCommand(cluster, known);
    await findFaults(client, admin, cluster, known);
    await mirrorKilled(client, admin, cluster, known, folder);
    if (orphans) await findOrphans(cluster, known, folder);
    await prune(admin, cluster, known);
  } finally {
    await admin.close();
    await client.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is left afterwards is the list of each storage again. */
async function prune(admin: FastDFSAdmin, cluster: FilesCluster, known: Set<string>): Promise<void> {
  const options = {
    olderThan: new Date(Date.now() + 60_000),
    ext: 'old',
    group: 'group1',
    concurrency: AT_ONCE,
  };
  const dry = await admin.prune(options);
  const started = performance.now();
  const { fileIds, failures } = await admin.prune({ ...options, dryRun: false });
  const duration = performance.now() - started;
  const said = new Set(dry.fileIds);
  const same = said.size === fileIds.length && fileIds.every((fileId) => said.has(fileId));
  const expected = [...known].filter((fileId) => fileId.endsWith('.old')).length;
  const ok = same && failures.length === 0 && expected > 0 && expected <= said.size;
  row(
    `${cluster.title}: prune`,
    `${count(fileIds.length)} removed of ${count(said.size)} said, in ${ms(duration)}`,
    ok,
  );
  for (const fileId of fileIds) known.delete(fileId);
  await compareLists(admin, cluster, known);
}
