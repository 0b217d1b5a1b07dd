/** Thousands of calls at once, disturbed and aborted at random: no id ever holds anything but the bytes sent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSOptions } from '../../src/index.js';
import { newSeed } from '../helpers/random.js';
import { Storm, type StormReport } from '../helpers/storm.js';
import { disturbing } from '../helpers/storm-faults.js';

const GROUPS: Record<string, number> = { group1: 2, group2: 1 };
const IMPATIENT: Partial<FastDFSOptions> = {
  networkTimeoutMs: 150,
  retry: { retries: 2, minTimeoutMs: 1, maxTimeoutMs: 20 },
  pool: { maxPerServer: 8 },
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-storm-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Aftermath {
  storm: Storm;
  report: StormReport;
  /** Files on the server that no call returned. */
  strays: string[];
  right: number;
}

/** The storm, and then a look at what is there: on a server without faults, over the same files. */
async function raise(
  disturbed: boolean,
  operations: number,
  options: Partial<FastDFSOptions>,
): Promise<Aftermath> {
  const fdfs = await EmbeddedFastDFS.start({ groups: GROUPS, trackers: 2, directory });
  const settings = { trackers: fdfs.trackers, ...options };
  const clients = [createClient(settings), createClient({ ...settings, locationCache: false })];
  const disturb = disturbed ? { disturb: disturbing(fdfs) } : {};
  const storm = new Storm({
    seed: newSeed(),
    operations,
    concurrency: 48,
    maxBytes: 600_000,
    clients,
    aborts: 0.1,
    ...disturb,
  });
  const report = await storm.run();
  for (const client of clients) {
    expect(Object.values(client.stats()).filter(({ waiting }) => waiting > 0)).toEqual([]);
    await client.close();
  }
  await expect.poll(() => fdfs.connections(), { timeout: 5000 }).toBe(0);
  await fdfs.stop();
  await using again = await EmbeddedFastDFS.start({ groups: GROUPS, directory });
  await again.sync(); // what was not replicated when the first cluster stopped
  await using client = createClient(again.options);
  const right = await storm.verify(client);
  // A replica keeps the old name of a file that was renamed and deleted before the rename arrived; its source does not have it.
  const strays = again
    .files()
    .filter(({ fileId, group, storages }) => !storm.files.has(fileId) && storages.length === GROUPS[group])
    .map(({ fileId }) => fileId);
  for (const id of [...storm.deleted].slice(0, 20)) expect(await client.exists(id)).toBe(false);
  return { storm, report, strays, right };
}

describe('a storm', () => {
  it('of calls, one in ten aborted, leaves no wrong file and no stray one', { timeout: 60_000 }, async () => {
    const { storm, report, strays, right } = await raise(false, 1500, { pool: { maxPerServer: 8 } });
    expect(report.findings).toEqual([]);
    expect(right).toBe(storm.files.size);
    expect(strays).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.done).toBeGreaterThan(1000);
  });

  it('of calls and faults leaves no wrong file, and reports what it may have left', {
    timeout: 60_000,
  }, async () => {
    const { storm, report, strays, right } = await raise(true, 1500, IMPATIENT);
    expect(report.findings).toEqual([]);
    expect(right).toBe(storm.files.size);
    expect(strays.length).toBeLessThanOrEqual(report.mayHaveLeft);
    expect(report.slowestMs).toBeLessThan(10_000);
    expect(report.failed).toBeGreaterThan(20);
    expect(report.done).toBeGreaterThan(1000);
    if (process.env.STORM_REPORT) console.log(report, strays.length);
  });
});
