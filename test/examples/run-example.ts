/** Starts an example as users do, and listens to what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** How long an example may take to start. */
const START_MS = 30_000;

export class RunningExample {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #output: Interface;
  /** What it has written to standard output. */
  readonly lines: string[] = [];
  /** What it has written to standard error. */
  errors = '';

  private constructor(program: string, folder: string) {
    const { FDFS_CONF: _conf, FDFS_TRACKERS: _trackers, ...env } = process.env;
    this.#folder = folder;
    this.#process = spawn(process.execPath, ['--import', 'tsx', program], {
      env: { ...env, PORT: '0', TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.#output = createInterface({ input: this.#process.stdout! });
    this.#output.on('line', (line) => this.lines.push(line));
  }

  /** @returns the example, and the url in its first line */
  static async start(program: string): Promise<{ example: RunningExample; url: string }> {
    const folder = await mkdtemp(path.join(tmpdir(), 'example-'));
    const example = new RunningExample(program, folder);
    const line = await example.nextLine();
    return { example, url: /http:[^\s(]+/.exec(line)![0] };
  }

  async nextLine(): Promise<string> {
    const died = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`The example ended with code ${code}: ${this.errors}`);
    });
    died.catch(() => undefined);
    const line = once(this.#output, 'line', { signal: AbortSignal.timeout(START_MS) });
    return ((await Promise.race([line, died])) as string[])[0]!;
  }

  /** Sends a signal. @returns the exit code and the signal that ended it */
  async end(signal: NodeJS.Signals): Promise<[number | null, NodeJS.Signals | null]> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return [exitCode, signalCode];
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    return (await ended) as [number | null, NodeJS.Signals | null];
  }

  /** Kills it, and removes what it has left. */
  async stop(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
