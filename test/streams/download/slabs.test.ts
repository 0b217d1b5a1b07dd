import { describe, expect, test, vi } from 'vitest';
import { SlabAllocator } from '../../../src/streams/download/slabs.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('Slabs', () => {
  test('are filled from end to end', () => {
    const slabs = new SlabAllocator(128 * KIB, 256 * KIB);
    const first = slabs.allocate()!;
    expect(first.length).toBe(128 * KIB);
    slabs.commit(first.subarray(0, 1000), true);
    const rest = slabs.allocate()!;
    expect(rest.buffer).toBe(first.buffer);
    expect(rest.byteOffset).toBe(first.byteOffset + 1000);
    expect(rest.length).toBe(128 * KIB - 1000);
  });

  test('are given up with crumbs left', () => {
    const slabs = new SlabAllocator(128 * KIB, 256 * KIB);
    const first = slabs.allocate()!;
    slabs.commit(first.subarray(0, 128 * KIB - 100), true);
    expect(slabs.allocate()!.buffer).not.toBe(first.buffer);
    expect(slabs.allocate()!.length).toBe(128 * KIB);
  });

  test('are not touched by slices that lie elsewhere', () => {
    const slabs = new SlabAllocator(128 * KIB, 256 * KIB);
    const first = slabs.allocate()!;
    slabs.commit(Buffer.alloc(10), true);
    expect(slabs.allocate()!.length).toBe(first.length);
  });

  test('are given up and not made while the reader is full', () => {
    const slabs = new SlabAllocator(128 * KIB, 256 * KIB);
    const first = slabs.allocate()!;
    slabs.commit(first.subarray(0, 64 * KIB), false);
    expect(slabs.allocate()).toBeUndefined();
    slabs.commit(Buffer.alloc(10), false);
    expect(slabs.allocate()).toBeUndefined();
    slabs.commit(Buffer.alloc(10), true);
    expect(slabs.allocate()!.length).toBe(128 * KIB);
    expect(slabs.allocate()!.buffer).not.toBe(first.buffer);
  });

  test('grow for a reader who takes what comes, until it stops for long', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const slabs = new SlabAllocator(64 * KIB, 256 * KIB);
      const take = (hasRoom: boolean) => slabs.commit(slabs.allocate() ?? Buffer.alloc(64 * KIB), hasRoom);
      const lengths = new Set<number | undefined>();
      for (let taken = 0; taken < 8 * MIB; taken += 64 * KIB) {
        lengths.add(slabs.allocate()?.length);
        take(taken % (128 * KIB) === 0);
        vi.advanceTimersByTime(20);
      }
      expect([...lengths]).toEqual([64 * KIB, undefined]);
      take(false);
      expect(slabs.allocate()!.length).toBe(256 * KIB);
      vi.advanceTimersByTime(21);
      take(true);
      expect(slabs.allocate()!.length).toBe(64 * KIB);
    } finally {
      vi.useRealTimers();
    }
  });
});
