/** Finds and ends the processes of a run, and removes its folder with the mounts and addresses that belong to it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeLoopback } from '../real/loopback.js';

/** Until then a process may end by itself. */
const TERMINATE_MS = 3_000;
const GIVE_UP_MS = 15_000;

/** Returns whether a process runs; one that has ended and that its parent has not asked for counts as ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const status = `/proc/${pid}/status`;
  try {
    return !existsSync('/proc/self') || !/^State:\s+[ZX]/m.test(readFileSync(status, 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Returns the processes of a run: those whose environment names its folder, or one below it, as the temporary folder. Daemons have
 * it from the process that started them. Without `/proc` there are none.
 */
export function findProcesses(folder: string): number[] {
  const names = existsSync('/proc/self') ? readdirSync('/proc') : [];
  return names
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => Number(pid) !== process.pid && belongsTo(pid, folder))
    .map(Number);
}

/** Returns the command line of a process; empty when it has ended. */
export function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Ends every process of a run. */
export async function endProcesses(folder: string): Promise<void> {
  const started = Date.now();
  for (;;) {
    const pids = findProcesses(folder);
    if (pids.length === 0) return;
    const elapsed = Date.now() - started;
    if (elapsed > GIVE_UP_MS) throw new Error(`Processes do not end: ${pids.join(', ')}`);
    for (const pid of pids) {
      // A stopped process cannot end.
      send(pid, 'SIGCONT');
      send(pid, elapsed < TERMINATE_MS ? 'SIGTERM' : 'SIGKILL');
    }
    await delay(50);
  }
}

/** Removes the folder of a run, file systems that are mounted in it, and the loopback addresses that its clusters have added. */
export function removeFolder(folder: string): void {
  for (const mount of mountsBelow(folder)) execFileSync('umount', ['-l', mount], { stdio: 'ignore' });
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  for (const file of files)
    if (path.basename(file) === 'loopback') removeLoopback(readFileSync(path.join(folder, file), 'utf8'));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function belongsTo(pid: string, folder: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.some((entry) => `${entry}/`.startsWith(`TMPDIR=${folder}/`));
  } catch {
    // It has ended, or is another user's.
    return false;
  }
}

function mountsBelow(folder: string): string[] {
  const mounts = existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8') : '';
  return mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`));
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}
