/** What becomes of calls while servers are killed, hang and come back; and what is there afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type FastDFSClient, type FastDFSError, type FastDFSOptions } from '../../src/index.js';
import { bytes, pieces, sha256 } from '../helpers/bytes.js';
import { newSeed } from '../helpers/random.js';
import { RealCluster } from '../helpers/real/real-cluster.js';
import { type Kind, noCalls, Storm, type StormReport } from '../helpers/storm.js';
import { count, mib, ms, row, skipped } from './report.js';

/** How long a server stays away. */
const AWAY_MS = 4000;
const BEFORE_MS = 1500;
const AFTER_MS = 3000;
const RECOVERY_MS = 60_000;
/** How long replicas may take to agree before a difference counts. */
const PATIENCE_MS = 15_000;
const STORM_CALLS = 1_000_000;

const OPTIONS: Partial<FastDFSOptions> = { connectTimeoutMs: 1000, networkTimeoutMs: 1000 };

interface Disaster {
  title: string;
  group: string;
  strike(): Promise<void>;
  /** Resolves when the server is there again. */
  mend(): Promise<void>;
  /** One call that needs the server; true once it has succeeded. */
  probe(client: FastDFSClient): Promise<boolean>;
}

/** Each on a cluster of its own: what trackers make of an earlier disaster is not the matter here. */
export async function kills(): Promise<void> {
  for (const make of DISASTERS) {
    const cluster = await RealCluster.start({ smallDiskMiB: 16 });
    try {
      await survive(cluster, make(cluster));
    } finally {
      await cluster.stop();
    }
  }
}

type MakeDisaster = (cluster: RealCluster) => Disaster;

const DISASTERS: readonly MakeDisaster[] = [
  killed(['storage0'], 'group1', 'SIGKILL of one of two storages'),
  killed(['storage2'], 'group2', 'SIGKILL of the only storage of a group'),
  killed(['tracker0'], 'group1', 'SIGKILL of one of two trackers'),
  killed(['tracker0', 'tracker1'], 'group1', 'SIGKILL of all trackers'),
  hung('storage1', 'group1', 'SIGSTOP of one of two storages'),
  hung('storage2', 'group2', 'SIGSTOP of the only storage of a group'),
  hung('tracker1', 'group1', 'SIGSTOP of one of two trackers'),
];

function killed(names: string[], group: string, title: string): MakeDisaster {
  return (cluster) => ({
    title,
    group,
    strike: async () => void (await Promise.all(names.map((name) => cluster.kill(name)))),
    mend: async () => void (await Promise.all(names.map((name) => cluster.boot(name)))),
    probe: landsAt(cluster, group, names[0]!),
  });
}

function hung(name: string, group: string, title: string): MakeDisaster {
  return (cluster) => ({
    title,
    group,
    strike: async () => cluster.signal(name, 'SIGSTOP'),
    mend: async () => cluster.signal(name, 'SIGCONT'),
    probe: landsAt(cluster, group, name),
  });
}

/** An upload that reaches this storage; any upload where it is a tracker that was away. */
function landsAt(cluster: RealCluster, group: string, name: string): Disaster['probe'] {
  return async (client) => {
    const { fileId, storage } = await client.upload('is it back?', { group });
    await client.delete(fileId, { ignoreNotFound: true });
    return name.startsWith('tracker') || `${storage.host}:${storage.port}` === cluster.address(name);
  };
}

async function survive(cluster: RealCluster, disaster: Disaster): Promise<void> {
  const client = createClient({ trackers: cluster.trackers, ...OPTIONS });
  let over = false;
  const storm = new Storm({
    seed: newSeed(),
    operations: STORM_CALLS,
    concurrency: 12,
    maxBytes: 1_000_000,
    clients: [client],
    aborts: 0.02,
    group: disaster.group,
    disturb: () => undefined,
    outages: disaster.group === 'group2' ? 'single' : 'replicated',
    stopped: () => over,
  });
  const running = storm.run();
  let recovery = Number.NaN;
  let meanwhile = noCalls();
  try {
    await delay(BEFORE_MS);
    await disaster.strike();
    const struck = structuredClone(storm.report.kinds);
    await delay(AWAY_MS);
    meanwhile = since(struck, storm.report.kinds);
    await disaster.mend();
    recovery = await until(cluster, disaster);
    await delay(AFTER_MS);
  } finally {
    over = true;
  }
  const report = await running;
  await client.close();
  await using calm = createClient({ trackers: cluster.trackers });
  const checking = performance.now();
  const right = (await storm.verify(calm, PATIENCE_MS)) + report.diverged;
  const checked = performance.now() - checking;
  const leaked = Object.values(client.stats()).reduce((sum, { open, waiting }) => sum + open + waiting, 0);
  const { stale, diverged } = report;
  const tried = meanwhile.upload.calls * meanwhile.download.calls * meanwhile.append.calls > 0;
  const ok = right === storm.files.size && report.findings.length === 0 && leaked === 0 && tried;
  const told = Object.entries(report.errors).map(([code, times]) => `${times} × ${code}`);
  row(
    disaster.title,
    `${count(report.calls)} calls (${mib(report.bytes)}), ${report.failed} failed${told.length > 0 ? ` (${told.join(', ')})` : ''}; ` +
      `done while it was away: uploads ${done(meanwhile.upload)}, downloads ${done(meanwhile.download)}, appends ${done(meanwhile.append)}; ` +
      `${count(right - diverged)} of ${count(storm.files.size)} acknowledged files byte for byte` +
      `${diverged > 0 ? `, the other ${diverged} are appender files whose copies differ` : ''}${stale > 0 ? `, ${stale} reads of appender files were behind` : ''}; slowest call ${ms(report.slowestMs)}; ` +
      `takes work ${ms(recovery)} after its return; all files read back ${ms(checked)} after the end of the calls`,
    ok,
  );
  for (const finding of report.findings) console.log(`       ${finding}`);
}

function since(before: StormReport['kinds'], now: StormReport['kinds']): StormReport['kinds'] {
  const passed = noCalls();
  for (const kind of Object.keys(passed) as Kind[]) {
    passed[kind] = {
      done: now[kind].done - before[kind].done,
      calls: now[kind].calls - before[kind].calls,
    };
  }
  return passed;
}

function done({ done: succeeded, calls }: { done: number; calls: number }): string {
  return `${count(succeeded)} (${count(calls)} begun)`;
}

/** From the moment the server is back to the first call that it served. */
async function until(cluster: RealCluster, { probe }: Disaster): Promise<number> {
  const started = performance.now();
  await using client = createClient({ trackers: cluster.trackers, ...OPTIONS, locationCache: false });
  while (performance.now() - started < RECOVERY_MS) {
    if (await probe(client).catch(() => false)) return performance.now() - started;
    await delay(20);
  }
  return Number.POSITIVE_INFINITY;
}

/** Files are read right after their upload, whichever storage is asked, while one replica hangs and lags behind. */
export async function laggingReplica(cluster: RealCluster): Promise<void> {
  const files = 400;
  let wrong = 0;
  let failed = 0;
  const client = createClient({ trackers: cluster.trackers });
  const impatient = createClient({ trackers: cluster.trackers, ...OPTIONS, networkTimeoutMs: 500 });
  try {
    for (let number = 0; number < files; number++) {
      const content = bytes(40_000, number + 1);
      const { fileId } = await client.upload(content, { group: 'group1' });
      const reads = await Promise.allSettled([
        client.download(fileId),
        client.download(fileId),
        client.download(fileId),
      ]);
      for (const read of reads) {
        if (read.status === 'rejected') failed++;
        else if (sha256(read.value) !== sha256(content)) wrong++;
      }
      await client.delete(fileId, { ignoreNotFound: true });
    }
    row(
      'read right after upload',
      `${count(files * 3)} reads, ${failed} failed, ${wrong} wrong`,
      failed + wrong === 0,
    );
    cluster.signal('storage1', 'SIGSTOP');
    let slowest = 0;
    for (let number = 0; number < 20; number++) {
      const content = bytes(40_000, number + 1);
      const { fileId } = await impatient.upload(content, { group: 'group1' }).catch(() => ({ fileId: '' }));
      if (fileId === '') continue;
      const started = performance.now();
      const got = await impatient.download(fileId).catch(() => undefined);
      slowest = Math.max(slowest, performance.now() - started);
      if (!got) failed++;
      else if (!got.equals(content)) wrong++;
    }
    row(
      'the same with a replica that hangs',
      `${failed} failed, ${wrong} wrong, slowest read ${ms(slowest)} with a network time-out of 500 ms`,
      failed + wrong === 0,
    );
  } finally {
    cluster.signal('storage1', 'SIGCONT');
    await client.close();
    await impatient.close();
  }
}

/**
 * Fills a disk of a few MiB, by every way of writing in turn, and makes room again. A refused append may have left a part
 * of its block, and says so; cut back to what was acknowledged the file is as it must be.
 */
export async function fullDisk(cluster: RealCluster): Promise<void> {
  const title = 'full disk';
  if (!cluster.hasSmallDisk) return skipped(title, 'mounting a small disk is not permitted');
  await using client = createClient({ trackers: cluster.trackers, group: 'group3', ...OPTIONS });
  const content = (seed: number) => bytes(300_000, seed);
  const stored = new Map<string, number>();
  const log = await client.upload(content(0), { appender: true });
  const blocks = [content(0)];
  const ways = {
    uploads: async (seed: number) => stored.set((await client.upload(content(seed))).fileId, seed),
    streams: async (seed: number) => {
      const source = pieces(content(seed), 50_000);
      stored.set((await client.upload(source, { blockBytes: 64 * 1024 })).fileId, seed);
    },
    appends: async (seed: number) => {
      await client.append(log.fileId, content(seed));
      blocks.push(content(seed));
    },
  };
  const acknowledged = () => blocks.reduce((sum, { length }) => sum + length, 0);
  let parts = 0;
  let unsaid = 0;
  const refused = { uploads: 0, streams: 0, appends: 0 };
  const codes: Record<string, number> = {};
  for (let seed = 1; Math.min(...Object.values(refused)) < 7 && seed < 500; seed++) {
    const way = (['uploads', 'streams', 'appends'] as const)[seed % 3]!;
    try {
      await ways[way](seed);
    } catch (error) {
      const { code, maybeApplied } = error as FastDFSError;
      codes[code] = (codes[code] ?? 0) + 1;
      refused[way]++;
      if (way !== 'appends') continue;
      const { size } = await client.stat(log.fileId, { source: 'server' });
      if (size === acknowledged()) continue;
      parts++;
      if (!maybeApplied) unsaid++;
      await client.truncate(log.fileId, acknowledged());
    }
  }
  let right = (await client.download(log.fileId)).equals(Buffer.concat(blocks)) ? 1 : 0;
  for (const [id, seed] of stored) if ((await client.download(id)).equals(content(seed))) right++;
  for (const id of [log.fileId, ...stored.keys()]) await client.delete(id);
  const freed = performance.now();
  let again = false;
  while (!again && performance.now() - freed < RECOVERY_MS) {
    again = await client.upload('room').then(
      ({ fileId }) => client.delete(fileId).then(() => true),
      () => false,
    );
    if (!again) await delay(50);
  }
  const told = Object.entries(codes).map(([code, times]) => `${times} × ${code}`);
  row(
    title,
    `${refused.uploads} uploads, ${refused.streams} streams of unknown length and ${refused.appends} appends refused (${told.join(', ')}); ` +
      `${parts} of these appends left a part of their block, ${unsaid} without saying maybeApplied; ` +
      `${right} of ${stored.size + 1} acknowledged files byte for byte; works ${ms(performance.now() - freed)} after files were deleted`,
    again && unsaid === 0 && right === stored.size + 1 && Object.keys(codes).join() === 'FASTDFS_NO_SPACE',
  );
}
