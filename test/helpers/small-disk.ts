/** A file system of a few MiB in memory, for tests of full disks. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export interface SmallDisk {
  readonly folder: string;
  unmount(): void;
}

/** Mounts it at a new folder. Returns undefined where mounting is not permitted. */
export function mountSmallDisk(folder: string, mib: number): SmallDisk | undefined {
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { folder, unmount: () => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' }) };
}
