/** Golden vectors recorded from real servers and C tools. */
import { readFileSync } from 'node:fs';

export function readVectors<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`../../fixtures/vectors/${name}.json`, import.meta.url), 'utf8'),
  ) as T;
}
