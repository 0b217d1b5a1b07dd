/** The contract of an index, held by every kind: atomic swaps, keys in the order of their bytes, pages. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyIndex } from '../../../src/adapters/indexes/index.js';
import { type IndexPlace, KINDS, openIndex } from './kinds.js';

const FILE = 'group1/M00/00/00/fwAAAWlQ8JGAcUEYAAAAEVuG_Jc864.txt';
const [A, B, C] = ['a', 'b', 'c'].map((letter) => FILE.replace('Jc', `J${letter}`)) as [
  string,
  string,
  string,
];

/** In the order of their UTF-8 bytes; UTF-16 would place the last before the one before it. */
const ORDERED = ['A', 'Z', 'a', 'a/', 'a/b', 'a0', 'aa', 'ü', '文', '\uffee', '\u{1f600}'];

for (const { kind, obstacle, start } of KINDS) {
  describe.skipIf(obstacle !== undefined)(`${kind} index${obstacle ? `: ${obstacle}` : ''}`, () => {
    let place: IndexPlace;
    let index: KeyIndex;
    let name = 0;

    beforeAll(async () => {
      place = await start();
    });
    beforeEach(() => {
      index = openIndex(place.kind, place.location, `contract_${++name}`);
    });
    afterEach(() => index.close?.());
    afterAll(() => place?.close());

    const fill = (keys: string[]) => Promise.all(keys.map((key) => index.swap(key, undefined, FILE)));

    it('swaps only what is as expected', async () => {
      for (const [expected, next, swapped, after] of [
        [undefined, undefined, true, undefined],
        [A, undefined, false, undefined],
        [A, B, false, undefined],
        [undefined, A, true, A],
        [undefined, B, false, A],
        [undefined, undefined, false, A],
        [B, C, false, A],
        [B, undefined, false, A],
        [A, A, true, A],
        [A, B, true, B],
        [B, undefined, true, undefined],
        [B, undefined, false, undefined],
        [undefined, C, true, C],
      ] as const) {
        expect(await index.swap('k', expected, next)).toBe(swapped);
        expect((await index.get('k')) ?? undefined).toBe(after);
        expect(await index.keys('')).toEqual(after === undefined ? [] : ['k']);
      }
      expect((await index.get('other')) ?? undefined).toBeUndefined();
    });

    it('lets exactly one of many swaps of one key win', async () => {
      for (const [expected, made] of [
        [undefined, 'one'],
        ['one', 'two'],
      ] as const) {
        const wins = await Promise.all(
          Array.from({ length: 20 }, (_, n) => index.swap('k', expected, n === 0 ? made : `${made}-${n}`)),
        );
        expect(wins.filter(Boolean)).toHaveLength(1);
        await index.swap('k', (await index.get('k')) as string, made);
      }
      const removals = await Promise.all(Array.from({ length: 20 }, () => index.swap('k', 'two', undefined)));
      expect(removals.filter(Boolean)).toHaveLength(1);
    });

    it('keeps keys in the order of their UTF-8 bytes', async () => {
      await fill([...ORDERED].reverse());
      expect(await index.keys('')).toEqual(ORDERED);
      for (const [at, after] of ORDERED.entries()) {
        expect(await index.keys('', { after })).toEqual(ORDERED.slice(at + 1));
        expect(await index.keys('', { after, limit: 2 })).toEqual(ORDERED.slice(at + 1, at + 3));
      }
      expect(await index.keys('', { limit: 1 })).toEqual(['A']);
      expect(await index.entries!('', { limit: 1 })).toEqual([['A', FILE]]);
    });

    it.each([
      ['a', undefined, ['a', 'a/', 'a/b', 'a0', 'aa']],
      ['a/', undefined, ['a/', 'a/b']],
      ['a/', 'a/', ['a/b']],
      ['a', 'A', ['a', 'a/', 'a/b', 'a0', 'aa']],
      ['a', 'a/z', ['a0', 'aa']],
      ['a', 'b', []],
      ['\u{1f600}', undefined, ['\u{1f600}']],
      ['文', undefined, ['文']],
      ['zz', undefined, []],
    ])('lists keys with the prefix %j behind %j', async (prefix, after, expected) => {
      await fill(ORDERED);
      expect(await index.keys(prefix, { after })).toEqual(expected);
      expect((await index.entries!(prefix, { after })).map(([key]) => key)).toEqual(expected);
    });

    it('lists keys that end in the highest characters', async () => {
      const keys = ['p', 'p\u{10ffff}', 'p\u{10ffff}\u{10ffff}x', `p${'\u{10ffff}'.repeat(255)}`];
      await fill(keys);
      await fill(['q']);
      expect((await index.keys('p')).sort()).toEqual([...keys].sort());
    });

    it('takes keys with special characters, and of 1024 bytes', async () => {
      const keys = ['%_\\', "'", '"', '[', '(', '*', '?', '\n', ' ', '\x01', 'é'.repeat(512)];
      await fill(keys);
      for (const key of keys) {
        expect(await index.get(key)).toBe(FILE);
        expect(await index.keys(key)).toEqual([key]);
      }
    });

    it('transfers a file from one key to another in one step', async () => {
      await index.swap('from', undefined, A);
      expect(await index.transfer!('from', 'to', B, undefined)).toBe(false);
      expect(await index.transfer!('from', 'to', A, C)).toBe(false);
      expect(await index.entries!('')).toEqual([['from', A]]);
      expect(await index.transfer!('from', 'to', A, undefined)).toBe(true);
      expect(await index.entries!('')).toEqual([['to', A]]);
      await index.swap('next', undefined, B);
      expect(await index.transfer!('to', 'next', A, undefined)).toBe(false);
      expect(await index.transfer!('to', 'next', A, C)).toBe(false);
      expect(await index.transfer!('to', 'next', C, B)).toBe(false);
      expect(await index.entries!('')).toEqual([
        ['next', B],
        ['to', A],
      ]);
      expect(await index.transfer!('to', 'next', A, B)).toBe(true);
      expect(await index.entries!('')).toEqual([['next', A]]);
    });

    it('loses nothing in transfers that cross', async () => {
      await index.swap('x', undefined, A);
      await index.swap('y', undefined, B);
      const done = await Promise.all([
        index.transfer!('x', 'y', A, B),
        index.transfer!('y', 'x', B, A),
        index.transfer!('x', 'z', A, undefined),
      ]);
      expect(done.filter(Boolean).length).toBeGreaterThan(0);
      const left = await index.entries!('');
      const [xy, yx, xz] = done;
      if (xz && !xy && !yx)
        expect(left).toEqual([
          ['y', B],
          ['z', A],
        ]);
      else expect(left).toHaveLength(1);
    });

    it('refuses a page that makes no sense', async () => {
      for (const page of [{ limit: 0 }, { limit: 1.5 }, { after: 1 }])
        await expect(index.keys('', page as never)).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    });

    it.skipIf(kind === 'map')('refuses what cannot be a key', async () => {
      for (const key of ['', 'x'.repeat(1025), 'a\0b', '\ud800', 7, null]) {
        await expect(index.swap(key as string, undefined, A)).rejects.toMatchObject({
          code: 'FASTDFS_ARGUMENT',
        });
      }
    });

    it.skipIf(kind === 'map')(
      'is opened again with what it had, and refuses calls when it is closed',
      async () => {
        await index.swap('k', undefined, A);
        const other = openIndex(place.kind, place.location, `contract_${name}`);
        expect(await other.get('k')).toBe(A);
        await other.close!();
        await other.close!();
        await expect(other.get('k')).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
        expect(await index.get('k')).toBe(A);
      },
    );
  });
}
