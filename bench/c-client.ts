/** The C client: a small program on the library as it is installed, compiled for this run. */
import { execFile } from 'node:child_process';
import { accessSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MOST_CONNECTIONS } from './contenders/local.js';
import type { Job, Measured } from './transfers/jobs.js';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../bench/c-client/main.c', import.meta.url));
const HEADER = '/usr/include/fastdfs/fdfs_client.h';
/** Its output is a line for each file. */
const MOST_OUTPUT = 64 * 1024 * 1024;
const LIMIT_MS = 180_000;

export interface CClient {
  can(kind: Job['kind']): boolean;
  measure(job: Job): Promise<Measured>;
}

/** @returns why there is none, where there is none */
export async function compileCClient(folder: string, trackers: string[]): Promise<CClient | string> {
  const program = path.join(folder, 'c-client');
  try {
    accessSync(HEADER);
    const libraries = ['-lfdfsclient', '-lfastcommon', '-lpthread'];
    await run('cc', ['-O2', '-o', program, SOURCE, ...libraries]);
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1)!;
  }
  const conf = path.join(folder, 'client.conf');
  writeFileSync(
    conf,
    [
      'connect_timeout = 5',
      'network_timeout = 30',
      `base_path = ${folder}`,
      // Off by default, and then it makes a new connection to the storage for each file.
      'use_connection_pool = true',
      'connection_pool_max_idle_time = 3600',
      ...trackers.map((tracker) => `tracker_server = ${tracker}`),
      '',
    ].join('\n'),
  );
  return {
    can: (kind) => kind !== 'uploadUnknown',
    measure: (job) => measure(program, conf, job),
  };
}

async function measure(program: string, conf: string, job: Job): Promise<Measured> {
  const { kind, concurrency, times, warmUp, folder } = job;
  const input = path.join(folder, 'c-input');
  if (job.content) writeFileSync(input, job.content);
  if (job.fileIds) writeFileSync(input, job.fileIds.join('\n'));
  const threads = Math.min(concurrency, MOST_CONNECTIONS);
  const numbers = [threads, times, Math.min(times, warmUp)].map(String);
  const files = [job.path ?? input, path.join(folder, 'c-target')];
  const options = { maxBuffer: MOST_OUTPUT, timeout: LIMIT_MS };
  try {
    const { stdout } = await run(program, [conf, kind, ...numbers, ...files], options);
    const [head, ...made] = stdout.trim().split('\n');
    const [seconds = 0, cpuSeconds = 0, peakRss = 0, p50 = 0, mean = 0, p99 = 0] = head!
      .split(' ')
      .map(Number);
    return { seconds, cpuSeconds, peakRss, latency: { p50, mean, p99 }, made };
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(stderr?.trim().split('\n').at(-1) || message);
  }
}
