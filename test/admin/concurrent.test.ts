/** Items of batches come one by one, in order, however they are asked for; calls keep to their limit, and do not wait for one another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BatchedItems, mapConcurrently, Slots } from '../../src/admin/concurrent.js';

function createItems(batches: readonly (readonly number[])[]) {
  const log: string[] = [];
  async function* generate() {
    try {
      for (const batch of batches) {
        log.push('batch');
        yield batch;
      }
    } finally {
      log.push('end');
    }
  }
  return { items: new BatchedItems(generate()), log };
}

describe('items of batches', () => {
  it('are all there, empty batches or not', async () => {
    const { items, log } = createItems([[], [1, 2], [], [], [3], []]);
    const seen: number[] = [];
    for await (const item of items) seen.push(item);
    expect(seen).toEqual([1, 2, 3]);
    expect(log.at(-1)).toBe('end');
    expect(await items.next()).toEqual({ value: undefined, done: true });
  });

  it('keep their order when several are asked for at once', async () => {
    const { items } = createItems([[1], [2, 3], [4]]);
    const results = await Promise.all(Array.from({ length: 6 }, () => items.next()));
    expect(results.map(({ value }) => value)).toEqual([1, 2, 3, 4, undefined, undefined]);
  });

  it('end where the reader stops, in the middle of a batch', async () => {
    const { items, log } = createItems([[1, 2, 3], [4]]);
    for await (const item of items) if (item === 2) break;
    expect(log).toEqual(['batch', 'end']);
    expect(await items.next()).toEqual({ value: undefined, done: true });
  });

  it('end with the error of their batches, or one that is thrown in', async () => {
    async function* broken(): AsyncGenerator<number[], void, undefined> {
      yield [1];
      throw new Error('broken');
    }
    const items = new BatchedItems(broken());
    expect(await items.next()).toEqual({ value: 1, done: false });
    await expect(items.next()).rejects.toThrow('broken');
    expect(await items.next()).toEqual({ value: undefined, done: true });
    const { items: others, log } = createItems([[1, 2]]);
    await others.next();
    await expect(others.throw(new Error('enough'))).rejects.toThrow('enough');
    expect(log).toEqual(['batch', 'end']);
  });
});

/** Calls of which each ends when it is allowed to, or fails. */
function createCalls() {
  const log: number[] = [];
  const ends = new Map<number, (error?: Error) => void>();
  const run = (item: number) =>
    new Promise<number>((resolve, reject) => {
      log.push(item);
      ends.set(item, (error) => (error ? reject(error) : resolve(item)));
    });
  return { log, run, end: (item: number, error?: Error) => ends.get(item)!(error) };
}

async function collect(results: AsyncIterable<number>, seen: number[]): Promise<void> {
  for await (const result of results) seen.push(result);
}

describe('calls at a time', () => {
  it('are at most so many, whichever of them takes long', async () => {
    const { log, run, end } = createCalls();
    const seen: number[] = [];
    const done = collect(mapConcurrently([1, 2, 3, 4, 5], 2, run), seen);
    await sleep(1);
    expect(log).toEqual([1, 2]);
    for (const item of [2, 3, 4]) {
      end(item);
      await sleep(1);
    }
    expect(log).toEqual([1, 2, 3, 4, 5]);
    expect(seen).toEqual([]);
    end(1);
    await sleep(1);
    expect(seen).toEqual([1, 2, 3, 4]);
    end(5);
    await done;
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('end with the failure of one, in its turn, and start no others', async () => {
    const { log, run, end } = createCalls();
    const seen: number[] = [];
    const failure = collect(mapConcurrently([1, 2, 3, 4, 5], 2, run), seen).catch((error) => error);
    await sleep(1);
    end(2, new Error('refused'));
    await sleep(1);
    end(1);
    expect(await failure).toMatchObject({ message: 'refused' });
    expect(seen).toEqual([1]);
    expect(log).toEqual([1, 2]);
  });

  it('are ended by a reader that stops, which ends the items, too', async () => {
    let ended = false;
    async function* items(): AsyncGenerator<number, void, undefined> {
      try {
        for (let item = 1; ; item++) yield item;
      } finally {
        ended = true;
      }
    }
    let running = 0;
    const results = mapConcurrently(items(), 3, async (item) => {
      running++;
      await sleep(1);
      running--;
      return item;
    });
    for await (const item of results) if (item === 5) break;
    expect({ ended, running }).toEqual({ ended: true, running: 0 });
  });

  it('share slots, whether they fail or not', async () => {
    const slots = new Slots(2);
    let running = 0;
    let most = 0;
    const call = (item: number) =>
      slots.run(async () => {
        most = Math.max(most, ++running);
        await sleep(1);
        running--;
        if (item % 3 === 0) throw new Error('refused');
        return item;
      });
    const results = await Promise.allSettled(Array.from({ length: 9 }, (_, item) => call(item)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
    expect({ most, running }).toEqual({ most: 2, running: 0 });
  });
});
