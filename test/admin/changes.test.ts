/** What an operator changes, and what becomes of a cluster that loses its servers: on clusters made to be broken. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { type ClusterHealth, FastDFSAdmin, type FastDFSError } from '../../src/index.js';

const failed = (call: Promise<unknown>): Promise<FastDFSError & { serverStatus: number }> =>
  call.then(
    () => expect.fail('no error'),
    (error) => error,
  );

describe('two trackers, two groups', () => {
  let fdfs: EmbeddedFastDFS;
  let admin: FastDFSAdmin;
  let ids: string[];

  beforeEach(async () => {
    fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2, group2: 1 }, trackers: 2 });
    admin = new FastDFSAdmin({ ...fdfs.options, retry: { retries: 1, minTimeoutMs: 1 } });
    ids = (await admin.listStorages('group1')).map(({ id }) => id);
  });
  afterEach(async () => {
    await admin.close();
    await fdfs.stop();
  });

  const statuses = (group: string) =>
    Promise.all(
      fdfs.trackers.map(async (tracker) =>
        (await admin.listStorages(group, { tracker })).map(({ status }) => status),
      ),
    );

  it('a stopped storage is deleted at every tracker, and again without harm', async () => {
    await fdfs.stopStorage('group1', 1);
    expect(await statuses('group1')).toEqual(Array(2).fill(['ACTIVE', 'OFFLINE']));
    await admin.deleteStorage('group1', ids[1]!);
    expect(await statuses('group1')).toEqual(Array(2).fill(['ACTIVE', 'DELETED']));
    await admin.deleteStorage('group1', ids[1]!);
    expect(await admin.health()).toMatchObject({ verdict: 'ok', reasons: [] });
  });

  it('a tracker that has deleted it before, or does not know it any more, is no obstacle', async () => {
    const [first] = fdfs.trackers;
    await fdfs.stopStorage('group1', 1);
    await admin.deleteStorage('group1', ids[1]!, { tracker: first! });
    expect(await statuses('group1')).toEqual([
      ['ACTIVE', 'DELETED'],
      ['ACTIVE', 'OFFLINE'],
    ]);
    await fdfs.stopTracker(0);
    await fdfs.startTracker(0);
    expect(await statuses('group1')).toEqual([['ACTIVE'], ['ACTIVE', 'OFFLINE']]);
    await admin.deleteStorage('group1', ids[1]!);
    expect(await statuses('group1')).toEqual([['ACTIVE'], ['ACTIVE', 'DELETED']]);
    const error = await failed(admin.deleteStorage('group1', ids[1]!, { tracker: first! }));
    expect(error).toMatchObject({ serverStatus: 2, code: 'FASTDFS_NOT_FOUND' });
  });

  it('nothing is deleted while a tracker cannot be reached or sees the storage ACTIVE', async () => {
    expect(await failed(admin.deleteStorage('group1', ids[1]!))).toMatchObject({ serverStatus: 16 });
    expect(fdfs.requests('DELETE_STORAGE')).toBe(0);
    await fdfs.stopStorage('group1', 1);
    await fdfs.stopTracker(1);
    expect(await failed(admin.deleteStorage('group1', ids[1]!))).toMatchObject({
      code: 'FASTDFS_CONNECT_FAILED',
    });
    expect(fdfs.requests('DELETE_STORAGE')).toBe(0);
    const left = await admin.listStorages('group1', { tracker: fdfs.trackers[0]! });
    expect(left[1]!.status).toBe('OFFLINE');
  });

  it('a deletion whose answer is lost is repeated, and says at last that it may have happened', async () => {
    await fdfs.stopStorage('group1', 1);
    fdfs.inject({ command: 'DELETE_STORAGE', action: 'reset', times: 2 });
    expect(await failed(admin.deleteStorage('group1', ids[1]!))).toMatchObject({
      maybeApplied: true,
      retryable: true,
    });
    fdfs.inject({ command: 'DELETE_STORAGE', action: 'reset', times: 1 });
    await admin.deleteStorage('group1', ids[1]!);
    expect(await statuses('group1')).toEqual(Array(2).fill(['ACTIVE', 'DELETED']));
  });

  it('the deletion of a group whose answer is lost is not repeated', async () => {
    const [storage] = await admin.listStorages('group2');
    await fdfs.stopStorage('group2', 0);
    await admin.deleteStorage('group2', storage!.id);
    for (const index of [0, 1]) {
      await fdfs.stopTracker(index);
      await fdfs.startTracker(index);
    }
    fdfs.inject({ command: 'DELETE_GROUP', action: 'reset', times: 1 });
    expect(await failed(admin.deleteGroup('group2'))).toMatchObject({
      maybeApplied: true,
      retryable: false,
    });
    expect(fdfs.requests('DELETE_GROUP')).toBe(1);
  });

  it('a group is deleted once its storages are forgotten', async () => {
    const [id] = (await admin.listStorages('group2')).map((storage) => storage.id);
    await fdfs.stopStorage('group2', 0);
    await admin.deleteStorage('group2', id!);
    expect(await failed(admin.deleteGroup('group2'))).toMatchObject({
      serverStatus: 16,
      message: expect.stringContaining('then restart the trackers'),
    });
    for (const index of [0, 1]) {
      await fdfs.stopTracker(index);
      await fdfs.startTracker(index);
    }
    expect(await admin.listStorages('group2')).toEqual([]);
    await admin.deleteGroup('group2', { tracker: fdfs.trackers[0]! });
    expect((await admin.listGroups({ tracker: fdfs.trackers[1]! })).map(({ name }) => name)).toContain(
      'group2',
    );
    await admin.deleteGroup('group2');
    for (const tracker of fdfs.trackers) {
      expect((await admin.listGroups({ tracker })).map(({ name }) => name)).toEqual(['group1']);
    }
    expect(await failed(admin.deleteGroup('group2'))).toMatchObject({ serverStatus: 2 });
  });

  it('health follows the servers down and up again', async () => {
    const look = async () => {
      const { verdict, reasons } = await admin.health();
      return [verdict, ...reasons];
    };
    expect(await look()).toEqual(['ok']);
    await fdfs.stopStorage('group1', 0);
    expect(await look()).toEqual(['degraded', `storage ${ids[0]} of group group1 is OFFLINE`]);
    await fdfs.stopStorage('group1', 1);
    await fdfs.stopStorage('group2', 0);
    expect((await look())[0]).toBe('down');
    for (const [group, index] of [
      ['group1', 0],
      ['group1', 1],
      ['group2', 0],
    ] as const) {
      await fdfs.startStorage(group, index);
    }
    await fdfs.stopTracker(0);
    const [verdict, ...reasons] = await look();
    expect(verdict).toBe('degraded');
    expect(reasons).toEqual([expect.stringContaining(`tracker ${fdfs.trackers[0]} cannot be reached`)]);
    await fdfs.stopTracker(1);
    expect(await admin.health()).toMatchObject({
      verdict: 'down',
      reasons: [expect.any(String), expect.any(String)],
      groups: [],
      error: { code: 'FASTDFS_NO_TRACKER' },
    });
    for (const index of [0, 1]) await fdfs.startTracker(index);
    expect(await look()).toEqual(['ok']);
  });

  it('a tracker that takes connections and is silent is reported as one that cannot be reached', async () => {
    const impatient = new FastDFSAdmin({ ...fdfs.options, networkTimeoutMs: 200 });
    fdfs.inject({ server: 'tracker/0', action: 'stall', times: 10 });
    const { verdict, reasons } = await impatient.health();
    expect(verdict).toBe('degraded');
    expect(reasons).toEqual([expect.stringContaining('gave no answer within 200 ms')]);
    await impatient.close();
  });

  it('watch goes on through an outage of everything', async () => {
    const seen: ClusterHealth['verdict'][] = [];
    const stop = new AbortController();
    for await (const { verdict } of admin.watch({ intervalMs: 10, signal: stop.signal })) {
      if (seen.at(-1) === verdict) continue;
      seen.push(verdict);
      if (seen.length === 1) await Promise.all([fdfs.stopTracker(0), fdfs.stopTracker(1)]);
      if (seen.length === 2) await Promise.all([fdfs.startTracker(0), fdfs.startTracker(1)]);
      if (verdict === 'ok' && seen.length > 2) stop.abort();
    }
    expect(seen[0]).toBe('ok');
    expect(seen[1]).toBe('down');
    expect(seen.at(-1)).toBe('ok');
  });

  it('watch ends when the client of somebody else is closed', async () => {
    const { createClient } = await import('../../src/index.js');
    const client = createClient(fdfs.options);
    let looks = 0;
    for await (const _ of new FastDFSAdmin(client).watch({ intervalMs: 5 })) {
      if (++looks === 2) await client.close();
    }
    expect(looks).toBe(2);
  });
});

describe('trunk mode', () => {
  let fdfs: EmbeddedFastDFS;
  let admin: FastDFSAdmin;
  beforeEach(async () => {
    fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, trackers: 3, trunk: true });
    admin = new FastDFSAdmin(fdfs.options);
  });
  afterEach(async () => {
    await admin.close();
    await fdfs.stop();
  });

  it('the trunk server is asked for, replaced when it is down, and guarded while it is up', async () => {
    const storages = await admin.listStorages('group1');
    const ids = storages.map(({ id }) => id);
    expect(storages.map(({ trunkServer }) => trunkServer)).toEqual([true, false]);
    expect(await admin.setTrunkServer('group1')).toBe(ids[0]);
    expect(await failed(admin.setTrunkServer('group1', ids[0]!))).toMatchObject({ serverStatus: 114 });
    expect(await failed(admin.setTrunkServer('group1', ids[1]!))).toMatchObject({ serverStatus: 17 });
    const words = [
      (await failed(admin.setTrunkServer('group1', ids[0]!))).message,
      (await failed(admin.setTrunkServer('group1', ids[1]!))).message,
    ];
    expect(words[0]).toContain('the storage is the trunk server already');
    expect(words[1]).toContain('another trunk server is ACTIVE');
    await fdfs.stopStorage('group1', 0);
    expect(await failed(admin.setTrunkServer('group1', ids[0]!))).toMatchObject({
      serverStatus: 64,
      message: expect.stringContaining('not ACTIVE'),
    });
    expect(await admin.setTrunkServer('group1', ids[1]!)).toBe(ids[1]);
    expect((await admin.getGroup('group1')).currentTrunkFileId).toBe(0);
    await admin.deleteStorage('group1', ids[0]!);
  });

  it('goes to the leader, wherever that is', async () => {
    const { address } = (await admin.listTrackers()).find(({ leader }) => leader)!;
    const follower = fdfs.trackers.find((tracker) => tracker !== address)!;
    expect(await failed(admin.setTrunkServer('group1', undefined, { tracker: follower }))).toMatchObject({
      serverStatus: 95,
    });
    for (let turn = 0; turn < 4; turn++) expect(await admin.setTrunkServer('group1')).toMatch(/^\d+$/);
  });
});
