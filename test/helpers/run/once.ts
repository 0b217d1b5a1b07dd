/** What all test files of a run share, although they run in several processes. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';

/**
 * Makes something in the first test file that needs it. Returns what `make` returned there, as JSON carries it, in every file.
 * @param name names it, and its files in the folder of the run
 * @param timeoutMs for the files that wait
 */
export async function onceInRun<T>(name: string, timeoutMs: number, make: () => Promise<T>): Promise<T> {
  const file = path.join(inject('runFolder'), `${name}.json`);
  if (isFirst(`${file}.lock`)) {
    const outcome: Outcome<T> = await make().then(
      (value) => ({ value }),
      (error: unknown) => ({ error: String(error) }),
    );
    writeFileSync(`${file}.part`, JSON.stringify(outcome));
    // In one step, so that no reader sees half of it.
    renameSync(`${file}.part`, file);
  }
  for (const deadline = Date.now() + timeoutMs; !existsSync(file); await delay(20))
    if (Date.now() > deadline) throw new Error(`${name} was not made within ${timeoutMs} ms`);
  const { value, error } = JSON.parse(readFileSync(file, 'utf8')) as Outcome<T>;
  if (error !== undefined) throw new Error(`${name} could not be made: ${error}`);
  return value as T;
}

interface Outcome<T> {
  readonly value?: T;
  readonly error?: string;
}

/** Making a folder succeeds in one process. */
function isFirst(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
