/** Temporary files that carry the process id of their maker in their name, and stay behind when it is killed. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Folders that are remembered as looked through; all are forgotten beyond this number. */
const MAX_FOLDERS = 1000;

/** Removes what processes that no longer run have left behind. */
export class LeftoverCleaner {
  readonly #findMaker: (name: string) => number | undefined;
  readonly #cleaned = new Set<string>();

  /** @param findMaker returns the process that made the file of this name; undefined for a file of others */
  constructor(findMaker: (name: string) => number | undefined) {
    this.#findMaker = findMaker;
  }

  /** Once for each folder: what was left behind before this process began. Never fails. */
  async clean(folder: string): Promise<void> {
    const key = path.resolve(folder);
    if (this.#cleaned.has(key)) return;
    if (this.#cleaned.size >= MAX_FOLDERS) this.#cleaned.clear();
    this.#cleaned.add(key);
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      const pid = this.#findMaker(name);
      if (pid === undefined || isRunning(pid)) continue;
      await rm(path.join(folder, name), { force: true }).catch(() => undefined);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
