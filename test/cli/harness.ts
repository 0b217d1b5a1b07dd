/** Runs the command line as what it is: a process of its own, with its own environment and standard streams. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { EmbeddedFastDFS, type EmbeddedOptions } from '../../src/embedded/index.js';
import { collect } from '../helpers/bytes.js';
import { buildProgram } from '../helpers/run/build.js';

const MAIN = await buildProgram();
/** For a shell. */
export const FDFS = `"${process.execPath}" "${MAIN}"`;

export interface Settings {
  env?: Record<string, string>;
  cwd?: string;
  input?: string | Uint8Array;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
}

export function startFdfs(
  args: readonly string[],
  { env, cwd }: Settings = {},
): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: environment(env) });
  child.stdin.on('error', () => undefined); // a command that ends early reads nothing more
  return child;
}

export async function runFdfs(args: readonly string[], settings: Settings = {}): Promise<Outcome> {
  return await readOutcome(startFdfs(args, settings), settings.input);
}

/** A line of shell in which `fdfs` is the program. */
export async function runShell(line: string, settings: Settings = {}): Promise<Outcome> {
  const script = `set -o pipefail; fdfs() { ${FDFS} "$@"; }; ${line}`;
  const child = spawn('bash', ['-c', script], { cwd: settings.cwd, env: environment(settings.env) });
  child.stdin.on('error', () => undefined);
  return await readOutcome(child, settings.input);
}

export async function readOutcome(
  child: ChildProcessWithoutNullStreams,
  input?: string | Uint8Array,
): Promise<Outcome> {
  child.stdin.end(input);
  const [bytes, stderr, [code]] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, bytes, stdout: bytes.toString(), stderr: stderr.toString() };
}

/** The first line that the program writes. */
export async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error(`The program ended without a line: ${await collect(child.stderr)}`);
}

export interface CliServer {
  readonly fdfs: EmbeddedFastDFS;
  /** Names the server to the program. */
  readonly env: { FDFS_TRACKERS: string };
}

export async function cliServer(options: EmbeddedOptions): Promise<CliServer> {
  const fdfs = await EmbeddedFastDFS.start(options);
  return { fdfs, env: { FDFS_TRACKERS: fdfs.trackers.join() } };
}

function environment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(FDFS_|NODE_|FORCE_COLOR|NO_COLOR|VITEST|LC_ALL$|LC_MESSAGES$)/.test(name),
  );
  return { ...Object.fromEntries(own), LANG: 'C.UTF-8', ...env };
}
