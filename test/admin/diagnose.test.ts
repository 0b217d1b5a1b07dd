/** What `diagnose()` finds: every server as it is reached from here, and what to do. */
import { describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { FastDFSAdmin, type FastDFSOptions } from '../../src/index.js';
import { onEachServer } from '../helpers/servers.js';

const QUICK = { connectTimeoutMs: 1000, networkTimeoutMs: 2000, retry: { retries: 0 } };

onEachServer('diagnosis', (server) => {
  it('of a healthy cluster finds nothing to do', async () => {
    const admin = new FastDFSAdmin(server.client());
    const { trackers, storages, versions, problems } = await admin.diagnose();
    expect(problems).toEqual([]);
    expect(trackers.map(({ address }) => address)).toEqual([...server.trackers].sort());
    expect(storages.map(({ group }) => group)).toEqual(['group1', 'group1', 'group2']);
    expect(versions).toEqual([expect.stringMatching(/^\d+\.\d+/)]);
    for (const tracker of trackers) {
      expect(tracker).toMatchObject({ reachable: true, connectsTo: tracker.address, problems: [] });
    }
    for (const storage of storages) {
      expect(storage).toMatchObject({ reachable: true, connectsTo: storage.announced, problems: [] });
      expect(storage.states).toEqual(
        Object.fromEntries(server.trackers.map((tracker) => [tracker, 'ACTIVE'])),
      );
      expect(storage.latencyMs).toBeGreaterThanOrEqual(0);
    }
  });

  it('of a storage that was taken for a tracker says so', async () => {
    const [storage] = (await new FastDFSAdmin(server.client()).diagnose()).storages;
    const admin = new FastDFSAdmin(server.client({ ...QUICK, trackers: [storage!.announced] }));
    expect((await admin.diagnose()).problems).toEqual([
      expect.stringMatching(/^tracker .*: this is a storage, not a tracker; .*22122$/),
    ]);
    expect(await admin.health()).toMatchObject({
      verdict: 'down',
      reasons: expect.arrayContaining([expect.stringContaining('this is a storage, not a tracker')]),
    });
    await expect(server.client({ ...QUICK, trackers: storage!.announced }).upload('x')).rejects.toThrow(
      'this is a storage, not a tracker',
    );
  });

  it('shows where addresses are mapped, and what is wrong with the mapping', async () => {
    const { storages } = await new FastDFSAdmin(server.client()).diagnose();
    const [first] = storages;
    const mapped = server.client({ ...QUICK, mapAddress: { [first!.announced]: '127.0.0.1:1' } });
    const diagnosis = await new FastDFSAdmin(mapped).diagnose();
    expect(diagnosis.storages[0]).toMatchObject({
      announced: first!.announced,
      connectsTo: '127.0.0.1:1',
      reachable: false,
      error: { code: 'FASTDFS_CONNECT_FAILED' },
    });
    expect(diagnosis.problems).toEqual([
      expect.stringMatching(
        /cannot be reached from here at 127\.0\.0\.1:1 \(announced as .*correct the address mapping$/,
      ),
    ]);
  });

  it('ends with the signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(new FastDFSAdmin(server.client()).diagnose({ signal })).rejects.toThrow('enough');
  });
});

describe('diagnosis of clusters in trouble', () => {
  async function problems(
    fdfs: EmbeddedFastDFS,
    options: Partial<FastDFSOptions> = {},
  ): Promise<readonly string[]> {
    await using admin = new FastDFSAdmin({ trackers: fdfs.trackers, ...QUICK, ...options });
    return (await admin.diagnose()).problems;
  }

  it('reports a storage that is stopped', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 } });
    await fdfs.stopStorage('group1', 0);
    const found = await problems(fdfs);
    expect(found.join('\n')).toMatch(/cannot be reached from here.*(start it|open port)/);
    expect(found.length).toBeGreaterThan(0);
  });

  it('names trackers that cannot be reached', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 } });
    expect(await problems(fdfs, { trackers: [...fdfs.trackers, '127.0.0.1:1'] })).toEqual([
      expect.stringMatching(
        /^tracker 127\.0\.0\.1:1 cannot be reached from here: .*ECONNREFUSED.*correct tracker_server$/,
      ),
    ]);
  });

  it('of a cluster that is down names its trackers', async () => {
    const fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 } });
    await fdfs.stop();
    await using admin = new FastDFSAdmin({ trackers: fdfs.trackers, ...QUICK });
    const { storages, trackers, problems: found } = await admin.diagnose();
    expect({ storages, reachable: trackers.map(({ reachable }) => reachable) }).toEqual({
      storages: [],
      reachable: [false],
    });
    expect(found).toHaveLength(1);
  });
});
