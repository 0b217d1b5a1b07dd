/**
 * One run of the tests: a temporary folder for all that it writes, and a process that watches over it. When the run ends, however
 * it ends, that process ends what the run has started and removes the folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcesses, isRunning, removeFolder } from './clean-up.js';

export interface TestRun {
  /** The temporary folder of the run, and of every process that it starts. */
  readonly folder: string;
  /** Ends what the run has started and removes the folder. */
  end(): Promise<void>;
}

const NAME = /^fastdfs-tests-(\d+)-/;
const GUARD = fileURLToPath(new URL('guard.ts', import.meta.url));

/** Starts a run. Removes first what runs have left whose processes were all killed. */
export async function startRun(): Promise<TestRun> {
  const parent = tmpdir();
  await removeAbandoned(parent);
  const folder = mkdtempSync(path.join(parent, `fastdfs-tests-${process.pid}-`));
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o711);
  // Its input is a pipe from this process, and closes when this process ends. A session of its own: it outlives the terminal.
  const guard = spawn(process.execPath, ['--import', 'tsx', GUARD, folder], {
    cwd: path.dirname(GUARD), // `tsx` is found from here
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let errors = '';
  guard.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  for (const handle of [guard, guard.stdin, guard.stderr] as { unref?(): void }[]) handle.unref?.();
  process.env.TMPDIR = folder;
  return {
    folder,
    end: async () => {
      process.env.TMPDIR = parent;
      const exited = once(guard, 'exit');
      guard.ref();
      guard.stdin.end();
      const [code] = await exited;
      if (code !== 0) throw new Error(`The clean-up of ${folder} failed: ${errors}`);
    },
  };
}

/** Ends and removes the runs in this folder whose own process, and the one that watched over it, have been killed. */
export async function removeAbandoned(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    await endProcesses(path.join(parent, name));
    removeFolder(path.join(parent, name));
  }
}
