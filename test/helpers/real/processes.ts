/** The processes of real clusters, found by the pid files below a folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning } from '../run/clean-up.js';

const END_MS = 8_000;

/**
 * Returns the pid that a server has written, if that server is running: the system may have given the pid of one that was killed to
 * another process. The file exists a moment before its content does.
 */
export function readPid(file: string): number | undefined {
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (pid <= 1 || !isRunning(pid)) return undefined;
  const conf = `${path.dirname(path.dirname(file))}.conf`;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(conf) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Ends every server of the cluster in this folder.
 * @param by SIGTERM lets them write what they have in memory
 */
export async function stopProcesses(directory: string, by: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!existsSync(directory)) return;
  const pids = readdirSync(directory).flatMap((member) =>
    ['fdfs_trackerd', 'fdfs_storaged'].flatMap(
      (program) => readPid(path.join(directory, member, 'data', `${program}.pid`)) ?? [],
    ),
  );
  // A stopped process cannot end.
  for (const pid of pids) signal(pid, 'SIGCONT');
  for (const pid of pids) signal(pid, by);
  const deadline = Date.now() + END_MS;
  while (pids.some(isRunning) && Date.now() < deadline) await delay(10);
  for (const pid of pids.filter(isRunning)) signal(pid, 'SIGKILL');
  while (pids.some(isRunning) && Date.now() < deadline + END_MS) await delay(10);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
