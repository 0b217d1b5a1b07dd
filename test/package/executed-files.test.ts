/** CONTRIBUTING describes the ways of an upload and a download by files that they execute, and no way becomes longer unnoticed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { measureExecutedFiles } from '../../scripts/executed-files.js';

/**
 * Files of `src` that a first call executes, from making the client on. Lower it when a way becomes shorter; the longest
 * has 35, and a few more on a slow machine, where a wait or a second connection comes on top.
 */
const MOST_FILES = 40;

const contributing = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');

/** The files that a section of CONTRIBUTING names. */
function namedIn(section: string): string[] {
  const [, text] = contributing.split(`### The way of ${section}`);
  return [...text!.split('\n### ')[0]!.matchAll(/`((?:client|core|streams)[\w/-]*\.ts)`/g)].map(
    ([, file]) => file!,
  );
}

it('the ways of an upload and a download lead through the files that CONTRIBUTING names', async () => {
  const ways = new Map((await measureExecutedFiles()).map(({ call, files }) => [call, files]));
  expect(ways.get('upload a Buffer')).toEqual(expect.arrayContaining(namedIn('an upload')));
  expect(ways.get('download to a Buffer')).toEqual(expect.arrayContaining(namedIn('a download')));
  expect(namedIn('an upload').length).toBeGreaterThan(10);
  for (const [call, files] of ways) expect(files.length, call).toBeLessThanOrEqual(MOST_FILES);
});
