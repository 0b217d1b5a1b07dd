/** The long versions of what the tests prove in short: storms, wear, and crowds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSOptions } from '../../src/index.js';
import { openStreams, rush } from '../helpers/crowd.js';
import { countInUse } from '../helpers/in-use.js';
import { openFiles, Peak, settledMemory } from '../helpers/memory.js';
import { newSeed } from '../helpers/random.js';
import type { RealCluster } from '../helpers/real/real-cluster.js';
import { noCalls, Storm, type StormOptions, type StormReport } from '../helpers/storm.js';
import { disturbing } from '../helpers/storm-faults.js';
import { abortedStreams, smallOperations } from '../helpers/wear.js';
import { count, mib, ms, row } from './report.js';
import { ServerProcess } from './server-process-handle.js';

const STORM_CALLS = Number(process.env.SOAK_CALLS ?? 30_000);
const ROUNDS = 10;
const IMPATIENT: Partial<FastDFSOptions> = {
  networkTimeoutMs: 150,
  retry: { retries: 2, minTimeoutMs: 1, maxTimeoutMs: 20 },
};

/** A storm of calls, faults and aborts on an embedded server, in rounds with a seed each. */
export async function stormOnEmbedded(disturbed: boolean): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-soak-storm-'));
  const total = emptyTotal();
  const started = performance.now();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const folder = path.join(directory, String(round));
      const fdfs = await EmbeddedFastDFS.start({
        groups: { group1: 2, group2: 1 },
        trackers: 2,
        directory: folder,
      });
      const client = createClient({ ...fdfs.options, ...(disturbed ? IMPATIENT : {}) });
      const storm = new Storm(stormOptions([client], round, disturbed ? { disturb: disturbing(fdfs) } : {}));
      const report = await storm.run();
      await client.close();
      await fdfs.stop();
      await using again = await EmbeddedFastDFS.start({
        groups: { group1: 2, group2: 1 },
        directory: folder,
      });
      await using calm = createClient(again.options);
      const right = await storm.verify(calm);
      const strays = again.files().filter(({ fileId }) => !storm.files.has(fileId)).length;
      add(total, report, { files: storm.files.size, right, strays });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const title = disturbed ? 'storm with faults and aborts (embedded)' : 'storm with aborts (embedded)';
  const allowed = disturbed ? total.mayHaveLeft : 0;
  tell(
    title,
    total,
    performance.now() - started,
    total.strays <= allowed && (disturbed || total.failed === 0),
  );
}

/** The same on real servers, which have no faults to inject: aborts only. */
export async function stormOnReal(cluster: RealCluster): Promise<void> {
  const total = emptyTotal();
  const started = performance.now();
  await using client = createClient({ trackers: cluster.trackers });
  for (let round = 0; round < ROUNDS; round++) {
    // Not into the group of the small disk, which a storm may fill.
    const group = round % 2 === 0 ? 'group1' : 'group2';
    const storm = new Storm(stormOptions([client], round, { group }));
    const report = await storm.run();
    const right = await storm.verify(client);
    add(total, report, { files: storm.files.size, right, strays: 0 });
    for (const { id } of storm.files.values()) await client.delete(id, { ignoreNotFound: true });
  }
  tell('storm with aborts (real servers)', total, performance.now() - started, total.failed === 0);
}

/** What use costs in the long run. The server is another process. */
export async function wear(): Promise<void> {
  const server = await ServerProcess.start();
  try {
    const client = createClient({ trackers: server.trackers });
    await smallOperations(client, 10_000);
    const pooled = () => Object.values(client.stats()).reduce((sum, { open }) => sum + open, 0);
    let before = { memory: await settledMemory(), handles: openFiles(), pooled: pooled() };
    const started = performance.now();
    await smallOperations(client, 100_000);
    const took = performance.now() - started;
    let grown = (await settledMemory()) - before.memory;
    row(
      '100,000 small operations',
      `heap and buffers ${signed(grown)}, open files and sockets ${before.handles} → ${openFiles()} (${before.pooled} → ${pooled()} in the pools), ${count(Math.round(100_000_000 / took))} operations/s`,
      // Pools may still grow to their bound; nothing else may.
      grown < 3_000_000 && openFiles() - pooled() <= before.handles - before.pooled + 2,
    );
    await abortedStreams(client, 200);
    before = { memory: await settledMemory(), handles: openFiles(), pooled: pooled() };
    await abortedStreams(client, 1000);
    grown = (await settledMemory()) - before.memory;
    const leased = countInUse(client);
    await client.close();
    const open = await server.connections();
    row(
      '1,000 streams aborted half-way',
      `heap and buffers ${signed(grown)}, ${leased} connections leased, ${open} open after close()`,
      grown < 5_000_000 && leased + open === 0,
    );
  } finally {
    server.stop();
  }
}

export async function crowds(): Promise<void> {
  const server = await ServerProcess.start();
  try {
    const client = createClient({
      trackers: server.trackers,
      group: 'group2',
      pool: { acquireTimeoutMs: 120_000 },
    });
    const { fileId } = await client.upload('warm');
    await client.delete(fileId);
    const rushing = new Peak();
    const { overtaken, ids } = await rush(client, 10_000, () => 0);
    const rushed = rushing.stop();
    row(
      '10,000 uploads at once, pool of 16',
      `no call overtaken by more than ${overtaken} later ones; at most ${mib(rushed.heap + rushed.buffers)} of heap and buffers, resident ${mib(rushed.rss)}`,
      overtaken < 64,
    );
    for (const id of ids) await client.delete(id);
    await settledMemory();
    await streams('2,000 streams of 1 MiB at once, pool of 16', server.trackers, 16);
    await streams('2,000 streams of 1 MiB at once, pool of 2,000', server.trackers, 2000);
    await client.close();
  } finally {
    server.stop();
  }
}

async function streams(title: string, trackers: string[], maxPerServer: number): Promise<void> {
  const pool = { maxPerServer, acquireTimeoutMs: 120_000 };
  await using client = createClient({ trackers, group: 'group2', pool });
  await settledMemory();
  const peak = new Peak(10);
  const started = performance.now();
  const { wrong } = await openStreams(client, 2000, 1024 * 1024);
  const { heap, buffers, rss } = peak.stop();
  row(
    title,
    `${wrong} wrong, ${ms(performance.now() - started)}; at most ${mib(heap + buffers)} of heap and buffers ` +
      `(${((heap + buffers) / 2000 / 1024).toFixed(0)} KiB a stream), resident ${mib(rss)} more`,
    wrong === 0,
  );
}

interface Total extends StormReport {
  files: number;
  right: number;
  strays: number;
}

function emptyTotal(): Total {
  const zero = {
    calls: 0,
    done: 0,
    aborted: 0,
    failed: 0,
    mayHaveLeft: 0,
    bytes: 0,
    slowestMs: 0,
    stale: 0,
    diverged: 0,
  };
  return { ...zero, kinds: noCalls(), files: 0, right: 0, strays: 0, errors: {}, findings: [] };
}

function add(total: Total, report: StormReport, found: Pick<Total, 'files' | 'right' | 'strays'>): void {
  for (const key of ['calls', 'done', 'aborted', 'failed', 'mayHaveLeft', 'bytes'] as const)
    total[key] += report[key];
  for (const key of ['files', 'right', 'strays'] as const) total[key] += found[key];
  for (const [code, times] of Object.entries(report.errors))
    total.errors[code] = (total.errors[code] ?? 0) + times;
  total.slowestMs = Math.max(total.slowestMs, report.slowestMs);
  total.findings.push(...report.findings);
}

function tell(title: string, total: Total, took: number, ok: boolean): void {
  row(
    title,
    `${count(total.calls)} calls in ${ms(took)} (${count(total.aborted)} aborted, ${count(total.failed)} failed, ${mib(total.bytes)}): ` +
      `${total.findings.length} findings; ${count(total.right)} of ${count(total.files)} files byte for byte; ` +
      `${total.strays} files beside them, where ${count(total.mayHaveLeft)} failed uploads had said that there may be one; slowest call ${ms(total.slowestMs)}`,
    ok && total.right === total.files && total.findings.length === 0,
  );
  for (const finding of total.findings) console.log(`       ${finding}`);
}

function stormOptions(
  clients: StormOptions['clients'],
  round: number,
  more: Partial<StormOptions>,
): StormOptions {
  const seed = newSeed() + round;
  return {
    seed,
    operations: STORM_CALLS / ROUNDS,
    concurrency: 48,
    maxBytes: 1_000_000,
    clients,
    aborts: 0.1,
    ...more,
  };
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '−' : '+'}${mib(Math.abs(bytes))}`;
}
