/** Lines come back whole and grouped by key, whether they fit in memory, on disk, or need several levels. */
import { describe, expect, it } from 'vitest';
import { LinePartitions } from '../../src/admin/partitions.js';

const KEY_START = 'group1/M00/00/00/'.length;
const KEY_CHARS = 27;
const MAX_PART_BYTES = 256 * 1024;
/** What is given out at a time. */
const MAX_GROUP_BYTES = 32 * 1024;

async function split(lines: Iterable<string>): Promise<string[][]> {
  const partitions = new LinePartitions(MAX_PART_BYTES);
  try {
    for (const line of lines) {
      const full = partitions.add(line);
      if (full) await full;
    }
    const groups: string[][] = [];
    for await (const group of partitions.read()) groups.push(group);
    return groups;
  } finally {
    await partitions.close();
  }
}

function* numbered(count: number, width: number): Generator<string> {
  for (let index = 0; index < count; index++) {
    const key = String(index).padStart(KEY_CHARS, '0');
    yield `group1/M0${index % 2}/00/00/${key}${'x'.repeat(width)}`;
  }
}

describe('partitions', () => {
  it.each([
    ['none', 0, 10],
    ['one', 1, 0],
    ['few, in memory', 1000, 10],
    ['more, on disk', 100_000, 50],
    ['so many that parts are split again', 100_000, 200],
  ])('%s', async (_, count, width) => {
    let lines = 0;
    let damaged = 0;
    let largest = 0;
    const seen = new Uint8Array(count);
    for (const group of await split(numbered(count, width))) {
      largest = Math.max(largest, group.join('\n').length);
      for (const line of group) {
        if (line.length !== KEY_START + KEY_CHARS + width) damaged++;
        seen[Number(line.slice(KEY_START, KEY_START + KEY_CHARS))]!++;
        lines++;
      }
    }
    expect({ lines, damaged }).toEqual({ lines: count, damaged: 0 });
    expect(seen.every((times) => times === 1)).toBe(true);
    expect(largest).toBeLessThanOrEqual(MAX_GROUP_BYTES);
  });

  it('keep lines of one key together and in their order, also beyond the size of a part', async () => {
    const same = Array.from(
      { length: 10_000 },
      (_, index) => `group1/M00/00/00/${'same'.repeat(7).slice(0, KEY_CHARS)}${String(index).padEnd(100)}`,
    );
    const groups = await split([...numbered(5000, 20), ...same, ...numbered(5000, 30)]);
    const holders = groups.filter((group) => group.some((line) => line.includes('same')));
    expect(holders).toHaveLength(1);
    expect(holders[0]!.filter((line) => line.includes('same'))).toEqual(same);
    const key = (line: string) => line.slice(KEY_START, KEY_START + KEY_CHARS);
    const keys = groups.map((group) => new Set(group.map(key)));
    expect(keys.reduce((sum, one) => sum + one.size, 0)).toBe(5001);
  });

  it('keep a line as bytes and as text beside each other, in any script', async () => {
    const partitions = new LinePartitions(MAX_PART_BYTES);
    const name = `M00/00/00/${'k'.repeat(KEY_CHARS)}`;
    const bytes = Buffer.from(`1700000000 C ${name}028.照片\n`);
    await partitions.addBytes(Buffer.from('=group1/'), bytes, 13, bytes.length - 1);
    await partitions.add(`?group1/${name}é`);
    const groups: string[][] = [];
    for await (const group of partitions.read()) groups.push(group);
    expect(groups).toEqual([[`=group1/${name}028.照片`, `?group1/${name}é`]]);
    // They can be filled again.
    await partitions.add(`?group1/${name}`);
    for await (const group of partitions.read()) groups.push(group);
    expect(groups[1]).toEqual([`?group1/${name}`]);
  });

  it('refuse a line that no piece could hold', () => {
    expect(() => new LinePartitions().add('x'.repeat(100_000))).toThrow('A line of 100000 characters');
  });
});
