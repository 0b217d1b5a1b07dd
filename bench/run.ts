/**
 * `npm run bench`: this package beside a bare socket (and `npm fdfs` where it is installed), in one run, rounds interleaved, medians.
 * The server is the one that FDFS_TRACKERS names, or an embedded one in a process of its own.
 *
 *   BENCH_ROUNDS (5)  BENCH_SMALL (20000 operations)  BENCH_LARGE_MIB (256)  BENCH_FOLDER (for local files)  BENCH_JSON (a file to write)
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createClient, type FastDFSClient } from 'fastdfs-streams';
import { CONTENDERS } from './contenders.js';
import { type Job, type Measured, type Scenario, scenarios } from './jobs.js';
import { printTable, type Row, summarize } from './report.js';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const smallTimes = Number(process.env.BENCH_SMALL ?? 20_000);
const largeMiB = Number(process.env.BENCH_LARGE_MIB ?? 256);
const only = process.argv[2];

const folder = mkdtempSync(path.join(process.env.BENCH_FOLDER ?? tmpdir(), 'fastdfs-bench-'));
const server = process.env.FDFS_TRACKERS ? undefined : await embedded();
const trackers = process.env.FDFS_TRACKERS?.split(',') ?? server!.trackers;
const client = createClient({ trackers });
const rows: Row[] = [];
try {
  console.log(
    `Node ${process.version}, ${server ? 'embedded server' : trackers.join(', ')}, ${rounds} interleaved rounds, medians\n`,
  );
  for (const scenario of scenarios(smallTimes, largeMiB)) {
    if (only && !scenario.title.includes(only)) continue;
    const measured = await measure(scenario);
    const summary = summarize(scenario, measured);
    rows.push(...summary);
    printTable(scenario, summary);
  }
  if (process.env.BENCH_JSON)
    writeFileSync(process.env.BENCH_JSON, `${JSON.stringify(rows, undefined, 2)}\n`);
} finally {
  await client.close();
  server?.process.kill('SIGTERM');
  rmSync(folder, { recursive: true });
}

async function measure(scenario: Scenario): Promise<Map<string, Measured[]>> {
  const base = await prepare(scenario, client);
  const results = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round++) {
    for (const contender of Object.keys(CONTENDERS)) {
      const measured = await inChild({ ...base, contender });
      if (!measured) continue;
      results.set(contender, [...(results.get(contender) ?? []), measured]);
      for (const fileId of measured.made.slice(0, scenario.concurrency === 1 ? undefined : 0))
        await client.delete(fileId);
    }
  }
  for (const fileId of base.fileIds ?? []) await client.delete(fileId);
  return results;
}

/** What the job needs to be there: content, a local file, files on the server. */
async function prepare(
  { kind, bytes, ...scenario }: Scenario,
  uploader: FastDFSClient,
): Promise<Omit<Job, 'contender'>> {
  const { concurrency, times, warmUp } = scenario;
  const base = { kind, trackers, concurrency, times, warmUp, folder };
  if (kind === 'upload') return { ...base, content: randomBytes(bytes) };
  if (kind === 'download') {
    const uploads = Array.from({ length: 200 }, () => uploader.upload(randomBytes(bytes)));
    return { ...base, fileIds: (await Promise.all(uploads)).map(({ fileId }) => fileId) };
  }
  const local = path.join(folder, 'content');
  await pipeline(noise(bytes), createWriteStream(local));
  if (kind === 'uploadFile' || kind === 'uploadUnknown') return { ...base, path: local };
  return { ...base, fileIds: [(await uploader.uploadFile(local)).fileId] };
}

function* noise(bytes: number): Generator<Buffer> {
  const block = randomBytes(1024 * 1024);
  for (let left = bytes; left > 0; left -= block.length)
    yield left < block.length ? block.subarray(0, left) : block;
}

async function inChild(job: Job): Promise<Measured | undefined> {
  const child = start('worker.js');
  child.send(job);
  const [answer] = (await once(child, 'message')) as [{ measured?: Measured; error?: string }];
  if (answer.error) throw new Error(`${job.contender}, ${job.kind}: ${answer.error}`);
  return answer.measured;
}

async function embedded(): Promise<{ trackers: string[]; process: ChildProcess }> {
  const child = start('server.js');
  const [started] = (await once(child, 'message')) as [{ trackers: string[] }];
  return { trackers: started.trackers, process: child };
}

function start(file: string): ChildProcess {
  return fork(new URL(file, import.meta.url), { serialization: 'advanced' });
}
