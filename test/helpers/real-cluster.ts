/**
 * A real FastDFS for the tests, started once for a whole run where `fdfs_trackerd` and `fdfs_storaged` are installed:
 * two trackers, group1 with two storages, group2 with one, all on loopback. `FDFS_TEST_TRACKERS` names a cluster that runs
 * already; without either the tests against a real server are skipped.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { addLoopback, removeLoopback } from './loopback.js';
import { untilActive } from './until-active.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Trackers of a real cluster; empty when there is none. */
    realTrackers: string[];
  }
}

const TRACKER_HOST = '127.0.0.111';
const TRACKER_PORTS = [22122, 22123];
const STORAGES = [
  { group: 'group1', host: '127.0.0.121' },
  { group: 'group1', host: '127.0.0.122' },
  { group: 'group2', host: '127.0.0.123' },
];
/** How often to start anew where a storage does not join. */
const ATTEMPTS = 3;
/** EADDRINUSE, as the servers exit with it. */
const ADDRESS_IN_USE = 98;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const named = process.env.FDFS_TEST_TRACKERS;
  if (named) {
    project.provide('realTrackers', named.split(','));
    return undefined;
  }
  if (!onPath('fdfs_trackerd') || !onPath('fdfs_storaged')) {
    project.provide('realTrackers', []);
    return undefined;
  }
  for (let attempt = 1; ; attempt++) {
    const directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-test-'));
    const stop = async () => {
      await stopCluster(directory);
      removeLoopback();
    };
    try {
      project.provide('realTrackers', await startCluster(directory));
      return stop;
    } catch (error) {
      await stop();
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, program)));
}

async function startCluster(directory: string): Promise<string[]> {
  // Without the address on the device trackers do not find each other.
  const ports = addLoopback(TRACKER_HOST) === undefined ? TRACKER_PORTS : TRACKER_PORTS.slice(0, 1);
  const trackers = ports.map((port) => `${TRACKER_HOST}:${port}`);
  for (const [index, port] of ports.entries()) {
    await start('fdfs_trackerd', directory, `tracker${index}`, {
      bind_addr: TRACKER_HOST,
      port,
      store_lookup: 0,
      store_server: 0,
      reserved_storage_space: '1%',
      check_active_interval: 10,
    });
  }
  for (const [index, { group, host }] of STORAGES.entries()) {
    await start('fdfs_storaged', directory, `storage${index}`, {
      group_name: group,
      bind_addr: host,
      client_bind: true,
      thread_stack_size: '512KB',
      port: 23000,
      store_path_count: 1,
      store_path0: path.join(directory, `storage${index}`),
      subdir_count_per_path: 4,
      heart_beat_interval: 1,
      stat_report_interval: 1,
      sync_wait_msec: 10,
      tracker_server: trackers,
    });
    await untilActive(trackers, group, host);
  }
  return trackers;
}

async function start(
  program: string,
  directory: string,
  name: string,
  settings: Record<string, string | number | boolean | string[]>,
): Promise<void> {
  const base = path.join(directory, name);
  mkdirSync(base, { recursive: true });
  const all = { base_path: base, connect_timeout: 5, network_timeout: 60, ...settings };
  const lines = Object.entries(all).flatMap(([key, value]) => [value].flat().map((one) => `${key} = ${one}`));
  const file = `${base}.conf`;
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn(program, [file, 'start'], { stdio: 'ignore' });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  // A run that was killed leaves its servers behind.
  const taken =
    code === ADDRESS_IN_USE ? ': its address is taken, perhaps by the cluster of an earlier run' : '';
  if (code !== 0) throw new Error(`${program} ${file} exited with ${code}${taken}; see ${base}/logs`);
}

async function stopCluster(directory: string): Promise<void> {
  const pids: number[] = [];
  for (const name of ['storage0', 'storage1', 'storage2', 'tracker0', 'tracker1']) {
    const program = name.startsWith('storage') ? 'fdfs_storaged' : 'fdfs_trackerd';
    const pidFile = path.join(directory, name, 'data', `${program}.pid`);
    if (existsSync(pidFile)) pids.push(Number(readFileSync(pidFile, 'utf8')));
  }
  for (const pid of pids) signal(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (pids.some((pid) => signal(pid, 0)) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const pid of pids) signal(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
