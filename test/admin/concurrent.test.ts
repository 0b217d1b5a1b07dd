/** Items of batches come one by one, in order, however they are asked for. */
import { describe, expect, it } from 'vitest';
import { BatchedItems } from '../../src/admin/concurrent.js';

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
