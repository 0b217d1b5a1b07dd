/**
 * Trunk servers and deletions on a real cluster that is made for it and used up by it: `FDFS_TEST_TRUNK_TRACKERS` names
 * its trackers, `FDFS_TEST_TRUNK_STOP` is a shell command that stops the storage whose address is `$1`. It wants
 * use_trunk_file, no storage ids, and a group1 of two storages.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FastDFSAdmin } from '../../src/index.js';

const trackers = process.env.FDFS_TEST_TRUNK_TRACKERS?.split(',') ?? [];
const stopCommand = process.env.FDFS_TEST_TRUNK_STOP;
/** Trackers look for a new trunk server every check_active_interval (120 s by default). */
const PATIENCE_MS = 400_000;

describe.skipIf(trackers.length === 0 || !stopCommand)('a real cluster in trunk mode', () => {
  it(
    'gives up a storage that was the trunk server, in the right order only',
    async () => {
      await using admin = new FastDFSAdmin({ trackers });
      const words = (call: Promise<unknown>) => call.then(String, (error: Error) => error.message);
      const current = await admin.setTrunkServer('group1');
      const storages = await admin.listStorages('group1');
      const other = storages.find(({ id }) => id !== current)!.id;
      expect(storages.filter(({ trunkServer }) => trunkServer).map(({ id }) => id)).toEqual([current]);
      expect((await admin.getGroup('group1')).currentTrunkFileId).toBeGreaterThanOrEqual(0);
      expect(await admin.health({ maxLagSeconds: 1e9 })).toMatchObject({ verdict: 'ok' });
      expect(await words(admin.setTrunkServer('group1', current))).toContain('trunk server already');
      expect(await words(admin.setTrunkServer('group1', other))).toContain('another trunk server is ACTIVE');
      expect(await words(admin.deleteStorage('group1', current))).toContain('is still ACTIVE');

      const { host } = storages.find(({ id }) => id === current)!;
      execFileSync('sh', ['-c', stopCommand!, 'stop', host]);
      const look = async () => (await admin.listStorages('group1', { storage: current }))[0]!;
      await expect
        .poll(async () => (await look()).status, { timeout: PATIENCE_MS, interval: 200 })
        .toBe('OFFLINE');
      expect(await words(admin.deleteStorage('group1', current))).toContain('is still the trunk server');
      expect(await words(admin.setTrunkServer('group1', current))).toContain('not ACTIVE');
      expect(await admin.setTrunkServer('group1', other)).toBe(other);
      expect((await look()).trunkServer).toBe(false);

      await admin.deleteStorage('group1', current);
      expect((await look()).status).toBe('DELETED');
      await admin.deleteStorage('group1', current);
      expect(await words(admin.deleteGroup('group1'))).toContain('the group still has servers');
    },
    2 * PATIENCE_MS,
  );
});
