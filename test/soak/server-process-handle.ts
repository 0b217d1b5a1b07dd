/** The other process, as this one sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly trackers: string[];

  private constructor(child: ChildProcess, trackers: string[]) {
    this.#child = child;
    this.trackers = trackers;
  }

  static async start(): Promise<ServerProcess> {
    const script = fileURLToPath(new URL('./server-process.ts', import.meta.url));
    const child = fork(script, { execArgv: ['--import', 'tsx'] });
    const [trackers] = (await once(child, 'message')) as [string[]];
    return new ServerProcess(child, trackers);
  }

  async connections(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return await this.#ask('connections');
  }

  /** How many files it has. */
  files(): Promise<number> {
    return this.#ask('files');
  }

  async #ask(what: string): Promise<number> {
    this.#child.send(what);
    return (await once(this.#child, 'message'))[0] as number;
  }

  stop(): void {
    this.#child.disconnect();
  }
}
