/** When answers for the next uploads are asked ahead, and which of them are used. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrackerClient } from '../../../src/core/cluster/trackers.js';
import { UploadTargets } from '../../../src/core/cluster/upload-targets.js';
import type { StoreTargets } from '../../../src/core/protocol/tracker-commands.js';

const NO_OPTIONS = {};

/** Numbers its answers in the order of the queries, and notes how many each question was for. */
class FakeTrackers {
  readonly asked: number[] = [];
  failing = false;
  #answers = 0;

  query = async (_: unknown, args?: { group?: string }): Promise<StoreTargets> =>
    (await this.queryMany(_, args, 1))[0]!;

  queryMany = async (_: unknown, args: { group?: string } | undefined, count: number) => {
    this.asked.push(count);
    if (this.failing) throw new Error('No tracker');
    return Array.from({ length: count }, () => ({
      group: args?.group ?? 'group1',
      storages: [],
      storePathIndex: this.#answers++,
    }));
  };
}

let now = 0;
let trackers: FakeTrackers;
let targets: UploadTargets;

beforeEach(() => {
  now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  trackers = new FakeTrackers();
  targets = new UploadTargets(trackers as unknown as TrackerClient);
});
afterEach(() => vi.restoreAllMocks());

/** One upload every `everyMs`; returns the number of the answer that each got. */
async function upload(times: number, everyMs: number, group?: string): Promise<number[]> {
  const used: number[] = [];
  for (let index = 0; index < times; index++) {
    used.push((await targets.next(group, NO_OPTIONS)).storePathIndex);
    now += everyMs;
  }
  return used;
}

describe('uploads far apart', () => {
  it('ask one by one', async () => {
    expect(await upload(5, 101)).toEqual([0, 1, 2, 3, 4]);
    expect(trackers.asked).toEqual([1, 1, 1, 1, 1]);
  });

  it('ask one by one after a burst, too', async () => {
    await upload(100, 2);
    now += 1_000;
    const before = trackers.asked.length;
    await upload(5, 101);
    expect(trackers.asked.slice(before)).toEqual([1, 1, 1, 1, 1]);
  });

  it('ask nothing ahead for a burst that is over within one period', async () => {
    await Promise.all(Array.from({ length: 200 }, () => targets.next(undefined, NO_OPTIONS)));
    expect(trackers.asked).toEqual(Array.from({ length: 200 }, () => 1));
  });
});

describe('uploads that follow one another', () => {
  it('ask ahead in batches, and use each answer once', async () => {
    const used = await upload(1_000, 1);
    expect(new Set(used).size).toBe(used.length);
    expect(trackers.asked.length).toBeLessThan(200);
    expect(Math.max(...trackers.asked)).toBeLessThanOrEqual(64);
    // What was asked for in vain is no more than what is kept ahead.
    const total = trackers.asked.reduce((sum, count) => sum + count, 0);
    expect(total - used.length).toBeLessThanOrEqual(64);
  });

  it('ask ahead for no more than comes within half a period', async () => {
    await upload(100, 10);
    expect(Math.max(...trackers.asked)).toBe(2);
  });

  it('use no answer that is 100 ms old', async () => {
    await upload(200, 1);
    const newest = Math.max(...(await upload(1, 0)));
    now += 100;
    const after = await upload(1, 0);
    expect(after[0]).toBeGreaterThan(newest + 1);
    expect(trackers.asked.at(-1)).toBe(1);
  });

  it('forget what was asked ahead when a storage fails, even what is still to come', async () => {
    await upload(200, 1);
    const total = trackers.asked.reduce((sum, count) => sum + count, 0);
    targets.clear();
    expect(await upload(1, 1)).toEqual([total]);
  });

  it('ask by group', async () => {
    await upload(200, 1);
    const answer = await targets.next('group7', NO_OPTIONS);
    expect(answer.group).toBe('group7');
    expect(trackers.asked.at(-1)).toBe(1);
  });

  it('keep nothing of more groups than sixteen', async () => {
    await upload(200, 1);
    const ahead = await targets.next(undefined, NO_OPTIONS);
    expect(ahead.storePathIndex).toBeGreaterThan(0);
    for (let group = 0; group < 20; group++) await targets.next(`group${group}`, NO_OPTIONS);
    const before = trackers.asked.length;
    await targets.next(undefined, NO_OPTIONS);
    expect(trackers.asked.slice(before)).toEqual([1]);
  });

  it('meet a failure themselves, and do not ask ahead in vain again', async () => {
    await upload(200, 1);
    trackers.failing = true;
    let failures = 0;
    for (let index = 0; index < 40; index++) {
      await Promise.resolve(targets.next(undefined, NO_OPTIONS)).catch(() => failures++);
      now += 1;
    }
    expect(failures).toBeGreaterThan(0);
    expect(trackers.asked.filter((count) => count > 1).length).toBeLessThan(200);
    const before = trackers.asked.length;
    now += 5;
    await expect(targets.next(undefined, NO_OPTIONS)).rejects.toThrow('No tracker');
    expect(trackers.asked.slice(before)).toEqual([1]);
  });
});
