/** What every part of a run has at hand. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, FastDFSAdmin, type FastDFSClient } from 'fastdfs-streams';
import { type CClient, compileCClient } from './c-client.js';
import { answerOf, start } from './children.js';

export interface BenchRun {
  trackers: string[];
  /** An embedded server, because FDFS_TRACKERS names none. */
  embedded: boolean;
  /** How many are active. */
  storages: number;
  /** Makes and removes the files that jobs need. */
  client: FastDFSClient;
  /** For local files; goes with the run. */
  folder: string;
  rounds: number;
  /** Operations of a small job. */
  smallTimes: number;
  largeMiB: number;
  /** Small files that are listed, verified and mirrored. */
  listedFiles: number;
  /** Or why there is none. */
  cClient: CClient | string;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

export async function prepareRun(env: NodeJS.ProcessEnv): Promise<BenchRun> {
  const place = env.BENCH_FOLDER ?? localFolder();
  const folder = mkdtempSync(path.join(place, 'fastdfs-bench-'));
  // What contenders spool belongs where their files are.
  process.env.TMPDIR = folder;
  // In any case: it may hold gigabytes of memory.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const server = env.FDFS_TRACKERS ? undefined : await startEmbedded();
  const trackers = env.FDFS_TRACKERS?.split(',') ?? server!.trackers;
  const client = createClient({ trackers });
  return {
    trackers,
    embedded: server !== undefined,
    storages: await countStorages(trackers),
    client,
    folder,
    rounds: Number(env.BENCH_ROUNDS ?? 5),
    smallTimes: Number(env.BENCH_SMALL ?? 20_000),
    largeMiB: Number(env.BENCH_LARGE_MIB ?? (server || freeMiB(place) < LARGE_NEEDS_MIB ? 256 : 1024)),
    listedFiles: Number(env.BENCH_FILES ?? 20_000),
    cClient: await compileCClient(folder, trackers),
    close: async () => {
      await client.close();
      server?.stop();
    },
  };
}

async function countStorages(trackers: string[]): Promise<number> {
  await using admin = new FastDFSAdmin({ trackers });
  let count = 0;
  for (const { name } of await admin.listGroups()) {
    count += (await admin.listStorages(name)).filter(({ status }) => status === 'ACTIVE').length;
  }
  return count;
}

/** Where local files cost no disk, if there is such a place: the speed of a disk at that moment says nothing about a client. */
function localFolder(): string {
  try {
    return freeMiB('/dev/shm') >= LARGE_NEEDS_MIB ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** The content, its copy, and both once more on a server that may share the place. */
const LARGE_NEEDS_MIB = 5 * 1024;

function freeMiB(place: string): number {
  const { bavail, bsize } = statfsSync(place);
  return (bavail * bsize) / MIB;
}

export async function startEmbedded(): Promise<{ trackers: string[]; stop(): void }> {
  const child = start('embedded-server.js');
  const trackers = await answerOf<string[]>(child);
  return { trackers, stop: () => void child.kill('SIGTERM') };
}
