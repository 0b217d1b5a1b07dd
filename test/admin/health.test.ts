/** The rules of the verdict, on clusters that no server has to be brought into. */
import { describe, expect, it } from 'vitest';
import { checkHealth } from '../../src/admin/health.js';
import { ReplicaLag } from '../../src/admin/replica-lag.js';
import type { AdminTrackers } from '../../src/admin/trackers.js';
import { ServerError } from '../../src/core/base/errors.js';
import type { GroupRecord, StorageRecord } from '../../src/core/protocol/records.js';

const GIB = 2 ** 30;
const NOW = 1_800_000_000;
const at = (secondsAgo: number) => new Date((NOW - secondsAgo) * 1000);

function storage(id: string, fields: Partial<StorageRecord> = {}): StorageRecord {
  return {
    group: 'group1',
    id,
    status: 'ACTIVE',
    rwMode: 'both',
    trunkServer: false,
    lastHeartbeat: at(0),
    ...fields,
  } as StorageRecord;
}

function group(storages: StorageRecord[], fields: Partial<GroupRecord> = {}) {
  const info = { name: 'group1', totalBytes: 100 * GIB, freeBytes: 50 * GIB, reservedBytes: 5 * GIB };
  return { ...info, trunkFreeBytes: 0, storageCount: storages.length, ...fields, storages };
}

interface Cluster {
  /** One tracker each: the leader, a follower, one that knows no group, or a storage by mistake. */
  trackers?: ('leader' | 'follower' | 'empty' | 'storage')[];
  groups: ReturnType<typeof group>[];
}

/** Stands in for the trackers: answers LIST_ALL_GROUPS, LIST_STORAGE, TRACKER_GET_STATUS and ACTIVE_TEST. */
function trackersOf({ trackers = ['leader'], groups }: Cluster): AdminTrackers {
  const ask = (role: string) => async (command: { code: number }, args: { group: string }) => {
    if (command.code === 91) return groups;
    if (command.code === 92) return groups.find(({ name }) => name === args.group)!.storages;
    if (command.code === 64 && role === 'empty') throw new ServerError(2);
    if (command.code === 64 && role === 'storage') throw new ServerError(22);
    return { leader: role === 'leader', runningSeconds: 1, restartSeconds: 0 };
  };
  return {
    select: () => trackers.map((_, index) => ({ name: `tracker${index}:22122`, addresses: [] })),
    createAsk: ({ name }: { name: string }) => ask(trackers[Number(name[7])]!),
    read: (_: unknown, run: (asking: unknown) => unknown) => run(ask('')),
  } as unknown as AdminTrackers;
}

async function verdictOn(cluster: Cluster, maxLagSeconds?: number): Promise<[string, string[]]> {
  const { verdict, reasons } = await checkHealth(trackersOf(cluster), { maxLagSeconds }, new ReplicaLag());
  return [verdict, [...reasons]];
}

const both = [storage('a'), storage('b')];

describe('health', () => {
  it('says what answers on the port of a tracker and is none', async () => {
    const [verdict, reasons] = await verdictOn({ trackers: ['leader', 'storage'], groups: [group(both)] });
    expect([verdict, reasons]).toEqual([
      'degraded',
      [expect.stringMatching(/^tracker tracker1:22122 .*this is a storage, not a tracker/)],
    ]);
  });

  it.each<[string, Cluster, string, string[]]>([
    ['nothing wrong', { groups: [group(both)] }, 'ok', []],
    [
      'no group',
      { trackers: ['empty'], groups: [] },
      'down',
      ['no group has been set up: no storage has joined the trackers'],
    ],
    [
      'no leader',
      { trackers: ['follower', 'follower'], groups: [group(both)] },
      'degraded',
      ['no tracker is the leader'],
    ],
    [
      'a storage offline',
      { groups: [group([storage('a'), storage('b', { status: 'OFFLINE' })])] },
      'degraded',
      ['storage b of group group1 is OFFLINE'],
    ],
    ['a storage deleted', { groups: [group([storage('a'), storage('b', { status: 'DELETED' })])] }, 'ok', []],
    [
      'one group without storages, another with',
      { groups: [group([storage('a', { status: 'OFFLINE' })]), group(both, { name: 'group2' })] },
      'degraded',
      [
        'group group1 has no storage that is ACTIVE and writable',
        'group group1 has no storage that is ACTIVE and readable',
        'storage a of group group1 is OFFLINE',
      ],
    ],
    [
      'read only everywhere',
      { groups: [group([storage('a', { rwMode: 'read' })])] },
      'down',
      ['group group1 has no storage that is ACTIVE and writable'],
    ],
    [
      'write only',
      { groups: [group([storage('a', { rwMode: 'write' })])] },
      'degraded',
      ['group group1 has no storage that is ACTIVE and readable'],
    ],
    [
      'a full group beside another',
      { groups: [group(both, { freeBytes: 4 * GIB }), group(both, { name: 'group2' })] },
      'degraded',
      ['group group1 has no space above the reserve: 4.0 GiB free of 100.0 GiB, 5.0 GiB reserved'],
    ],
    [
      'full everywhere',
      { groups: [group(both, { freeBytes: 5 * GIB })] },
      'down',
      ['group group1 has no space above the reserve: 5.0 GiB free of 100.0 GiB, 5.0 GiB reserved'],
    ],
    [
      'full, with space in trunk files',
      { groups: [group(both, { freeBytes: GIB, trunkFreeBytes: GIB })] },
      'ok',
      [],
    ],
    [
      'trunk mode without trunk server',
      { groups: [group(both, { currentTrunkFileId: 0 })] },
      'degraded',
      ['group group1 uses trunk files and has no ACTIVE trunk server'],
    ],
    [
      'trunk mode with a trunk server that is offline',
      {
        groups: [
          group([storage('a'), storage('b', { trunkServer: true, status: 'OFFLINE' })], {
            currentTrunkFileId: 0,
          }),
        ],
      },
      'degraded',
      [
        'storage b of group group1 is OFFLINE',
        'group group1 uses trunk files and has no ACTIVE trunk server',
      ],
    ],
    [
      'trunk mode as it should be',
      { groups: [group([storage('a', { trunkServer: true })], { currentTrunkFileId: 3 })] },
      'ok',
      [],
    ],
  ])('%s', async (_, cluster, verdict, reasons) => {
    expect(await verdictOn(cluster)).toEqual([verdict, reasons]);
  });

  describe('replicas', () => {
    /** A pair of storages: one that is written to, and its replica. */
    interface Pair {
      /** Seconds ago, like the other times. */
      changed: number;
      synced: number | undefined;
      uploads?: number;
      deletes?: number;
      bytesIn?: number;
      /** Seconds after the first look. */
      now?: number;
    }
    const pair = ({ changed, synced, uploads = 0, deletes = 0, bytesIn = 0, now = 0 }: Pair): Cluster => {
      const counters = (own: { uploads: number; deletes: number; bytesIn: number }) => ({
        operations: {
          upload: { success: own.uploads },
          delete: { success: own.deletes },
          append: { success: 0 },
          modify: { success: 0 },
          truncate: { success: 0 },
          setMetadata: { success: 0 },
        } as StorageRecord['operations'],
        bytes: { syncIn: { success: own.bytesIn } } as StorageRecord['bytes'],
        lastHeartbeat: at(-now),
      });
      const source = { ...counters({ uploads, deletes, bytesIn: 0 }), lastSourceUpdate: at(changed) };
      const replica = counters({ uploads: 0, deletes: 0, bytesIn });
      return {
        groups: [
          group([
            storage('a', source),
            storage('b', synced === undefined ? replica : { ...replica, lastSynced: at(synced) }),
          ]),
        ],
      };
    };
    const look = async (lag: ReplicaLag, state: Pair, maxLagSeconds?: number) => {
      const { verdict, reasons, notes } = await checkHealth(trackersOf(pair(state)), { maxLagSeconds }, lag);
      return { verdict, reasons: [...reasons], notes: [...notes] };
    };
    const OK = { verdict: 'ok', reasons: [], notes: [] };

    it.each<[string, number, number | undefined, number | undefined, string | undefined]>([
      ['in step', 3600, 3600, undefined, undefined],
      ['older within the limit', 600, 900, undefined, undefined],
      ['older beyond it', 600, 901, undefined, 'storage b of group group1 is 301 seconds behind the others'],
      ['a limit of its own', 600, 611, 10, 'storage b of group group1 is 11 seconds behind the others'],
      ['older than a change that cannot have been reported yet', 59, 86_400, undefined, undefined],
      [
        'never synced',
        600,
        undefined,
        undefined,
        'storage b of group group1 has applied no change of the others',
      ],
      ['never synced with a change that is new', 59, undefined, undefined, undefined],
    ])('%s: a note at most, in one look', async (_, changed, synced, limit, note) => {
      const seen = await look(new ReplicaLag(), { changed, synced }, limit);
      expect(seen).toEqual({ ...OK, notes: note === undefined ? [] : [expect.stringContaining(note)] });
    });

    it('of an idle cluster stay ok for ever', async () => {
      const lag = new ReplicaLag();
      for (let minute = 0; minute < 60; minute++) {
        const seen = await look(lag, { changed: 0, synced: 400, uploads: 5, deletes: 1, now: minute * 60 });
        expect(seen).toMatchObject({ verdict: 'ok', reasons: [] });
      }
    });

    it('that have nothing to apply stay ok while files come and go elsewhere', async () => {
      const lag = new ReplicaLag();
      for (let minute = 0; minute < 60; minute++) {
        const now = minute * 60;
        const state = { changed: 100 - now, synced: 4000, uploads: minute, deletes: minute, now };
        expect(await look(lag, state)).toMatchObject({ verdict: 'ok', reasons: [] });
      }
    });

    it('that apply nothing while files are added elsewhere are behind', async () => {
      const lag = new ReplicaLag();
      const verdicts = [];
      for (let look_ = 0; look_ < 4; look_++) {
        const now = look_ * 30;
        const seen = await look(lag, { changed: 1 - now, synced: 400, uploads: look_, now });
        verdicts.push(seen.verdict);
        if (look_ === 3) {
          expect(seen.reasons).toEqual([
            'storage b of group group1 is 489 seconds behind the others and applies no changes, while files are added there',
          ]);
        }
      }
      expect(verdicts).toEqual(['ok', 'ok', 'degraded', 'degraded']);
    });

    it('that catch up, by their time or by bytes, are not', async () => {
      for (const progress of ['time', 'bytes']) {
        const lag = new ReplicaLag();
        for (let step = 0; step < 10; step++) {
          const now = step * 30;
          const state = {
            changed: 1 - now,
            synced: progress === 'time' ? 4000 - step : 4000,
            bytesIn: progress === 'bytes' ? step * 100 : 0,
            uploads: step * 10,
            now,
          };
          expect(await look(lag, state)).toMatchObject({ verdict: 'ok', reasons: [] });
        }
      }
    });

    it('that were stuck and are in step again are ok', async () => {
      const lag = new ReplicaLag();
      for (let step = 0; step < 4; step++)
        await look(lag, { changed: -step * 30, synced: 400, uploads: step, now: step * 30 });
      expect(await look(lag, { changed: -90, synced: -90, uploads: 4, now: 120 })).toEqual(OK);
      expect(await look(lag, { changed: -90, synced: 400, uploads: 4, now: 300 })).toMatchObject({
        verdict: 'ok',
      });
    });

    it('of a storage alone have nothing to lack', async () => {
      expect(await verdictOn({ groups: [group([storage('a', { lastSourceUpdate: at(600) })])] })).toEqual([
        'ok',
        [],
      ]);
    });
  });
});
