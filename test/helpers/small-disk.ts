/** A file system of a few MiB in memory, for tests of full disks. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** Mounts it at a new folder. Returns what unmounts it, or undefined where mounting is not permitted. */
export function mountSmallDisk(folder: string, mib: number): (() => void) | undefined {
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return () => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
}
