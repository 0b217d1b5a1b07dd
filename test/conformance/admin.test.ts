import { afterEach, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  type ClusterHealth,
  createClient,
  FastDFSAdmin,
  ServerError,
} from '../../src/index.js';
import { isSince, readServerVersion } from '../helpers/server-version.js';
import { onEachServer } from '../helpers/servers.js';

/** No program listens there. */
const UNREACHABLE = '127.0.0.1:1';

onEachServer('admin', (server) => {
  const open: FastDFSAdmin[] = [];
  const make = () => {
    const admin = new FastDFSAdmin({ trackers: server.trackers });
    open.push(admin);
    return admin;
  };
  afterEach(() => Promise.all(open.splice(0).map((admin) => admin.close())));

  async function storageIds(admin: FastDFSAdmin, group: string): Promise<string[]> {
    return (await admin.listStorages(group)).map(({ id }) => id);
  }

  describe('lists', () => {
    it('groups', async () => {
      const admin = make();
      const groups = await admin.listGroups();
      expect(groups.map(({ name }) => name)).toEqual(['group1', 'group2']);
      const [group] = groups;
      const countsReadWrite = isSince('6.13', await readServerVersion(server.trackers));
      expect(group).toMatchObject({
        storageCount: 2,
        ...(countsReadWrite ? { readableCount: 2, writableCount: 2 } : { activeCount: 2 }),
        storePathCount: 1,
        trunkFreeBytes: 0,
      });
      expect(group!.totalBytes).toBeGreaterThan(2 ** 20);
      expect(group!.freeBytes % 2 ** 20).toBe(0);
      if (isSince('6.13.1', await readServerVersion(server.trackers))) {
        expect(group!.availableBytes).toBe(group!.freeBytes - group!.reservedBytes!);
      }
      expect('currentTrunkFileId' in group!).toBe(false);
      expect(await admin.getGroup('group1')).toMatchObject({ name: 'group1', storageCount: 2 });
    });

    it('storages', async () => {
      const admin = make();
      const storages = await admin.listStorages('group1');
      expect(storages).toHaveLength(2);
      for (const storage of storages) {
        expect(storage).toMatchObject({ group: 'group1', status: 'ACTIVE', trunkServer: false });
        expect(storage.version).toMatch(server.name === 'real' ? /^\d+\.\d+/ : /^6\.16\.1$/);
        expect(storage.rwMode).toBe(isSince('6.13', storage.version) ? 'both' : undefined);
        expect(storage.port).toBeGreaterThan(0);
        expect(storage.upSince).toBeInstanceOf(Date);
        expect(Date.now() - storage.lastHeartbeat!.getTime()).toBeLessThan(120_000);
        expect(storage.connections!.max).toBeGreaterThanOrEqual(storage.connections!.current);
        for (const { total, success } of Object.values(storage.operations)) {
          expect(total).toBeGreaterThanOrEqual(success);
        }
      }
      const [first, second] = storages;
      expect(first!.id < second!.id).toBe(true);
      const asked = await admin.listStorages('group1', { storage: second!.id });
      expect(asked.map(({ id }) => id)).toEqual([second!.id]);
    });

    it('what clients did, in counters', async () => {
      const admin = make();
      const client = server.client();
      const count = async () =>
        (await admin.listStorages('group2')).reduce(
          (sum, { operations }) => sum + operations.upload.success,
          0,
        );
      const before = await count();
      const { fileId } = await client.upload('counted', { group: 'group2' });
      await client.delete(fileId);
      // Storages report what they did with their heart-beats.
      await expect.poll(count, { timeout: 20_000, interval: 200 }).toBeGreaterThan(before);
    });

    it('at the tracker that is named', async () => {
      const admin = make();
      for (const tracker of server.trackers) {
        expect(await admin.listGroups({ tracker })).toHaveLength(2);
        expect(await admin.listStorages('group2', { tracker })).toHaveLength(1);
      }
      await expect(admin.listGroups({ tracker: UNREACHABLE })).rejects.toMatchObject({
        code: 'FASTDFS_CONNECT_FAILED',
      });
    });
  });

  describe('trackers', () => {
    it('are listed with their leader', async () => {
      const trackers = await make().listTrackers();
      expect(trackers.map(({ address }) => address)).toEqual([...server.trackers].sort());
      expect(trackers.filter(({ leader }) => leader)).toHaveLength(1);
      for (const tracker of trackers) {
        expect(tracker).toMatchObject({ reachable: true, status: tracker.leader ? 'leader' : 'follower' });
        expect(tracker.latencyMs).toBeGreaterThan(0);
        expect(tracker.runningSeconds).toBeGreaterThanOrEqual(0);
      }
    });

    it('that cannot be reached are reported, not thrown', async () => {
      const admin = new FastDFSAdmin({ trackers: [UNREACHABLE, ...server.trackers] });
      open.push(admin);
      const unreachable = (await admin.listTrackers()).find(({ address }) => address === UNREACHABLE);
      expect(unreachable).toMatchObject({
        reachable: false,
        leader: false,
        error: { code: 'FASTDFS_CONNECT_FAILED' },
      });
      expect(unreachable!.status).toContain('Cannot connect');
      const [asked, ...others] = await admin.listTrackers({ tracker: server.trackers[0]! });
      expect([asked?.address, others]).toEqual([server.trackers[0], []]);
      expect(await admin.listGroups()).toHaveLength(2);
      await expect(admin.getGroup('nosuch')).rejects.toMatchObject({ serverStatus: 2 });
      expect(await admin.health()).toMatchObject({
        verdict: 'degraded',
        reasons: [expect.stringContaining(`tracker ${UNREACHABLE} cannot be reached`)],
      });
      // What only the leader does: one who answers "not me" proves nothing while another is silent.
      await expect(admin.setTrunkServer('group1')).rejects.toMatchObject({ code: 'FASTDFS_NO_TRACKER' });
    });
  });

  it('statistics agree with the lists', async () => {
    const admin = make();
    const groups = await admin.listGroups();
    const storages = (await Promise.all(groups.map(({ name }) => admin.listStorages(name)))).flat();
    if (!isSince('6.16', await readServerVersion(server.trackers))) {
      await expect(admin.getStorageOverview()).rejects.toMatchObject({ code: 'FASTDFS_NOT_SUPPORTED' });
      return;
    }
    const stats = await admin.getStorageOverview();
    expect(stats.useTrunkFile).toBe(false);
    expect(stats.storages.map(({ id, status, address }) => ({ id, status, address }))).toEqual(
      storages.map(({ id, status, host, port }) => ({ id, status, address: `${host}:${port}` })),
    );
    const { volumes } = await admin.getSpaceOverview();
    expect(volumes.map(({ group }) => group)).toEqual(['group1', 'group2']);
    for (const volume of volumes) {
      expect(volume.diskAvailable).toBe(true);
      expect(volume.availableBytes).toBe(volume.freeBytes - volume.reservedBytes);
    }
    const trackers = await admin.getTrackerOverview();
    expect(trackers.map(({ address }) => address).sort()).toEqual([...server.trackers].sort());
    expect(trackers.filter(({ leader }) => leader)).toHaveLength(1);
    for (const tracker of server.trackers) {
      const { leader } = trackers.find(({ address }) => address === tracker)!;
      const asked = admin.getTrackerOverview({ tracker });
      if (leader) expect(await asked).toHaveLength(server.trackers.length);
      else await expect(asked).rejects.toMatchObject({ serverStatus: 95, message: /not the leader/ });
    }
  });

  describe('refusals, in words', () => {
    const refusals: [string, (admin: FastDFSAdmin) => Promise<unknown>, number, string][] = [
      ['unknown group', (admin) => admin.getGroup('nosuch'), 2, 'there is no such group'],
      ['storages of an unknown group', (admin) => admin.listStorages('nosuch'), 2, 'no such group'],
      [
        'unknown storage',
        (admin) => admin.listStorages('group1', { storage: '9.9.9.9' }),
        2,
        'no storage with this id',
      ],
      ['deleting an unknown group', (admin) => admin.deleteGroup('nosuch'), 2, 'there is no such group'],
      ['deleting a group in use', (admin) => admin.deleteGroup('group1'), 16, 'the group still has servers'],
      [
        'deleting an unknown storage',
        (admin) => admin.deleteStorage('group1', '9.9.9.9'),
        2,
        'no storage with this id',
      ],
      [
        'deleting a storage in use',
        async (admin) => admin.deleteStorage('group1', (await storageIds(admin, 'group1'))[0]!),
        16,
        'is still ACTIVE; stop it first',
      ],
      [
        'setting a trunk server without trunk mode',
        (admin) => admin.setTrunkServer('group1'),
        95,
        'trunk mode is off',
      ],
    ];

    it.each(refusals)('%s', async (_, call, status, words) => {
      const error = (await call(make()).catch((e) => e)) as ServerError;
      expect(error).toBeInstanceOf(ServerError);
      expect(error.serverStatus).toBe(status);
      expect(error.message).toContain(words);
    });

    it('of an upload', async () => {
      const refused = server.client().upload('x', { group: 'nosuch' });
      const message = await refused.then(String, (error: Error) => error.message);
      expect(message).toContain('there is no such group, or none of its storages is ACTIVE and writable');
    });
  });

  it.each<[string, (admin: FastDFSAdmin) => unknown]>([
    ['a group name that cannot be', (admin) => admin.getGroup('no such group')],
    ['an empty storage id', (admin) => admin.deleteStorage('group1', '')],
    ['a storage id that is too long', (admin) => admin.listStorages('group1', { storage: '1'.repeat(16) })],
    ['a tracker that is no address', (admin) => admin.listGroups({ tracker: 'a:b:c' })],
    ['a lag that is no number', (admin) => admin.health({ maxLagSeconds: 0 })],
  ])('wrong argument: %s', async (_, call) => {
    await expect(call(make())).rejects.toBeInstanceOf(ArgumentError);
  });

  it('health is ok, and why not is said in words', async () => {
    const health = await make().health({ maxLagSeconds: 1e9 });
    expect(health).toMatchObject({ verdict: 'ok', reasons: [] });
    expect(health.groups.map(({ name, storages }) => [name, storages.length])).toEqual([
      ['group1', 2],
      ['group2', 1],
    ]);
    expect(health.trackers).toHaveLength(server.trackers.length);
  });

  describe('watch', () => {
    it('looks again and again until the signal aborts', async () => {
      const stop = new AbortController();
      const seen: ClusterHealth[] = [];
      const started = performance.now();
      for await (const snapshot of make().watch({ intervalMs: 50, signal: stop.signal })) {
        seen.push(snapshot);
        if (seen.length === 3) stop.abort();
      }
      expect(seen).toHaveLength(3);
      expect(performance.now() - started).toBeGreaterThanOrEqual(95);
      expect(seen.every(({ groups }) => groups.length === 2)).toBe(true);
    });

    it('ends at once while it waits, when the loop is left, and when the admin is closed', async () => {
      const admin = make();
      const stop = new AbortController();
      const waiting = admin.watch({ signal: stop.signal });
      expect((await waiting.next()).value).toMatchObject({ reasons: expect.any(Array) });
      const next = waiting.next();
      stop.abort();
      expect(await next).toEqual({ done: true, value: undefined });
      for await (const { checkedAt } of admin.watch()) {
        expect(checkedAt).toBeInstanceOf(Date);
        break;
      }
      const last = admin.watch();
      await last.next();
      const pending = last.next();
      await admin.close();
      expect(await pending).toEqual({ done: true, value: undefined });
    });

    it('has nothing to show for a signal that has aborted', async () => {
      expect(await make().watch({ signal: AbortSignal.abort() }).next()).toEqual({
        done: true,
        value: undefined,
      });
    });

    it('refuses a wrong interval when it is called, not when it is read', () => {
      const admin = make();
      for (const intervalMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
        expect(() => admin.watch({ intervalMs })).toThrow(ArgumentError);
      }
    });
  });

  it('every call can be aborted, with the reason', async () => {
    const admin = make();
    const signal = AbortSignal.abort(new Error('enough'));
    const calls = [
      () => admin.listGroups({ signal }),
      () => admin.getGroup('group1', { signal }),
      () => admin.listStorages('group1', { signal }),
      () => admin.deleteGroup('group1', { signal }),
      () => admin.deleteStorage('group1', '9.9.9.9', { signal }),
      () => admin.setTrunkServer('group1', undefined, { signal }),
      () => admin.listTrackers({ signal }),
      () => admin.getTrackerOverview({ signal }),
      () => admin.getStorageOverview({ signal }),
      () => admin.getSpaceOverview({ signal }),
      () => admin.health({ signal }),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow('enough');
  });

  it('closes a client of its own, and leaves one that was passed', async () => {
    const client = createClient({ trackers: server.trackers });
    const guest = new FastDFSAdmin(client);
    expect(await guest.listGroups()).toHaveLength(2);
    await guest.close();
    await expect(guest.listGroups()).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
    const again = new FastDFSAdmin(client);
    expect(await again.listGroups()).toHaveLength(2);
    await client.close();
    await expect(again.listGroups()).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
    const admin = new FastDFSAdmin({ trackers: server.trackers });
    await admin.listGroups();
    await admin[Symbol.asyncDispose]();
    await admin.close();
    await expect(admin.health()).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
  });
});
