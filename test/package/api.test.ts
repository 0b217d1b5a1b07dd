/** What users see by name and type: nothing of it changes unnoticed, and all of it is documented. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type ApiReport, apiReports, ENTRIES } from './api-report.js';

/** Named by public declarations, and of no concern to their users. */
const INTERNALS = [
  'Base', // the EventEmitter behind FdfsStore, under a name that needs no types of @tus/server
  'DownloadSink', // what DownloadStream is to the download behind it
  'commands', // the module of StorageSummary and its like, which are exported
  'files', // the module of FileStat and its like, which are exported
];

describe('the public API', () => {
  let reports: ApiReport[];
  const report = (key: string) => reports[ENTRIES.findIndex((entry) => entry.key === key)]!;

  beforeAll(async () => {
    reports = await apiReports();
  }, 120_000);

  it.each(ENTRIES)('$key is what etc/*.api.md says; `npm run api` writes down a change', async ({ key }) => {
    const { file, text } = report(key);
    await expect(text).toMatchFileSnapshot(`../../etc/${file}.api.md`);
  });

  it.each(ENTRIES)('$key has no symbol and no member without a comment', ({ key }) => {
    const lines = report(key).text.split('\n');
    const silent = lines.flatMap((line, index) => (/\(undocumented\)/.test(line) ? [lines[index + 1]!] : []));
    expect(silent.map((line) => line.trim())).toEqual([]);
  });

  it.each(ENTRIES)('$key names no type that cannot be imported', ({ key }) => {
    const { text, unexported } = report(key);
    // Who stores files by MulterModule imports the types of multer's entry.
    const others = key === './nest' ? ['.', './multer'] : ['.'];
    const exported = (name: string) =>
      others.some((other) => new RegExp(`^export .*\\b${name}\\b`, 'm').test(report(other).text));
    const hidden = unexported.filter((name) => new RegExp(`\\b${name}\\b`).test(text) && !exported(name));
    expect(hidden.filter((name) => !INTERNALS.includes(name))).toEqual([]);
  });
});
