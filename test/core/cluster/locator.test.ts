import { describe, expect, it, vi } from 'vitest';
import { Locator } from '../../../src/core/cluster/locator.js';
import type { TrackerClient } from '../../../src/core/cluster/tracker-client.js';
import type { Address } from '../../../src/core/model/address.js';
import { encodeName, type FileIdParts, readStoredFileId } from '../../../src/core/model/file-id.js';
import type { Command } from '../../../src/core/protocol/command.js';

const storage = (host: string): Address => ({ host, port: 23000 });
const A = storage('10.0.0.1');
const B = storage('10.0.0.2');
const C = storage('10.0.0.3');

/** Answers what it is told to, and notes what it was asked. */
class FakeTrackers {
  readonly asked: string[] = [];
  storages: Address[] = [A, B];
  failing = false;
  ask = async (command: Command<unknown, unknown>, args?: { group?: string }): Promise<unknown> => {
    this.asked.push(command.name);
    if (this.failing) throw new Error('No tracker');
    return { group: args?.group ?? 'group1', storages: this.storages, storePathIndex: 3 };
  };
}

function locator(cache: { max: number; ttlMs: number } | false = { max: 100, ttlMs: 10_000 }) {
  const trackers = new FakeTrackers();
  return { trackers, locator: new Locator(trackers as unknown as TrackerClient, cache) };
}

function file(
  createdAt: number,
  { source = '10.0.0.1', appender = false, group = 'group1' } = {},
): FileIdParts {
  const encoded = encodeName({ source, createdAt, size: 5, crc32: 1, appender, salt: createdAt });
  return readStoredFileId(`${group}/M00/00/00/${encoded}123.txt`);
}

const slave = (createdAt: number): FileIdParts => {
  const { group, remoteFilename } = file(createdAt);
  return readStoredFileId(`${group}/${remoteFilename.replace('.txt', '_small.txt')}`);
};

const hosts = ({ storages }: { storages: readonly Address[] }) =>
  storages.map(({ host }) => host.at(-1)).join('');

describe('where a file can be read', () => {
  it('is asked once for all older files of a source, which then take turns among the replicas', async () => {
    const { trackers, locator: where } = locator();
    expect(await where.forRead(file(1_000), {})).toEqual({ storages: [A, B], remembered: false });
    const turns = [1_000, 999, 1, 1_000].map(async (time) => {
      const location = await where.forRead(file(time), {});
      expect(location.remembered).toBe(true);
      return hosts(location);
    });
    expect(await Promise.all(turns)).toEqual(['12', '21', '12', '21']);
    expect(trackers.asked).toEqual(['QUERY_FETCH_ALL']);
  });

  it('is asked again for a newer file, whose answer then stands for the older ones', async () => {
    const { trackers, locator: where } = locator();
    await where.forRead(file(1_000), {});
    trackers.storages = [A];
    expect(await where.forRead(file(1_001), {})).toEqual({ storages: [A], remembered: false });
    expect(await where.forRead(file(1_000), {})).toEqual({ storages: [A], remembered: true });
    expect(trackers.asked).toHaveLength(2);
  });

  it.each([
    ['another source', file(1, { source: '10.0.0.2' })],
    ['another group', file(1, { group: 'group2' })],
    ['an appender file', file(1, { appender: true })],
    ['a slave file', slave(1)],
  ])('is asked apart for %s', async (_, name) => {
    const { trackers, locator: where } = locator();
    await where.forRead(file(1_000), {});
    expect(await where.forRead(name, {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toHaveLength(2);
  });

  it('is one storage for files that change, whatever their age', async () => {
    const { trackers, locator: where } = locator();
    trackers.storages = [A];
    await where.forRead(file(1_000, { appender: true }), {});
    expect(await where.forRead(file(2_000, { appender: true }), {})).toMatchObject({ remembered: true });
    expect(await where.forRead(slave(3_000), {})).toMatchObject({ remembered: true });
    expect(trackers.asked).toEqual(['QUERY_FETCH_ONE']);
  });

  it('is asked again when it has been forgotten, of plain files and others alike', async () => {
    const { trackers, locator: where } = locator();
    await where.forRead(file(1), {});
    await where.forRead(file(1, { appender: true }), {});
    where.invalidateFile(file(1), 'read');
    expect(await where.forRead(file(1), {})).toMatchObject({ remembered: false });
    expect(await where.forRead(file(1, { appender: true }), {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toHaveLength(4);
  });

  it('is not remembered when nobody could tell', async () => {
    const { trackers, locator: where } = locator();
    trackers.failing = true;
    await expect(where.forRead(file(1), {})).rejects.toThrow('No tracker');
    trackers.failing = false;
    expect(await where.forRead(file(1), {})).toMatchObject({ remembered: false });
  });

  it('is asked again after ttlMs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    try {
      const { locator: where } = locator({ max: 10, ttlMs: 500 });
      await where.forRead(file(1), {});
      for (const [time, remembered] of [
        [1_500, true],
        [1_501, false],
      ] as const) {
        now.mockReturnValue(time);
        vi.advanceTimersByTime(25);
        expect(await where.forRead(file(1), {})).toMatchObject({ remembered });
      }
    } finally {
      now.mockRestore();
      vi.useRealTimers();
    }
  });
});

describe('where a file can be changed', () => {
  it('is asked once for all files of a source, and apart from where it can be read', async () => {
    const { trackers, locator: where } = locator();
    trackers.storages = [A];
    expect(await where.forUpdate(file(1), {})).toEqual({ storages: [A], remembered: false });
    expect(await where.forUpdate(file(2_000, { appender: true }), {})).toEqual({
      storages: [A],
      remembered: true,
    });
    await where.forRead(file(1), {});
    expect(trackers.asked).toEqual(['QUERY_UPDATE', 'QUERY_FETCH_ALL']);
  });

  it('is known of a file that has just been uploaded, whatever was known before', async () => {
    const { trackers, locator: where } = locator();
    where.recordSource(file(1), B);
    where.recordSource(file(1), C);
    expect(await where.forUpdate(file(1), {})).toEqual({ storages: [C], remembered: true });
    expect(trackers.asked).toEqual([]);
  });

  it('is asked again when it has been forgotten', async () => {
    const { trackers, locator: where } = locator();
    where.recordSource(file(1), B);
    where.invalidateFile(file(1), 'update');
    expect(await where.forUpdate(file(1), {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toEqual(['QUERY_UPDATE']);
  });
});

describe('where an upload may go', () => {
  it('takes turns among the storages of one answer', async () => {
    const { trackers, locator: where } = locator();
    trackers.storages = [A, B, C];
    const turns: string[] = [];
    for (let upload = 0; upload < 6; upload++) turns.push(hosts(await where.forUpload('group1', {})));
    expect(turns).toEqual(['231', '312', '123', '231', '312', '123']);
    expect(trackers.asked).toEqual(['QUERY_STORE_WITH_GROUP_ALL']);
  });

  it('carries group and store path of the answer', async () => {
    const { locator: where } = locator();
    expect(await where.forUpload('group7', {})).toMatchObject({
      group: 'group7',
      storePathIndex: 3,
      remembered: false,
    });
    expect(await where.forUpload('group7', {})).toMatchObject({ group: 'group7', remembered: true });
  });

  it('is asked apart for each group and for none', async () => {
    const { trackers, locator: where } = locator();
    for (const group of ['group1', undefined, 'group2', undefined]) await where.forUpload(group, {});
    expect(trackers.asked).toEqual([
      'QUERY_STORE_WITH_GROUP_ALL',
      'QUERY_STORE_WITHOUT_GROUP_ALL',
      'QUERY_STORE_WITH_GROUP_ALL',
    ]);
  });

  it('is asked once for a burst, which spreads over the storages', async () => {
    const { trackers, locator: where } = locator();
    const burst = await Promise.all(Array.from({ length: 50 }, () => where.forUpload(undefined, {})));
    expect(trackers.asked).toHaveLength(1);
    expect(burst.filter((location) => hosts(location) === '12')).toHaveLength(25);
  });

  it('fails a whole burst when nobody can tell, and is asked anew after that', async () => {
    const { trackers, locator: where } = locator();
    trackers.failing = true;
    const burst = await Promise.allSettled([where.forUpload('g', {}), where.forUpload('g', {})]);
    expect(burst.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    trackers.failing = false;
    expect(await where.forUpload('g', {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toHaveLength(2);
  });

  it('is shared with a call that is aborted, which ends at once and ends no other', async () => {
    const { trackers, locator: where } = locator();
    const controller = new AbortController();
    const aborted = where.forUpload('g', { signal: controller.signal });
    const other = where.forUpload('g', {});
    controller.abort(new Error('not me'));
    await expect(aborted).rejects.toThrow('not me');
    expect(hosts(await other)).toMatch(/^(12|21)$/);
    expect(trackers.asked).toHaveLength(1);
  });

  it('is asked again on the side after 64 uploads, without one of them waiting', async () => {
    const { trackers, locator: where } = locator();
    for (let upload = 0; upload < 63; upload++) await where.forUpload('g', {});
    expect(trackers.asked).toHaveLength(1);
    trackers.storages = [C];
    expect(hosts(await where.forUpload('g', {}))).toBe('12');
    expect(trackers.asked).toHaveLength(2);
    expect(hosts(await where.forUpload('g', {}))).toBe('3');
    expect(trackers.asked).toHaveLength(2);
  });

  it('stays as it was when asking on the side fails', async () => {
    const { trackers, locator: where } = locator();
    await where.forUpload('g', {});
    trackers.failing = true;
    for (let upload = 0; upload < 200; upload++) {
      expect(await where.forUpload('g', {})).toMatchObject({ remembered: true });
    }
    expect(trackers.asked).toHaveLength(2);
  });

  it('is asked again when it has been forgotten', async () => {
    const { trackers, locator: where } = locator();
    await where.forUpload(undefined, {});
    where.invalidateStore(undefined);
    expect(await where.forUpload(undefined, {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toHaveLength(2);
  });
});

describe('without a cache', () => {
  it('every question is asked, for one storage where one is enough', async () => {
    const { trackers, locator: where } = locator(false);
    for (let round = 0; round < 2; round++) {
      await where.forUpload('g', {});
      await where.forUpload(undefined, {});
      await where.forRead(file(1), {});
      await where.forUpdate(file(1), {});
      where.recordSource(file(1), A);
    }
    const once = [
      'QUERY_STORE_WITH_GROUP_ONE',
      'QUERY_STORE_WITHOUT_GROUP_ONE',
      'QUERY_FETCH_ALL',
      'QUERY_UPDATE',
    ];
    expect(trackers.asked).toEqual([...once, ...once]);
  });
});
