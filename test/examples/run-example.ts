/** Starts an example as users do, and listens to what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

export class RunningExample {
  readonly #process: ChildProcess;
  readonly #output: Interface;
  #errors = '';

  private constructor(path: string) {
    const { FDFS_CONF: _, ...env } = process.env;
    this.#process = spawn(process.execPath, ['--import', 'tsx', path], {
      env: { ...env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#output = createInterface({ input: this.#process.stdout! });
  }

  /** @returns the example, and the url in its first line */
  static async start(path: string): Promise<{ example: RunningExample; url: string }> {
    const example = new RunningExample(path);
    const line = await example.nextLine();
    return { example, url: /http:\S+/.exec(line)![0] };
  }

  async nextLine(): Promise<string> {
    const died = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`The example ended with code ${code}: ${this.#errors}`);
    });
    died.catch(() => undefined);
    const line = once(this.#output, 'line', { signal: AbortSignal.timeout(30_000) });
    return ((await Promise.race([line, died])) as string[])[0]!;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}
