/** Adapters under Express, each beside what is usual without FastDFS. */
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BenchRun } from '../bench-run.js';
import { answerOf, inChild, start } from '../children.js';
import { type Figures, Rounds, type Row } from '../report.js';
import { MIB } from '../transfers/jobs.js';
import { noise, removeAll } from '../transfers/measure.js';
import { FDFS_SERVE, FDFS_STORAGE, MEMORY_STORAGE, STATIC } from './contenders.js';
import type { Load, Loaded } from './load.js';
import type { Usage } from './server.js';

export interface WebScenario {
  id: string;
  title: string;
  contenders: [own: string, other: string];
  bytes: number;
  concurrency: number;
  times: number;
  warmUp: number;
  /** Files to download; 0 for uploads. */
  files: number;
}

export function webScenarios(smallTimes: number): WebScenario[] {
  const small = { bytes: 64 * 1024, concurrency: 16, times: Math.ceil(smallTimes / 5), warmUp: 2000 };
  const large = { bytes: 100 * MIB, concurrency: 1, times: 3, warmUp: 1 };
  const upload = { contenders: [FDFS_STORAGE, MEMORY_STORAGE] as [string, string], files: 0 };
  const serve = { contenders: [FDFS_SERVE, STATIC] as [string, string] };
  return [
    { id: 'multer-small', title: 'multer, 64 KiB, 16 at once', ...upload, ...small },
    { id: 'multer-large', title: 'multer, 100 MiB', ...upload, ...large },
    { id: 'serve-small', title: 'HTTP GET 64 KiB, 16 at once', ...serve, ...small, files: 100 },
    { id: 'serve-large', title: 'HTTP GET 100 MiB', ...serve, ...large, files: 1 },
  ];
}

export async function measureWeb(bench: BenchRun, scenario: WebScenario): Promise<Row[]> {
  const folder = path.join(bench.folder, 'web');
  mkdirSync(folder);
  const files = await makeFiles(bench, folder, scenario);
  const rounds = new Rounds();
  for (let round = 0; round < bench.rounds; round++) {
    for (const contender of scenario.contenders) {
      const paths = files[contender === STATIC ? 'names' : 'fileIds'].map((name) => `/f/${name}`);
      await rounds.add(contender, () => measureOnce(bench, folder, contender, scenario, paths));
    }
  }
  await removeAll(bench, files.fileIds);
  rmSync(folder, { recursive: true });
  return rounds.rows(scenario.id);
}

async function measureOnce(
  bench: BenchRun,
  folder: string,
  contender: string,
  { concurrency, times, warmUp, bytes, files }: WebScenario,
  paths: string[],
): Promise<Figures> {
  const server = start('http/server.js');
  try {
    server.send({ contender, trackers: bench.trackers, concurrency, folder });
    const port = await answerOf<number>(server);
    const load: Load = { port, concurrency, times, warmUp, bytes, ...(files > 0 && { paths }) };
    const { seconds, made } = await inChild<Loaded>('http/load.js', load);
    server.send('usage');
    const { cpuSeconds, peakRss } = await answerOf<Usage>(server);
    await removeAll(bench, made);
    const rss = { 'MiB peak RSS': peakRss / MIB };
    // The server's CPU time is from its start on.
    if (concurrency > 1) return { 'req/s': times / seconds, 's server CPU': cpuSeconds, ...rss };
    return { 's each': seconds / times, 's server CPU': cpuSeconds, ...rss };
  } finally {
    server.kill();
  }
}

/** The same files in a folder and on the cluster. */
async function makeFiles(
  { client }: BenchRun,
  folder: string,
  { files, bytes }: WebScenario,
): Promise<{ names: string[]; fileIds: string[] }> {
  const names: string[] = [];
  const fileIds: string[] = [];
  for (let index = 0; index < files; index++) {
    const name = `${index}.bin`;
    const local = path.join(folder, name);
    await pipeline(noise(bytes), createWriteStream(local));
    names.push(name);
    fileIds.push((await client.upload(createReadStream(local), { size: bytes, ext: 'bin' })).fileId);
  }
  return { names, fileIds };
}
