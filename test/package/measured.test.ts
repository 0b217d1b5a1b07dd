/** The figures of `npm run bench` get into the documents by a program, in both languages. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Run, replaceTable, tableOf } from '../../bench/document.js';

const PAGES = ['docs/measured.md', 'docs/zh/measured.md'] as const;

const run: Run = {
  settings: { node: 'v24.1.0', rounds: 3, largeMiB: 256, embedded: true },
  rows: [
    { scenario: 'upload-small', contender: 'fastdfs-streams', figures: { 'op/s': 12345.6 } },
    { scenario: 'upload-small', contender: 'floor, 2 round trips', figures: { 'op/s': 999.4 } },
    { scenario: 'upload-small', contender: 'C client', figures: {}, failed: 'no compiler' },
    { scenario: 'upload-file', contender: 'C client', figures: { 'MiB/s': 5 } },
    {
      scenario: 'multer-large',
      contender: 'fdfsStorage',
      figures: { 's each': 0.5314, 'MiB peak RSS': 114.2 },
    },
    {
      scenario: 'multer-large',
      contender: 'memoryStorage + bare upload',
      figures: { 's each': 0.6, 'MiB peak RSS': 1311 },
    },
  ],
};

it('as a table with a line for each scenario that this package ran', () => {
  expect(tableOf(run, 'en', '0.2.0').split('\n')).toEqual([
    'Version 0.2.0, Node v24.1.0, medians of 3 rounds, embedded server:',
    '',
    '|  | fastdfs-streams | bare socket | C client | without FastDFS |',
    '| --- | ---: | ---: | ---: | ---: |',
    '| upload 4 KiB, 16 at once | 12,346/s | 999/s |  |  |',
    '| form with 100 MiB: time, memory | 0.531 s, 114 MiB |  |  | 0.600 s, 1,311 MiB |',
  ]);
  const figures = (text: string) => text.match(/\d(?:[\d,.]*\d)?/g);
  expect(figures(tableOf(run, 'zh', '0.2.0'))).toEqual(figures(tableOf(run, 'en', '0.2.0')));
});

it.each(PAGES)('in the place of the one that %s has', (name) => {
  const page = readFileSync(name, 'utf8');
  const replaced = replaceTable(page, 'TABLE');
  expect(replaced).toContain('figures of npm run bench -->\n\nTABLE\n\n<!--');
  expect(replaced).not.toContain('4 KiB, 16');
  expect(replaceTable(replaced, 'TABLE')).toBe(replaced);
  expect(replaced.endsWith(page.slice(-200))).toBe(true);
});
