/** `fdfs reindex` gives a lost index its keys again. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fdfsBlobStore } from '../../src/adapters/blob-store/index.js';
import { levelIndex } from '../../src/adapters/indexes/index.js';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { onEachServer } from '../helpers/servers.js';
import { runFdfs } from './harness.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fastdfs-reindex-'));
});
afterAll(() => rm(folder, { recursive: true }));

onEachServer(
  'fdfs reindex',
  (server) => {
    it('restores keys, and finds orphans', async () => {
      const client = server.client();
      const env = { FDFS_TRACKERS: server.trackers.join() };
      const own = randomUUID();
      const options = { index: new Map<string, string>(), keepKey: true, group: 'group2' };
      const blobs = fdfsBlobStore(client, options);
      await blobs.put(`${own}/b`, 'two');
      // The file of a writer that died between upload and swap.
      const lost = await fdfsBlobStore(client, { ...options, index: new Map() }).put(`${own}/a`, 'older');
      const { fileId } = await blobs.put(`${own}/a`, 'newer');

      const index = path.join(folder, 'keys');
      const run = async (...args: string[]) => {
        const done = await runFdfs(
          ['reindex', 'group2', '--index', index, '--json', '--min-age', '0.001', ...args],
          { env },
        );
        expect(done).toMatchObject({ code: 0, stderr: '' });
        return JSON.parse(done.stdout) as {
          files: number;
          restored: number;
          orphans: string[];
          removed: number;
        };
      };
      // Storages write their logs out every second here.
      await expect
        .poll(async () => (await run('--dry-run')).orphans, { timeout: 20_000 })
        .toContain(lost.fileId);
      expect((await run()).restored).toBeGreaterThanOrEqual(2);
      expect(await run()).toMatchObject({ restored: 0, removed: 0 });

      const found = levelIndex(index);
      expect(await found.entries(`${own}/`)).toEqual([
        [`${own}/a`, fileId],
        [`${own}/b`, options.index.get(`${own}/b`)],
      ]);
      await found.close();
      await client.delete(lost.fileId);
      for (const key of options.index.keys()) await blobs.remove(key);
    }, 60_000);
  },
  { alone: true },
);

describe('fdfs reindex without an index', () => {
  it('says what is wrong', async () => {
    await using fdfs = await EmbeddedFastDFS.start();
    const env = { FDFS_TRACKERS: fdfs.trackers.join() };
    const usage = await runFdfs(['reindex'], { env });
    expect(usage).toMatchObject({ code: 2, stderr: expect.stringContaining('--index') });
    const location = path.join(folder, 'locked');
    const locked = levelIndex(location);
    await locked.get('k');
    const busy = await runFdfs(['reindex', '--index', location], { env });
    expect(busy).toMatchObject({ code: 1, stderr: expect.stringContaining('another process has it open') });
    await locked.close();
  });
});
