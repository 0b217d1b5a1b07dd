/** Strangers' file names: decoded as browsers meant them, and always storable as metadata. */
import { describe, expect, it } from 'vitest';
import { decodeFileName, toStorableName } from '../../../src/adapters/shared/file-names.js';
import { encodeMetadata } from '../../../src/core/model/metadata.js';
import { Random } from '../../helpers/random.js';

/** As busboy and multer ≥ 1.4.5 read the UTF-8 of browsers. */
const asLatin1 = (name: string) => Buffer.from(name).toString('latin1');

describe('decodeFileName', () => {
  it.each(['截图 2024.txt', 'été.txt', '🦊.png', 'Ünïcödé.md', 'ﷺ.txt'])(
    'decodes %s, which a parser read as latin1',
    (name) => {
      expect(decodeFileName(asLatin1(name))).toBe(name);
      expect(decodeFileName(name)).toBe(name);
    },
  );

  it.each([
    ['plain ASCII', 'a b.txt'],
    ['latin1 that is no UTF-8', 'été.txt'],
    ['characters beyond latin1', '截图.txt'],
    ['both kinds', `${asLatin1('é')}截`],
    ['UTF-8 that is cut off', asLatin1('截').slice(0, 2)],
    ['an overlong form', '\xc0\xaf.txt'],
    ['a surrogate in UTF-8', '\xed\xa0\x80.txt'],
    ['nothing', ''],
  ])('leaves %s unchanged', (_, name) => {
    expect(decodeFileName(name)).toBe(name);
  });
});

describe('toStorableName', () => {
  it.each<[string, string | null | undefined, string | undefined]>([
    ['keeps a plain name', 'cat.png', 'cat.png'],
    ['keeps spaces and quotes', ' a "b" c.txt', ' a "b" c.txt'],
    ['decodes UTF-8 that was read as latin1', asLatin1('截图 2024.txt'), '截图 2024.txt'],
    ['keeps latin1', 'été.txt', 'été.txt'],
    ['drops folders', '/home/me/a.txt', 'a.txt'],
    ['drops folders of Windows', 'C:\\Users\\me\\a.txt', 'a.txt'],
    ['drops folders of both kinds', '../..\\etc/passwd', 'passwd'],
    ['drops the folders that a decoded name has', asLatin1('文件/图.png'), '图.png'],
    ['drops what the format reserves', 'a\0b\x01c\x02d.txt', 'abcd.txt'],
    ['drops other control characters', 'a\r\nb\t\x7f.txt', 'ab.txt'],
    ['repairs half an emoji', 'a\ud83d.txt', 'a\ufffd.txt'],
    ['returns nothing for a folder', 'folder/', undefined],
    ['returns nothing for no name', '', undefined],
    ['returns nothing for a dot', 'a/.', undefined],
    ['returns nothing for the folder above', '..', undefined],
    ['returns nothing for control characters alone', '\x01\x02', undefined],
    ['returns nothing for null', null, undefined],
    ['returns nothing for undefined', undefined, undefined],
  ])('%s', (_, name, expected) => {
    expect(toStorableName(name)).toBe(expected);
  });

  it.each([
    ['an extension', '.txt'],
    ['an extension of two parts', '.tar.gz'],
    ['a long extension', '.markdown'],
    ['an extension in other letters', '.图片'],
    ['none', ''],
  ])('cuts a long name before %s', (_, extension) => {
    const room = 256 - Buffer.byteLength(extension);
    expect(toStorableName('x'.repeat(300) + extension)).toBe('x'.repeat(room) + extension);
    const wide = toStorableName('图'.repeat(300) + extension)!;
    expect(wide).toBe('图'.repeat(Math.floor(room / 3)) + extension);
    expect(toStorableName('🦊'.repeat(300) + extension)).toBe('🦊'.repeat(Math.floor(room / 4)) + extension);
  });

  it.each([255, 256, 257])('leaves %i bytes alone when they fit', (length) => {
    const name = `${'x'.repeat(length - 4)}.txt`;
    expect(toStorableName(name)).toHaveLength(Math.min(length, 256));
  });

  it('cuts a name that is one long extension', () => {
    expect(toStorableName(`.${'x'.repeat(400)}`)).toBe(`.${'x'.repeat(255)}`);
    expect(toStorableName(`a.${'图'.repeat(400)}`)).toHaveLength(2 + 84);
  });

  it('gives something that metadata takes, or nothing, whatever comes', () => {
    const random = new Random(12);
    for (let round = 0; round < 3000; round++) {
      const length = Math.floor(random.next() * 500);
      const widest = [0x20, 0x80, 0x100, 0x10000][round % 4]!;
      const name = Array.from({ length }, () => String.fromCharCode(Math.floor(random.next() * widest))).join(
        '',
      );
      const storable = toStorableName(name);
      if (storable === undefined) continue;
      expect(storable.isWellFormed()).toBe(true);
      expect(storable).not.toMatch(/[/\\]/);
      encodeMetadata({ filename: storable });
    }
  });
});
