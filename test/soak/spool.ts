/** Uploads of unknown length: what they cost the cluster, what a killed process leaves, how much memory and time they take. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient, type FastDFSError } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { newSeed, Random } from '../helpers/random.js';
import { RealCluster } from '../helpers/real/real-cluster.js';
import { count, mib, ms, row, skipped } from './report.js';
import { postForms } from './slow-forms.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SHARED_MEMORY = '/dev/shm';
const FORMS = 20;
const FORM_BYTES = 2_400_000;
const FORM_MS = 3000;
/** How soon the replicas must have everything. */
const REPLICATED_MS = 2000;
const KILLS = 10;
const KILL_BYTES = 256 * MIB;
const PEAK_BYTES = 110 * MIB;
const ROUNDS = 3;
const TIMES = 1.5;

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const script = fileURLToPath(new URL('./spool-worker.js', import.meta.url));

interface Mark {
  phase: 'spooling' | 'sending';
  /** Bytes after which the worker reports the mark. */
  at: number;
}

interface Job {
  options: { trackers: readonly string[]; group: string; spool: { directory: string } };
  bytes: number;
  file?: string;
  known?: boolean;
  pause?: number;
  marks?: Mark[];
}

interface Outcome {
  took: number;
  size: number;
  peak?: number;
}

export async function spool(): Promise<void> {
  await run('npm', ['run', 'build', '--silent'], { cwd: root });
  const folder = await mkdtemp(path.join(tmpdir(), 'soak-spool-'));
  try {
    await onCluster({}, async (cluster) => {
      await replication(cluster);
      await killed(cluster, folder);
      await memory(cluster, folder);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (!existsSync(SHARED_MEMORY)) return skipped('time of an unknown length', `there is no ${SHARED_MEMORY}`);
  await onCluster({ directory: SHARED_MEMORY, groups: ['group1'], trackers: 1 }, speed);
}

async function onCluster(
  settings: Parameters<typeof RealCluster.start>[0],
  prove: (cluster: RealCluster) => Promise<void>,
): Promise<void> {
  const cluster = await RealCluster.start(settings);
  try {
    await prove(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Forms that arrive slowly, and a plain file behind them: all must be on both storages soon after the last answer. */
async function replication(cluster: RealCluster): Promise<void> {
  await using client = createClient({ trackers: cluster.trackers, group: 'group1' });
  const content = bytes(FORM_BYTES);
  const ids = await postForms(client, content, FORMS, FORM_MS);
  const answered = performance.now();
  const plain = await client.upload(content);
  const storages = ['storage0', 'storage1'].map((name) => cluster.address(name));
  const isThere = async (fileId: string, storage: string) => {
    for (;;) {
      const got = await client.download(fileId, { storage }).catch((error: FastDFSError) => error);
      if (got instanceof Buffer) return got.equals(content);
      if (performance.now() - answered > 60_000) return false;
      await delay(20);
    }
  };
  const times: number[] = [];
  const compare = async (fileId: string) => {
    const same = await Promise.all(storages.map((storage) => isThere(fileId, storage)));
    times.push(same.every(Boolean) ? performance.now() - answered : Number.POSITIVE_INFINITY);
  };
  await Promise.all([...ids, plain.fileId].map(compare));
  const slowest = Math.max(...times);
  row(
    `${FORMS} multer uploads of ${count(FORM_BYTES)} bytes in ${ms(FORM_MS)} each, a plain file behind them`,
    `on both storages ${ms(slowest)} after the last answer`,
    ids.length === FORMS && slowest <= REPLICATED_MS,
  );
  await client.deleteMany([...ids, plain.fileId]);
}

/** Kills the process at random moments, half of them while it spools and half while it sends. */
async function killed(cluster: RealCluster, folder: string): Promise<void> {
  const directory = path.join(folder, 'killed');
  await mkdir(directory);
  const random = new Random(newSeed());
  const moments: string[] = [];
  let alive = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const phase = kill % 2 === 0 ? 'spooling' : 'sending';
    // Not the last part of what is sent: a complete request makes a file, and only its answer names it.
    const at = random.int(1, (phase === 'spooling' ? 1 : 0.8) * KILL_BYTES);
    const job = { options: optionsFor(cluster, 'group2', directory), bytes: KILL_BYTES, pause: 4 };
    const worker = start({ ...job, marks: [{ phase, at }] });
    for await (const line of createInterface(worker.stdout)) {
      if ((JSON.parse(line) as Mark).phase !== phase) continue;
      if (!worker.kill('SIGKILL')) alive++;
    }
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
    if (worker.signalCode !== 'SIGKILL') alive++;
    moments.push(`${phase} ${mib(at)}`);
  }
  const spooled = await readdir(directory);
  // The storage removes what it had of an upload when its connection breaks.
  const stored = await settle(() => findFiles(path.join(cluster.folder('storage2'), 'data')));
  row(
    `process killed ${KILLS} times during an upload of unknown length`,
    `${stored.length} files in the cluster, ${spooled.length} in the spool folder (${moments.join(', ')})`,
    stored.length + spooled.length + alive === 0,
  );
}

async function memory(cluster: RealCluster, folder: string): Promise<void> {
  const { peak, took, size } = await finish({
    options: optionsFor(cluster, 'group2', folder),
    bytes: 2 * GIB,
  });
  const figure = `peak RSS ${peak === undefined ? 'unknown' : mib(peak)}, ${ms(took)}`;
  row('2 GiB of unknown length', figure, size === 2 * GIB && peak !== undefined && peak <= PEAK_BYTES);
}

/** In turn, so that what else the machine does meets both. */
async function speed(cluster: RealCluster): Promise<void> {
  const file = path.join(cluster.directory, 'source');
  const block = bytes(16 * MIB);
  for (let written = 0; written < GIB; written += block.length) await writeFile(file, block, { flag: 'a' });
  const job = { options: optionsFor(cluster, 'group1', cluster.directory), bytes: GIB, file };
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    known.push((await finish({ ...job, known: true })).took);
    unknown.push((await finish(job)).took);
  }
  const ratio = median(unknown) / median(known);
  row(
    '1 GiB of unknown length against the same of known length, on tmpfs',
    `${ms(median(unknown))} against ${ms(median(known))}, ${ratio.toFixed(2)} times ` +
      `(${unknown.map(ms).join(', ')} against ${known.map(ms).join(', ')})`,
    ratio <= TIMES,
  );
}

function optionsFor(cluster: RealCluster, group: string, directory: string): Job['options'] {
  return { trackers: cluster.trackers, group, spool: { directory } };
}

function start(job: Job) {
  const dist = new URL('../../dist/index.js', import.meta.url).href;
  return spawn(process.execPath, [script, JSON.stringify({ dist, ...job })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function finish(job: Job): Promise<Outcome> {
  const worker = start(job);
  const lines: string[] = [];
  for await (const line of createInterface(worker.stdout)) lines.push(line);
  if (lines.length === 0) throw new Error('The worker has ended without a result');
  return JSON.parse(lines.at(-1)!) as Outcome;
}

/** The files of a storage's data folder, which are two folders deep. */
async function findFiles(data: string): Promise<string[]> {
  const entries = await readdir(data, { recursive: true });
  return entries.filter((entry) => /^[0-9A-F]{2}\/[0-9A-F]{2}\/./.test(entry));
}

async function settle(find: () => Promise<string[]>): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const found = await find();
    if (found.length === 0 || attempt === 20) return found;
    await delay(100);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
