/** Listings have the semantics of S3's ListObjectsV2: prefix, delimiter, common prefixes, pages. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BlobListOptions,
  fdfsBlobStore,
  type KeyIndex,
} from '../../../src/adapters/blob-store/index.js';
import { listBlobs } from '../../../src/adapters/blob-store/list.js';
import { compareKeys } from '../../../src/adapters/indexes/contract.js';
import { toKeyIndex } from '../../../src/adapters/indexes/map.js';

const FILE = 'group1/M00/01/02/fwAAFWsCeYyADJRiAAAADQUEYPE342.log';

function indexWith(keys: Iterable<string>): KeyIndex {
  return toKeyIndex(new Map([...keys].map((key) => [key, FILE])));
}

/** Reads all pages. Each page but the last is full. */
async function listAll(index: KeyIndex, options: BlobListOptions) {
  const [keys, prefixes]: [string[], string[]] = [[], []];
  let pages = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await listBlobs(index, cursor === undefined ? options : { ...options, cursor });
    const count = page.blobs.length + page.prefixes.length;
    expect(count).toBeLessThanOrEqual(options.limit ?? 1000);
    if (page.cursor !== undefined) expect(count).toBe(options.limit ?? 1000);
    keys.push(...page.blobs.map(({ key }) => key));
    prefixes.push(...page.prefixes);
    pages += 1;
    cursor = page.cursor;
    if (cursor === undefined) return { keys, prefixes, pages };
  }
}

/** The documented semantics, over all keys at once. */
function expectedList(all: string[], { prefix = '', delimiter = '' }: BlobListOptions) {
  const keys: string[] = [];
  const prefixes = new Set<string>();
  for (const key of [...all].sort(compareKeys)) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end < 0) keys.push(key);
    else prefixes.add(key.slice(0, end + delimiter.length));
  }
  return { keys, prefixes: [...prefixes] };
}

const KEYS = [
  'a.txt',
  'photos/',
  'photos/2025/x.jpg',
  'photos/2026/01/a.jpg',
  'photos/2026/01/b.jpg',
  'photos/2026/c.jpg',
  'photos/d.jpg',
  'photos0',
  'sample.jpg',
  '文/a',
  '文/b',
];

describe('a listing', () => {
  it.each<[BlobListOptions, string[], string[]]>([
    [{}, KEYS, []],
    [{ delimiter: '/' }, ['a.txt', 'photos0', 'sample.jpg'], ['photos/', '文/']],
    [{ prefix: 'photos/', delimiter: '/' }, ['photos/', 'photos/d.jpg'], ['photos/2025/', 'photos/2026/']],
    [{ prefix: 'photos/2026', delimiter: '/' }, [], ['photos/2026/']],
    [{ prefix: 'photos/2026/', delimiter: '/' }, ['photos/2026/c.jpg'], ['photos/2026/01/']],
    [{ prefix: 'photos' }, KEYS.slice(1, 8), []],
    [{ prefix: 'photos', delimiter: '/' }, ['photos0'], ['photos/']],
    [{ prefix: 'photos/', delimiter: 'jpg' }, ['photos/'], KEYS.slice(2, 7)],
    [
      { delimiter: '.' },
      KEYS.filter((key) => !key.includes('.')),
      [
        'a.',
        'photos/2025/x.',
        'photos/2026/01/a.',
        'photos/2026/01/b.',
        'photos/2026/c.',
        'photos/d.',
        'sample.',
      ],
    ],
    [{ prefix: '文/', delimiter: '/' }, ['文/a', '文/b'], []],
    [{ prefix: 'nothing/' }, [], []],
    [{ delimiter: '//' }, KEYS, []],
  ])('of %j', async (options, keys, prefixes) => {
    for (const limit of [1, 2, 3, 1000]) {
      const { pages, ...listed } = await listAll(indexWith(KEYS), { ...options, limit });
      expect(listed).toEqual({ keys, prefixes });
      expect(pages).toBe(Math.max(1, Math.ceil((keys.length + prefixes.length) / limit)));
    }
  });

  it('agrees with its definition for any keys', async () => {
    const part = fc.constantFrom('a', 'b', '/', '//', '.', 'é', '文', '\uffee', '\u{1f600}', '\u{10ffff}');
    const key = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 40 }),
        fc.record({
          prefix: fc.oneof(fc.constant(''), key),
          delimiter: fc.constantFrom('', '/', '.', 'a/', '文'),
          limit: fc.integer({ min: 1, max: 7 }),
        }),
        async (keys, options) => {
          const { keys: listed, prefixes } = await listAll(indexWith(keys), options);
          expect({ keys: listed, prefixes }).toEqual(expectedList(keys, options));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('passes over a large folder without reading it', async () => {
    const keys = Array.from({ length: 5000 }, (_, n) => `large/${String(n).padStart(5, '0')}`);
    const index = indexWith([...keys, 'next/x', 'top']);
    let read = 0;
    const counting: KeyIndex = {
      get: (key) => index.get(key),
      swap: (...args) => index.swap(...args),
      keys: (prefix, page) => index.keys(prefix, page),
      entries: async (prefix, page) => {
        const entries = await index.entries!(prefix, page);
        read += entries.length;
        return entries;
      },
    };
    const list = await listBlobs(counting, { delimiter: '/', limit: 10 });
    expect(list).toMatchObject({ prefixes: ['large/', 'next/'], blobs: [{ key: 'top' }] });
    expect(read).toBeLessThan(50);
    const { entries: _, ...plain } = counting;
    expect(await listBlobs(plain, { delimiter: '/', limit: 10 })).toEqual(list);
  });

  it('says what the id of a file says', async () => {
    const { blobs } = await listBlobs(indexWith(['a']));
    expect(blobs).toEqual([{ key: 'a', fileId: FILE, size: 13, createdAt: expect.any(Date) }]);
  });

  it('survives keys that are removed while it is read', async () => {
    const index = indexWith(['a', 'b', 'c']);
    const racing: KeyIndex = {
      get: async (key) => (key === 'b' ? undefined : await index.get(key)),
      swap: (...args) => index.swap(...args),
      keys: (prefix, page) => index.keys(prefix, page),
    };
    expect((await listAll(racing, { limit: 1 })).keys).toEqual(['a', 'c']);
  });

  it.each([
    { limit: 0 },
    { limit: 1001 },
    { prefix: 1 },
    { delimiter: null },
    { cursor: 'x' },
    { cursor: Buffer.from('{}').toString('base64url') },
    { startAfter: 'a' },
  ])('refuses %j', async (options) => {
    await expect(listBlobs(indexWith(['a']), options as never)).rejects.toMatchObject({
      code: 'FASTDFS_ARGUMENT',
    });
  });

  it('needs an index that can list', async () => {
    const conf = { trackers: '127.0.0.1:1' };
    const calls = [
      fdfsBlobStore(conf).list(),
      fdfsBlobStore(conf).move('a', 'b'),
      fdfsBlobStore(conf, { index: { get: () => null, set: () => {}, delete: () => {} } }).list(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
  });
});
