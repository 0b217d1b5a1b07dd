/** The processes of real clusters, found by the pid files below a folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeLoopback } from './loopback.js';

const TERMINATE_MS = 8_000;

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

/** A killed process may stay as an entry until its parent asks for the exit code. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Ends every server of the cluster in this folder, and removes the loopback address that it has added. */
export async function stopProcesses(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  const pids = readdirSync(directory).flatMap((member) =>
    ['fdfs_trackerd', 'fdfs_storaged'].flatMap(
      (program) => readPid(path.join(directory, member, 'data', `${program}.pid`)) ?? [],
    ),
  );
  // A stopped process cannot end.
  for (const pid of pids) signal(pid, 'SIGCONT');
  for (const pid of pids) signal(pid, 'SIGTERM');
  const deadline = Date.now() + TERMINATE_MS;
  while (pids.some(isRunning) && Date.now() < deadline) await delay(50);
  for (const pid of pids.filter(isRunning)) signal(pid, 'SIGKILL');
  while (pids.some(isRunning) && Date.now() < deadline + TERMINATE_MS) await delay(20);
  const address = path.join(directory, 'loopback');
  if (existsSync(address)) removeLoopback(readFileSync(address, 'utf8'));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
