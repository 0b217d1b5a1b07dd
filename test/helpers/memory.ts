/** What this process holds, measured after a collection. */
import { existsSync, readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export const MIB = 1024 * 1024;

/** Heap and buffers, in bytes, once what is finished has had its turns to go. */
export async function settledMemory(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Sockets and files that this process has open, where the system reports them. */
export function openFiles(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}

/** Sockets, timers, files: everything that keeps a process busy. */
export function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Looks at memory every few milliseconds until it is stopped. */
export class Peak {
  readonly #timer: NodeJS.Timeout;
  readonly #before = process.memoryUsage();
  #heap = 0;
  #buffers = 0;
  #rss = 0;

  constructor(everyMs = 5) {
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** Most bytes above what there was at the start. */
  stop(): { heap: number; buffers: number; rss: number } {
    clearInterval(this.#timer);
    this.#look();
    return { heap: this.#heap, buffers: this.#buffers, rss: this.#rss };
  }

  #look(): void {
    const now = process.memoryUsage();
    this.#heap = Math.max(this.#heap, now.heapUsed - this.#before.heapUsed);
    this.#buffers = Math.max(this.#buffers, now.external - this.#before.external);
    this.#rss = Math.max(this.#rss, now.rss - this.#before.rss);
  }
}
