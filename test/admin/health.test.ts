/** The rules of the verdict, on clusters that no server has to be brought into. */
import { describe, expect, it } from 'vitest';
import { checkHealth } from '../../src/admin/health.js';
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
  /** One tracker each: the leader, a follower, or one that knows no group. */
  trackers?: ('leader' | 'follower' | 'empty')[];
  groups: ReturnType<typeof group>[];
}

/** Stands in for the trackers: answers LIST_ALL_GROUPS, LIST_STORAGE, TRACKER_GET_STATUS and ACTIVE_TEST. */
function trackersOf({ trackers = ['leader'], groups }: Cluster): AdminTrackers {
  const ask = (role: string) => async (command: { code: number }, args: { group: string }) => {
    if (command.code === 91) return groups;
    if (command.code === 92) return groups.find(({ name }) => name === args.group)!.storages;
    if (command.code === 64 && role === 'empty') throw new ServerError(2);
    return { leader: role === 'leader', runningSeconds: 1, restartSeconds: 0 };
  };
  return {
    select: () => trackers.map((_, index) => ({ name: `tracker${index}:22122`, addresses: [] })),
    createAsk: ({ name }: { name: string }) => ask(trackers[Number(name[7])]!),
    read: (_: unknown, run: (asking: unknown) => unknown) => run(ask('')),
  } as unknown as AdminTrackers;
}

async function verdictOn(cluster: Cluster, maxLagSeconds?: number): Promise<[string, string[]]> {
  const { verdict, reasons } = await checkHealth(trackersOf(cluster), {
    ...(maxLagSeconds === undefined ? {} : { maxLagSeconds }),
  });
  return [verdict, [...reasons]];
}

const both = [storage('a'), storage('b')];

describe('health', () => {
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
    const lagging = (source: number, synced: number | undefined) => ({
      groups: [
        group([
          storage('a', { lastSourceUpdate: at(source) }),
          storage('b', synced === undefined ? {} : { lastSynced: at(synced) }),
        ]),
      ],
    });

    it.each<[string, number, number | undefined, number | undefined, string[]]>([
      ['in step', 3600, 3600, undefined, []],
      ['behind within the limit', 600, 900, undefined, []],
      [
        'behind beyond it',
        600,
        901,
        undefined,
        ['storage b of group group1 is 301 seconds behind the others'],
      ],
      ['a limit of its own', 600, 611, 10, ['storage b of group group1 is 11 seconds behind the others']],
      ['behind by a change that cannot have been reported yet', 59, 86_400, undefined, []],
      [
        'never in step',
        600,
        undefined,
        undefined,
        ['storage b of group group1 has taken over no change of the others'],
      ],
      ['never in step with a change that is new', 59, undefined, undefined, []],
    ])('%s', async (_, source, synced, limit, reasons) => {
      expect(await verdictOn(lagging(source, synced), limit)).toEqual([
        reasons.length > 0 ? 'degraded' : 'ok',
        reasons,
      ]);
    });

    it('of a storage alone need nobody', async () => {
      expect(await verdictOn({ groups: [group([storage('a', { lastSourceUpdate: at(600) })])] })).toEqual([
        'ok',
        [],
      ]);
    });
  });
});
