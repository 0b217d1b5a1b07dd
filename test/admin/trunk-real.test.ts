/** Trunk servers and deletions on a real cluster of its own, which the test uses up. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FastDFSAdmin } from '../../src/index.js';
import type { RealCluster } from '../helpers/real/real-cluster.js';
import { canStartCluster, startCluster } from '../helpers/real/shared-cluster.js';

const START_MS = 160_000;
/** The tracker looks for a new trunk server every `check_active_interval`. */
const OFFLINE_MS = 60_000;

describe.skipIf(!canStartCluster())('a real cluster in trunk mode', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await startCluster({
      trackers: 1,
      tracker: { use_trunk_file: true, slot_min_size: 256, trunk_file_size: '64MB' },
    });
  }, START_MS);
  afterAll(() => cluster?.stop());

  it(
    'gives up a storage that was the trunk server, in the right order only',
    async () => {
      await using admin = new FastDFSAdmin({ trackers: cluster.trackers });
      const messageOf = (call: Promise<unknown>) => call.then(String, (error: Error) => error.message);
      const current = await admin.setTrunkServer('group1');
      const storages = await admin.listStorages('group1');
      const other = storages.find(({ id }) => id !== current)!.id;
      expect(storages.filter(({ trunkServer }) => trunkServer).map(({ id }) => id)).toEqual([current]);
      expect((await admin.getGroup('group1')).currentTrunkFileId).toBeGreaterThanOrEqual(0);
      expect(await admin.health({ maxLagSeconds: 1e9 })).toMatchObject({ verdict: 'ok' });
      expect(await messageOf(admin.setTrunkServer('group1', current))).toContain('trunk server already');
      expect(await messageOf(admin.setTrunkServer('group1', other))).toContain(
        'another trunk server is ACTIVE',
      );
      expect(await messageOf(admin.deleteStorage('group1', current))).toContain('is still ACTIVE');

      const { host } = storages.find(({ id }) => id === current)!;
      const name = ['storage0', 'storage1'].find((each) => cluster.address(each).startsWith(`${host}:`))!;
      cluster.signal(name, 'SIGTERM');
      const look = async () => (await admin.listStorages('group1', { storage: current }))[0]!;
      await expect
        .poll(async () => (await look()).status, { timeout: OFFLINE_MS, interval: 200 })
        .toBe('OFFLINE');
      expect(await messageOf(admin.deleteStorage('group1', current))).toContain('is still the trunk server');
      expect(await messageOf(admin.setTrunkServer('group1', current))).toContain('not ACTIVE');
      expect(await admin.setTrunkServer('group1', other)).toBe(other);
      expect((await look()).trunkServer).toBe(false);

      await admin.deleteStorage('group1', current);
      expect((await look()).status).toBe('DELETED');
      await admin.deleteStorage('group1', current);
      expect(await messageOf(admin.deleteGroup('group1'))).toContain('the group still has servers');
    },
    2 * OFFLINE_MS,
  );
});
