/** Lines come back whole and grouped by key, whether they fit in memory, on disk, or need several levels. */
import { describe, expect, it } from 'vitest';
import { LinePartitions } from '../../src/admin/partitions.js';

const KEY_CHARS = 8;
const MAX_PART_BYTES = 256 * 1024;

async function split(lines: Iterable<string>): Promise<string[][]> {
  const partitions = new LinePartitions(() => 0, KEY_CHARS, MAX_PART_BYTES);
  try {
    for (const line of lines) {
      const full = partitions.add(line);
      if (full) await full;
    }
    const parts: string[][] = [];
    for await (const part of partitions.read()) parts.push(part);
    return parts;
  } finally {
    await partitions.close();
  }
}

function* numbered(count: number, width: number): Generator<string> {
  for (let index = 0; index < count; index++) {
    yield `${String(index).padStart(KEY_CHARS, '0')}${'x'.repeat(width)}`;
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
    const partitions = new LinePartitions(() => 0, KEY_CHARS, MAX_PART_BYTES);
    for (const line of numbered(count, width)) {
      const full = partitions.add(line);
      if (full) await full;
    }
    expect(partitions.lines).toBe(count);
    for await (const part of partitions.read()) {
      largest = Math.max(largest, part.length * (width + KEY_CHARS + 1));
      for (const line of part) {
        if (line.length !== KEY_CHARS + width) damaged++;
        seen[Number(line.slice(0, KEY_CHARS))]!++;
        lines++;
      }
    }
    await partitions.close();
    expect({ lines, damaged }).toEqual({ lines: count, damaged: 0 });
    expect(seen.every((times) => times === 1)).toBe(true);
    expect(largest).toBeLessThanOrEqual(MAX_PART_BYTES);
  });

  it('keep lines of one key together and in their order, also beyond the size of a part', async () => {
    const same = Array.from({ length: 10_000 }, (_, index) => `samesame${String(index).padEnd(100)}`);
    const parts = await split([...numbered(5000, 20), ...same, ...numbered(5000, 30)]);
    const holders = parts.filter((part) => part.some((line) => line.startsWith('same')));
    expect(holders).toHaveLength(1);
    expect(holders[0]!.filter((line) => line.startsWith('same'))).toEqual(same);
    const key = (line: string) => line.slice(0, KEY_CHARS);
    const keys = parts.map((part) => new Set(part.map(key)));
    expect(keys.reduce((sum, one) => sum + one.size, 0)).toBe(5001);
  });
});
