/** The two CRC-32 of FastDFS; the old ones as FastDFS 5.11 wrote them into ids. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ContentCrc, predatesNewCrc } from '../../../src/core/files/content-crc.js';
import { readFileId } from '../../../src/core/model/file-id.js';
import { legacyCrc32 } from '../../../src/core/model/legacy-crc32.js';

/** Content, and the name that a storage of 5.11 gave it. */
const VECTORS: [string, Buffer, string][] = [
  ['one letter', Buffer.from('a'), 'fwCEKWsHZqmAUzR6AAAAARe3vkM4846377'],
  ['the digits of check values', Buffer.from('123456789'), 'fwCEKWsHZqmAFbDoAAAACSBq-Fs0539423'],
  ['four bytes 0xff', Buffer.alloc(4, 0xff), 'fwCEKWsHZqmALBE-AAAABAAAAAA6910286'],
  ['32 zeros', Buffer.alloc(32), 'fwCEKWsHZqmARaRGAAAAIMrGj9o4219956'],
  [
    'every byte',
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    'fwCEKWsHZqmAdeCOAAABAF983qQ7160013',
  ],
  ['UTF-8', Buffer.from('Grüße aus 北京'), 'fwCEKWsHZqmAIxLuAAAAErcC1is0971900'],
  [
    '64 KiB',
    Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7 + 3) & 255)),
    'fwCEKWsHZqmAEKFLAAEAAOmA6_I9711606',
  ],
];

describe('the old sum', () => {
  it.each(VECTORS)('is what FastDFS 5.11 made of %s', (_, content, name) => {
    const { size, crc32: stored } = readFileId(`group1/M00/00/00/${name}`);
    expect(size).toBe(content.length);
    expect(legacyCrc32(content)).toBe(stored);
  });

  it.each([1, 2, 7, 4096])('is the same in chunks of %d bytes', (size) => {
    const [, content] = VECTORS.at(-1)!;
    let sum = 0;
    for (let at = 0; at < content.length; at += size) sum = legacyCrc32(content.subarray(at, at + size), sum);
    expect(sum).toBe(legacyCrc32(content));
  });

  it('of nothing is 0', () => {
    expect(legacyCrc32(Buffer.alloc(0))).toBe(0);
  });
});

describe('ContentCrc', () => {
  const content = Buffer.from('123456789');

  it('matches either sum when both are computed, and no third', () => {
    const crc = new ContentCrc(true);
    for (const byte of content) crc.add(Buffer.of(byte));
    expect([crc.matches(0xcbf4_3926), crc.matches(0x206a_f85b), crc.matches(0)]).toEqual([true, true, false]);
    expect(crc.value).toBe(crc32(content));
  });

  it('computes and matches only the usual sum otherwise', () => {
    const crc = new ContentCrc(false);
    crc.add(content);
    expect([crc.matches(0xcbf4_3926), crc.matches(0x206a_f85b)]).toEqual([true, false]);
    expect(crc.legacy).toBeUndefined();
  });
});

it('files of before June 2018 can only have the old sum', () => {
  const seconds = (date: string) => Date.parse(date) / 1000;
  expect(predatesNewCrc(seconds('2018-05-31T23:59:59Z'))).toBe(true);
  expect(predatesNewCrc(seconds('2018-06-01T00:00:00Z'))).toBe(false);
});
