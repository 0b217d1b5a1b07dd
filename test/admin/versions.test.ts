/** The admin against servers of every version that has a layout of its own. */
import { describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { FastDFSAdmin } from '../../src/index.js';

const VERSIONS = [
  { version: '5.03', modern: false, leaderStats: false, clusterStats: false },
  { version: '5.11', modern: false, leaderStats: false, clusterStats: false },
  { version: '6.09', modern: false, leaderStats: false, clusterStats: false },
  { version: '6.11.0', modern: false, leaderStats: false, clusterStats: false },
  { version: '6.12.0', modern: false, leaderStats: false, clusterStats: false },
  { version: '6.13.0', modern: true, leaderStats: false, clusterStats: false },
  { version: '6.14.0', modern: true, leaderStats: false, clusterStats: false },
  { version: '6.15.5', modern: true, leaderStats: true, clusterStats: false },
  { version: '6.16.1', modern: true, leaderStats: true, clusterStats: true },
];

describe.each(VERSIONS)('FastDFS $version', ({ version, modern, leaderStats, clusterStats }) => {
  it('lists, judges, and says what it is too old for', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { g1: 2, g2: 1 }, serverVersion: version });
    await using admin = new FastDFSAdmin(fdfs.options);
    const [group] = await admin.listGroups();
    expect(group).toMatchObject(
      modern
        ? { name: 'g1', storageCount: 2, readableCount: 2, writableCount: 2 }
        : { name: 'g1', storageCount: 2, httpPort: 8888, activeCount: 2 },
    );
    expect('activeCount' in group!).toBe(!modern);
    expect('ambiguous' in group!).toBe(false);
    expect(await admin.getGroup('g2')).toMatchObject({ name: 'g2', storageCount: 1 });
    const storages = await admin.listStorages('g1');
    expect(storages.map(({ status, version: own }) => [status, own])).toEqual(
      Array(2).fill(['ACTIVE', version]),
    );
    expect(await admin.health()).toMatchObject({ verdict: 'ok', reasons: [] });
    const [tracker] = await admin.listTrackers();
    expect(tracker).toMatchObject({ reachable: true, leader: true });
    const tooOld = (since: string) => ({
      code: 'FASTDFS_NOT_SUPPORTED',
      serverStatus: 95,
      message: expect.stringContaining(`came with FastDFS ${since}`),
    });
    if (leaderStats) expect(await admin.getTrackerOverview()).toHaveLength(1);
    else await expect(admin.getTrackerOverview()).rejects.toMatchObject(tooOld('6.15.5'));
    if (clusterStats) {
      expect((await admin.getStorageOverview()).storages).toHaveLength(3);
      expect((await admin.getSpaceOverview()).volumes).toHaveLength(2);
    } else {
      await expect(admin.getStorageOverview()).rejects.toMatchObject(tooOld('6.16.0'));
      await expect(admin.getSpaceOverview()).rejects.toMatchObject(tooOld('6.16.0'));
    }
  });
});
