/** Which questions trackers are asked, and which of their answers are remembered for how long. */
import { describe, expect, it, vi } from 'vitest';
import { Locator } from '../../../src/core/cluster/locator.js';
import type { TrackerClient } from '../../../src/core/cluster/trackers.js';
import type { Address } from '../../../src/core/model/address.js';
import { encodeName, type FileIdParts, readStoredFileId } from '../../../src/core/model/file-id.js';
import type { Command } from '../../../src/core/protocol/command.js';

const storage = (host: string): Address => ({ host, port: 23000 });
const A = storage('10.0.0.1');
const B = storage('10.0.0.2');
const C = storage('10.0.0.3');

/** Answers with `storages`, and notes the queries. */
class FakeTrackers {
  readonly asked: string[] = [];
  storages: Address[] = [A];
  failing = false;
  query = async (command: Command<unknown, unknown>, args?: { group?: string }): Promise<unknown> => {
    this.asked.push(command.name);
    if (this.failing) throw new Error('No tracker');
    return { group: args?.group ?? 'group1', storages: this.storages, storePathIndex: 3 };
  };
}

function createLocator(cache: { max: number; ttlMs: number } | false = { max: 100, ttlMs: 10_000 }) {
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

describe('where an upload goes', () => {
  it('is asked for every upload, so that the cluster decides', async () => {
    const { trackers, locator } = createLocator();
    for (const address of [A, B, A]) {
      trackers.storages = [address];
      const expected = [{ address, group: 'group7', storePathIndex: 3 }];
      expect(await locator.forUpload('group7', {})).toEqual(expected);
    }
    await locator.forUpload(undefined, {});
    const inGroup = 'QUERY_STORE_WITH_GROUP_ONE';
    expect(trackers.asked).toEqual([inGroup, inGroup, inGroup, 'QUERY_STORE_WITHOUT_GROUP_ONE']);
  });

  it('is every storage that could take it, for fail-over', async () => {
    const { trackers, locator } = createLocator();
    trackers.storages = [A, B];
    const targets = await locator.allForUpload('group1', {});
    expect(targets.map(({ address }) => address)).toEqual([A, B]);
    await locator.allForUpload(undefined, {});
    expect(trackers.asked).toEqual(['QUERY_STORE_WITH_GROUP_ALL', 'QUERY_STORE_WITHOUT_GROUP_ALL']);
  });
});

describe('where a file is read', () => {
  it.each([
    ['an ordinary file', file(1_000)],
    ['an appender file', file(1_000, { appender: true })],
  ])('is asked once for %s', async (_, name) => {
    const { trackers, locator } = createLocator();
    expect(await locator.forRead(name, {})).toEqual({ storages: [A], remembered: false });
    expect(await locator.forRead(name, {})).toEqual({ storages: [A], remembered: true });
    expect(trackers.asked).toEqual(['QUERY_FETCH_ONE']);
  });

  it.each([
    ['another second', file(999)],
    ['another source', file(1_000, { source: '10.0.0.2' })],
    ['another group', file(1_000, { group: 'group2' })],
  ])('is asked for each file: %s', async (_, name) => {
    const { trackers, locator } = createLocator();
    await locator.forRead(file(1_000), {});
    expect(await locator.forRead(name, {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toHaveLength(2);
  });

  it('is asked again after 16 reads, so that trackers can spread them', async () => {
    const { trackers, locator } = createLocator();
    for (let read = 0; read < 16; read++) await locator.forRead(file(1), {});
    expect(trackers.asked).toHaveLength(1);
    trackers.storages = [B];
    expect(await locator.forRead(file(1), {})).toEqual({ storages: [B], remembered: false });
  });

  it('is asked again once it has been invalidated', async () => {
    const { locator } = createLocator();
    await locator.forRead(file(1), {});
    await locator.forRead(file(2), {});
    locator.invalidateRead(file(1));
    expect(await locator.forRead(file(1), {})).toMatchObject({ remembered: false });
    expect(await locator.forRead(file(2), {})).toMatchObject({ remembered: true });
  });

  it('is not remembered when the query fails', async () => {
    const { trackers, locator } = createLocator();
    trackers.failing = true;
    await expect(locator.forRead(file(1), {})).rejects.toThrow('No tracker');
    trackers.failing = false;
    expect(await locator.forRead(file(1), {})).toMatchObject({ remembered: false });
  });

  it('is asked again after ttlMs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    try {
      const { locator } = createLocator({ max: 10, ttlMs: 500 });
      await locator.forRead(file(1), {});
      for (const [time, remembered] of [
        [1_500, true],
        [1_501, false],
      ] as const) {
        now.mockReturnValue(time);
        vi.advanceTimersByTime(25);
        expect(await locator.forRead(file(1), {})).toMatchObject({ remembered });
      }
    } finally {
      now.mockRestore();
      vi.useRealTimers();
    }
  });

  it('is every storage that has the file, for fail-over', async () => {
    const { trackers, locator } = createLocator();
    trackers.storages = [A, B];
    expect(await locator.allForRead(file(1), {})).toEqual([A, B]);
    expect(trackers.asked).toEqual(['QUERY_FETCH_ALL']);
  });
});

describe('where a file is changed', () => {
  it('is asked once for all files of a source, and apart from where it is read', async () => {
    const { trackers, locator } = createLocator();
    expect(await locator.forUpdate(file(1), {})).toEqual({ storages: [A], remembered: false });
    expect(await locator.forUpdate(file(2_000, { appender: true }), {})).toEqual({
      storages: [A],
      remembered: true,
    });
    await locator.forRead(file(1), {});
    expect(trackers.asked).toEqual(['QUERY_UPDATE', 'QUERY_FETCH_ONE']);
  });

  it('is known of a file that has just been uploaded, whatever was known before', async () => {
    const { trackers, locator } = createLocator();
    await locator.forUpload(undefined, {});
    locator.recordSource(file(1), B);
    locator.recordSource(file(1), C);
    expect(await locator.forUpdate(file(1), {})).toEqual({ storages: [C], remembered: true });
    expect(trackers.asked).toEqual(['QUERY_STORE_WITHOUT_GROUP_ONE']);
  });

  it('is asked again once it has been invalidated', async () => {
    const { trackers, locator } = createLocator();
    await locator.forUpload(undefined, {});
    locator.recordSource(file(1), B);
    locator.invalidateUpdate(file(1));
    expect(await locator.forUpdate(file(1), {})).toMatchObject({ remembered: false });
    expect(trackers.asked).toEqual(['QUERY_STORE_WITHOUT_GROUP_ONE', 'QUERY_UPDATE']);
  });
});

it('asks every question each time without a cache', async () => {
  const { trackers, locator } = createLocator(false);
  for (let round = 0; round < 2; round++) {
    await locator.forUpload('g', {});
    await locator.forRead(file(1), {});
    await locator.forUpdate(file(1), {});
    locator.recordSource(file(1), A);
  }
  const once = ['QUERY_STORE_WITH_GROUP_ONE', 'QUERY_FETCH_ONE', 'QUERY_UPDATE'];
  expect(trackers.asked).toEqual([...once, ...once]);
});
