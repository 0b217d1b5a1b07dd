/** An embedded cluster in a process of its own, to be killed or measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { EmbeddedOptions } from '../../src/embedded/index.js';

const SOURCE = fileURLToPath(new URL('./server-program.ts', import.meta.url));

export interface Started {
  readonly trackers: string[];
  readonly directory: string;
  readonly startMs: number;
  /** Most memory so far. */
  readonly peakBytes: number;
}

export interface ServerProcess {
  readonly child: ChildProcess;
  /** The message of the error where the start failed. */
  readonly outcome: Started | string;
}

/** Bundles the program, which starts faster and needs less memory than the sources do. Returns its path. */
export async function bundleServer(folder: string): Promise<string> {
  const file = join(folder, 'server.mjs');
  const bundle = await rolldown({ input: SOURCE, platform: 'node' });
  await bundle.write({ file, format: 'esm' });
  return file;
}

/** @param replicates every change is replicated before it resolves */
export async function startServer(
  file: string,
  options: EmbeddedOptions,
  replicates = false,
): Promise<ServerProcess> {
  const args = [file, JSON.stringify(options), ...(replicates ? ['replicates'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { child, outcome: JSON.parse(line) as Started | string };
}

/** @throws an error where the start failed */
export async function startRunning(
  ...args: Parameters<typeof startServer>
): Promise<ServerProcess & Started> {
  const { child, outcome } = await startServer(...args);
  if (typeof outcome === 'string') throw new Error(outcome);
  return { child, outcome, ...outcome };
}

export async function killServer({ child }: ServerProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
