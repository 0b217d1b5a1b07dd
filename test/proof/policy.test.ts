/** The cluster's policy is followed: trunk files, priorities, groups, store paths and download_server, on real clusters. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineOf } from '../../src/client.js';
import { queryStoreWithoutGroupOne } from '../../src/core/protocol/tracker-commands.js';
import { createClient, type FastDFSClient } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import type { ClusterSettings, RealCluster } from '../helpers/real/real-cluster.js';
import { canStartCluster, startCluster } from '../helpers/real/shared-cluster.js';

const START_MS = 160_000;
const LONG_MS = 240_000;
const KIB = 1024;

/** Runs `count` calls, `atOnce` of them at a time. */
async function crowd<T>(count: number, atOnce: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** How often each value occurs. */
function count(values: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Every share is within 2 % of the whole of an even one. */
function expectEven(counts: Record<string, number>, shares: number): void {
  const values = Object.values(counts);
  const total = values.reduce((sum, each) => sum + each, 0);
  expect(values, JSON.stringify(counts)).toHaveLength(shares);
  for (const value of values) {
    expect(Math.abs(value - total / shares), JSON.stringify(counts)).toBeLessThanOrEqual(total * 0.02);
  }
}

function onCluster(
  title: string,
  settings: ClusterSettings,
  body: (get: () => { cluster: RealCluster; client: FastDFSClient }) => void,
): void {
  describe.skipIf(!canStartCluster())(title, () => {
    let cluster: RealCluster;
    let client: FastDFSClient;
    beforeAll(async () => {
      cluster = await startCluster(settings);
      client = createClient({ trackers: cluster.trackers });
    }, START_MS);
    afterAll(async () => {
      await client?.close();
      await cluster?.stop();
    });
    body(() => ({ cluster, client }));
  });
}

onCluster(
  'round robin, two store paths, reads from the source',
  { storePaths: 2, tracker: { store_lookup: 0, store_server: 0, store_path: 0, download_server: 1 } },
  (get) => {
    it.each([1, 16])(
      'spreads uploads evenly over groups, storages and store paths, %d at once',
      async (atOnce) => {
        const { client } = get();
        const uploads = await crowd(1_000, atOnce, (index) => client.upload(`number ${index}`));
        expectEven(count(uploads.map(({ group }) => group)), 2);
        const inFirst = uploads.filter(({ group }) => group === 'group1');
        expectEven(count(inFirst.map(({ storage }) => storage.host)), 2);
        expectEven(count(inFirst.map(({ remoteFilename }) => remoteFilename.slice(0, 3))), 2);
        await crowd(uploads.length, 16, (index) => client.delete(uploads[index]!.fileId));
      },
      LONG_MS,
    );

    it(
      'reads from the source while there is one, and from the other storage within a second after its loss',
      async () => {
        const { client, cluster } = get();
        const uploads = await crowd(100, 16, (index) =>
          client.upload(bytes(3000, index), { group: 'group1' }),
        );
        const [lost] = cluster.address('storage0').split(':');
        const source = new Map(uploads.map(({ fileId, storage }) => [fileId, storage.host]));
        // A tracker knows that a replica has a file once the replica has a later one of the same source.
        const isReplicated = async () => {
          await crowd(4, 1, () => client.upload('later', { group: 'group1' }));
          const found = await crowd(uploads.length, 16, (index) => client.locate(uploads[index]!.fileId));
          return found.every(({ length }) => length === 2);
        };
        await expect.poll(isReplicated, { timeout: 60_000, interval: 500 }).toBe(true);
        const readFrom: string[] = [];
        const note = (event: unknown) => {
          const { command, address, fileId } = event as Record<string, string>;
          if (command === 'DOWNLOAD_FILE') readFrom.push(`${fileId} ${address!.split(':')[0]}`);
        };
        subscribe('fastdfs-streams:command:end', note);
        try {
          await crowd(500, 16, (index) => client.download(uploads[index % uploads.length]!.fileId));
        } finally {
          unsubscribe('fastdfs-streams:command:end', note);
        }
        const wrong = readFrom.filter((read) => {
          const [fileId, host] = read.split(' ');
          return source.get(fileId!) !== host;
        });
        expect({ reads: readFrom.length, wrong: wrong.length }).toEqual({ reads: 500, wrong: 0 });

        await cluster.kill('storage0');
        const started = performance.now();
        const orphaned = uploads.filter(({ storage }) => storage.host === lost);
        expect(orphaned.length).toBeGreaterThan(40);
        const contents = await crowd(orphaned.length, 16, (index) =>
          client.download(orphaned[index]!.fileId),
        );
        expect(performance.now() - started).toBeLessThan(1_000);
        for (const content of contents) expect(content.length).toBe(3000);
        await cluster.boot('storage0');
      },
      LONG_MS,
    );
  },
);

onCluster(
  'one group, and priorities',
  {
    groups: ['group1', 'group1', 'group1', 'group2'],
    priorities: [20, 5, 10, 10],
    tracker: { store_lookup: 1, store_group: 'group1', store_server: 2 },
  },
  (get) => {
    it(
      'sends every upload to the preferred storage of the group',
      async () => {
        const { client, cluster } = get();
        const uploads = await crowd(500, 16, (index) => client.upload(`number ${index}`));
        const [preferred] = cluster.address('storage1').split(':');
        expect(count(uploads.map(({ group, storage }) => `${group} ${storage.host}`))).toEqual({
          [`group1 ${preferred}`]: 500,
        });
        await crowd(uploads.length, 16, (index) => client.delete(uploads[index]!.fileId));
      },
      LONG_MS,
    );
  },
);

onCluster(
  'trunk files, and the group with most space',
  {
    trackers: 1,
    tracker: {
      store_lookup: 2,
      use_trunk_file: true,
      slot_min_size: 256,
      slot_max_size: '1MB',
      trunk_file_size: '64MB',
    },
  },
  (get) => {
    it(
      'stores 10,000 files of 1 to 100 KiB with deletes between them, 16 at once, and none is refused',
      async () => {
        const { client } = get();
        const content = bytes(100 * KIB);
        const refused: string[] = [];
        const kept: string[] = [];
        await crowd(10_000, 16, async (index) => {
          const size = KIB + ((index * 7919) % (99 * KIB));
          try {
            const { fileId } = await client.upload(content.subarray(0, size), { group: 'group1' });
            kept.push(fileId);
            // Slots become free and are used again.
            if (index % 3 !== 0) await client.delete(kept.splice(index % kept.length, 1)[0]!);
          } catch (error) {
            refused.push(String(error));
          }
        });
        expect(refused).toEqual([]);
        await crowd(kept.length, 16, (index) => client.delete(kept[index]!));
      },
      LONG_MS,
    );

    it('sends uploads to the group that the tracker names', async () => {
      const { client } = get();
      const { trackerClient } = engineOf(client);
      for (let round = 0; round < 50; round++) {
        const [{ group, fileId }, named] = await Promise.all([
          client.upload('x'),
          trackerClient.query(queryStoreWithoutGroupOne, undefined, {}),
        ]);
        expect(group).toBe(named.group);
        await client.delete(fileId);
      }
    });
  },
);
