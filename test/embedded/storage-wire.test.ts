/** Status, length of the reply and state of the connection for every request that was measured on a real storage. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, exchangeOk } from './raw.js';
import { append, COMMAND, download, modify, named, setMeta, slave, truncate, upload } from './requests.js';
import { onEachTarget, type Target } from './target.js';

let target: Target;
/** Names of files by what they are; the rows fill in more. */
const file: Record<string, string> = {};

const { appender, delete: del, regenerate, info, getMeta } = COMMAND;
/** A well-formed name of no file: ordinary, and of an appender file. */
const MISS = 'M00/00/00/fwAAFWsCdoyAXIinAAAACw1KEYU665.txt';
const MISS_APPENDER = 'M00/00/00/fwAAFWsCdoyEXIinAAAAAA1KEYU665.log';

async function store(code: number, body: Buffer): Promise<string> {
  return (await exchangeOk(target.storage, code, body)).toString('latin1', 16);
}

/** `case: [command, body, expected, flags?]`; they run in order, each on a connection of its own. */
type Row = [name: string, code: number, body: () => Buffer, expected: string, flags?: number];

const long = (length: number) => `M00/00/00/${'a'.repeat(length - 10)}`;

const uploads: Row[] = [
  ['normal 11 bytes', 11, () => upload('hello world'), '0/60/open'],
  ['0 bytes', 11, () => upload(''), '0/60/open'],
  ['no ext', 11, () => upload('x', ''), '0/60/open'],
  ['ext of 6', 11, () => upload('x', 'tar.gz'), '0/60/open'],
  ['ext with a leading dot', 11, () => upload('x', '.txt'), '0/60/open'],
  ['ext in capitals', 11, () => upload('x', 'JPG'), '0/60/open'],
  ['ext "a/b"', 11, () => upload('x', 'a/b'), '22/0/closed'],
  ['ext ".."', 11, () => upload('x', '..'), '0/60/open'],
  ['ext with a space', 11, () => upload('x', 'a b'), '22/0/closed'],
  ['ext utf8', 11, () => upload('x', 'ä'), '22/0/closed'],
  ['ext with garbage behind NUL', 11, () => upload('x', 'a\0/'), '0/60/open'],
  ['path -1', 11, () => upload('x', 'txt', { path: -1 }), '0/60/open'],
  ['path 1 of 1', 11, () => upload('x', 'txt', { path: 1 }), '22/0/closed'],
  ['path -2', 11, () => upload('x', 'txt', { path: -2 }), '22/0/closed'],
  ['size larger than the body', 11, () => upload('x', 'txt', { size: 100 }), '22/0/closed'],
  ['size smaller than the body', 11, () => upload('xyz', 'txt', { size: 1 }), '22/0/closed'],
  ['size negative', 11, () => upload('x', 'txt', { size: -1 }), '22/0/closed'],
  ['body of 14', 11, () => upload('').subarray(0, 14), '22/0/closed'],
  ['body empty', 11, () => Buffer.alloc(0), '22/0/closed'],
  ['appender 5 bytes', 23, () => upload('12345', 'log'), '0/60/open'],
  ['appender 0 bytes', 23, () => upload('', 'log'), '0/60/open'],
];

const slaves: Row[] = [
  ['prefix _200x200', 21, () => slave(file.ten!, '_200x200', 'jpg', 'slave'), '0/68/open'],
  ['again', 21, () => slave(file.ten!, '_200x200', 'jpg', 'slave'), '17/0/open'],
  ['other ext', 21, () => slave(file.ten!, '_200x200', 'png', 'slave'), '0/68/open'],
  ['no ext', 21, () => slave(file.ten!, '_noext', '', 'slave'), '0/62/open'],
  ['empty prefix', 21, () => slave(file.ten!, '', 'jpg', 'slave'), '22/0/closed'],
  ['prefix "-m" with ext', 21, () => slave(file.ten!, '-m', 'txt', 'slave'), '0/62/open'],
  ['prefix "-m" without', 21, () => slave(file.ten!, '-m', '', 'slave'), '22/0/closed'],
  ['prefix with /', 21, () => slave(file.ten!, 'a/b', 'txt', 'slave'), '22/0/closed'],
  ['prefix of 16', 21, () => slave(file.ten!, '_234567890123456', 'txt', 's'), '0/76/open'],
  ['prefix of digits', 21, () => slave(file.ten!, '100', 'txt', 's'), '0/63/open'],
  ['0 bytes', 21, () => slave(file.ten!, '_zero', 'txt', ''), '0/65/open'],
  ['missing master', 21, () => slave(MISS, '_x', 'txt', 's'), '2/0/open'],
  ['master is an appender', 21, () => slave(file.app!, '_a', 'log', 's'), '0/62/open'],
  ['master without ext', 21, () => slave(file.bare!, '_s', 'txt', 's'), '0/66/open'],
  [
    'master is a slave',
    21,
    () => slave(file.ten!.replace('.txt', '_200x200.jpg'), '_b', 'png', 's'),
    '0/70/open',
  ],
  ['master name short', 21, () => slave('M00/00/00/abc', '_b', 'png', 's'), '2/0/open'],
  ['master with ..', 21, () => slave('M00/00/00/../../x', '_b', 'png', 's'), '22/0/closed'],
  ['size mismatch', 21, () => slave(file.ten!, '_q', 'png', 's', 9), '22/0/closed'],
];

const changes: Row[] = [
  ['append 5', 24, () => append(file.app!, 'abcde'), '0/0/open'],
  ['append 0: echo', 24, () => append(file.app!, ''), '0/60/open'],
  ['append to a normal file', 24, () => append(file.ten!, 'x'), '22/0/closed'],
  ['append to a missing normal name', 24, () => append(MISS, 'x'), '2/0/open'],
  ['append to a missing appender', 24, () => append(MISS_APPENDER, 'x'), '2/0/open'],
  ['append size mismatch', 24, () => append(file.app!, 'x', 7), '22/0/closed'],
  ['append name too short', 24, () => append(long(43), 'x'), '22/0/closed'],
  ['append name of 128', 24, () => append(long(128), 'x'), '22/0/closed'],
  ['append name of 127', 24, () => append(long(127), 'x'), '2/0/open'],
  ['append name with ..', 24, () => append(`M00/00/00/../../${'x'.repeat(40)}`, 'x'), '22/0/closed'],
  ['append path M09', 24, () => append(file.app!.replace('M00', 'M09'), 'x'), '22/0/closed'],
  ['modify at 0', 34, () => modify(file.app!, 0, 'xyz'), '0/0/open'],
  ['modify at the end', 34, () => modify(file.app!, 15, 'end'), '0/0/open'],
  ['modify beyond the end', 34, () => modify(file.app!, 19, 'x'), '22/0/closed'],
  ['modify over the end', 34, () => modify(file.app!, 16, '1234'), '0/0/open'],
  ['modify negative offset', 34, () => modify(file.app!, -1, 'x'), '22/0/closed'],
  ['modify 0: echo', 34, () => modify(file.app!, 0, ''), '0/68/open'],
  ['modify a normal file', 34, () => modify(file.ten!, 0, 'x'), '22/0/closed'],
  ['modify a missing file', 34, () => modify(MISS_APPENDER, 0, 'x'), '2/0/open'],
  ['content so far', 14, () => download(file.app!), '0/20/open'],
  ['truncate to 5', 36, () => truncate(file.app!, 5), '0/0/open'],
  ['truncate to the same: echo', 36, () => truncate(file.app!, 5), '0/60/open'],
  ['truncate to larger', 36, () => truncate(file.app!, 50), '0/0/open'],
  ['content so far', 14, () => download(file.app!), '0/50/open'],
  ['truncate to 0', 36, () => truncate(file.app!, 0), '0/0/open'],
  ['truncate negative', 36, () => truncate(file.app!, -1), '22/0/closed'],
  ['truncate beyond the file system', 36, () => truncate(file.app!, 2n ** 62n), '22/0/closed'],
  ['truncate a normal file', 36, () => truncate(file.ten!, 1), '22/0/closed'],
  ['truncate a missing file', 36, () => truncate(MISS_APPENDER, 1), '2/0/open'],
  ['truncate with trailing bytes', 36, () => truncate(file.app!, 0, 'junk'), '0/64/open'],
];

const downloads: Row[] = [
  ['0-byte appender', 14, () => download(file.empty!), '22/0/closed'],
  ['whole', 14, () => download(file.ten!), '0/10/open'],
  ['rest from 3', 14, () => download(file.ten!, 3), '0/7/open'],
  ['4 from 3', 14, () => download(file.ten!, 3, 4), '0/4/open'],
  ['100 from 3', 14, () => download(file.ten!, 3, 100), '0/7/open'],
  ['offset = size', 14, () => download(file.ten!, 10), '22/0/closed'],
  ['offset > size', 14, () => download(file.ten!, 11), '22/0/closed'],
  ['offset negative', 14, () => download(file.ten!, -1), '22/0/closed'],
  ['bytes negative', 14, () => download(file.ten!, 0, -1), '22/0/closed'],
  ['0-byte file', 14, () => download(file.zero!), '22/0/closed'],
  ['missing', 14, () => download(MISS), '2/0/open'],
  ['wrong group', 14, () => download(file.ten!, 0, 0, 'group2'), '22/0/closed'],
  ['empty name', 14, () => download(''), '22/0/closed'],
  ['short name', 14, () => download('M00/00'), '22/0/closed'],
  ['name with ../', 14, () => download('../../../etc/passwd'), '22/0/closed'],
  ['name M00/00/00/../../x', 14, () => download('M00/00/00/../../x'), '22/0/closed'],
  ['name without Mxx', 14, () => download(file.ten!.slice(4)), '0/10/open'],
  ['lower-case directory', 14, () => download(`M00/0a/00/${file.ten!.slice(10)}`), '22/0/closed'],
  ['name ends with junk', 14, () => download(`${file.ten}junk`), '2/0/open'],
  ['metadata file, none', 14, () => download(`${file.ten}-m`), '2/0/open'],
  ['directory', 14, () => download('M00/00/00/'), '22/0/closed'],
  ['M00/00/00/.', 14, () => download('M00/00/00/.'), '21/0/open'],
  ['junk behind NUL', 14, () => download(`${file.ten}\0junk`), '0/10/open'],
];

const set = (flag: string, metadata: string | Buffer) => () => setMeta(file.ten!, flag, metadata);
const metadata: Row[] = [
  ['get none', getMeta, () => named(file.ten!), '2/0/open'],
  ['O two, unsorted', 13, set('O', 'width\x02160\x01author\x02me'), '0/0/open'],
  ['get', getMeta, () => named(file.ten!), '0/19/open'],
  ['M replaces and inserts', 13, set('M', 'author\x02you\x01height\x0280'), '0/0/open'],
  ['get', getMeta, () => named(file.ten!), '0/30/open'],
  ['M empty', 13, set('M', ''), '0/0/open'],
  ['get', getMeta, () => named(file.ten!), '0/30/open'],
  ['O empty deletes', 13, set('O', ''), '0/0/open'],
  ['get after that', getMeta, () => named(file.ten!), '2/0/open'],
  ['O empty again', 13, set('O', ''), '0/0/open'],
  ['M without metadata', 13, set('M', 'a\x021'), '0/0/open'],
  ['flag X', 13, set('X', 'a\x021'), '22/0/closed'],
  ['flag m', 13, set('m', 'a\x021'), '22/0/closed'],
  ['length mismatch', 13, () => setMeta(file.ten!, 'O', 'a\x021', { length: 9 }), '22/0/closed'],
  ['wrong group', 13, () => setMeta(file.ten!, 'O', 'a\x021', { group: 'group2' }), '22/0/closed'],
  ['set on a missing file', 13, () => setMeta(MISS, 'O', 'a\x021'), '2/0/open'],
  ['get of a missing file', getMeta, () => named(MISS), '2/0/open'],
  ['262,000 bytes', 13, set('O', `k\x02${'v'.repeat(261_998)}`), '0/0/open'],
  ['300 KB', 13, set('O', `k\x02${'v'.repeat(300_000)}`), '22/0/closed'],
  ['on an appender', 13, () => setMeta(file.app!, 'O', 'a\x021'), '0/0/open'],
  ['on a slave', 13, () => setMeta(file.ten!.replace('.txt', '_zero.txt'), 'O', 'a\x021'), '0/0/open'],
  ['set a=1', 13, set('O', 'a\x021'), '0/0/open'],
  ['metadata file read', 14, () => download(`${file.ten}-m`), '0/3/open'],
  ['metadata file info', info, () => named(`${file.ten}-m`), '0/40/open'],
  ['metadata file deleted', del, () => named(`${file.ten}-m`), '0/0/open'],
  ['get after that', getMeta, () => named(file.ten!), '2/0/open'],
];

const infos: Row[] = [
  ['normal', info, () => named(file.ten!), '0/40/open'],
  ['appender', info, () => named(file.app2!), '0/40/open'],
  ['slave', info, () => named(file.ten!.replace('.txt', '_200x200.jpg')), '0/40/open'],
  ['slave, flags 1', info, () => named(file.ten!.replace('.txt', '_200x200.jpg')), '0/40/open', 1],
  ['slave, flags 3', info, () => named(file.ten!.replace('.txt', '_200x200.jpg')), '0/40/open', 3],
  ['missing', info, () => named(MISS), '2/0/open'],
  ['missing, flags 2', info, () => named(MISS), '2/0/open', 2],
  ['wrong group', info, () => named(file.ten!, 'group2'), '22/0/closed'],
  ['name of 127', info, () => named(long(127)), '2/0/open'],
  ['empty file', info, () => named(file.zero!), '0/40/open'],
];

const regenerations: Row[] = [
  ['normal file', regenerate, () => Buffer.from(file.ten!), '22/0/closed'],
  ['missing', regenerate, () => Buffer.from(MISS_APPENDER), '2/0/open'],
  ['with the group in front', regenerate, () => Buffer.from(`group1/${file.regen}`), '22/0/closed'],
  ['metadata first', 13, () => setMeta(file.regen!, 'O', 'a\x021'), '0/0/open'],
  ['appender', regenerate, () => Buffer.from(file.regen!), '0/60/open'],
  ['old name again', regenerate, () => Buffer.from(file.regen!), '2/0/open'],
  ['old name downloaded', 14, () => download(file.regen!), '2/0/open'],
  ['old metadata left behind', 14, () => download(`${file.regen}-m`), '0/3/open'],
  ['empty appender', regenerate, () => Buffer.from(file.empty!), '0/60/open'],
  ['appender without ext', regenerate, () => Buffer.from(file.bareApp!), '0/60/open'],
];

const deletions: Row[] = [
  ['with metadata', 13, () => setMeta(file.ten!, 'O', 'a\x021'), '0/0/open'],
  ['existing', del, () => named(file.ten!), '0/0/open'],
  ['twice', del, () => named(file.ten!), '2/0/open'],
  ['metadata gone', 14, () => download(`${file.ten}-m`), '2/0/open'],
  ['slave still there', 14, () => download(file.ten!.replace('.txt', '_200x200.jpg')), '0/5/open'],
  ['wrong group', del, () => named(file.zero!, 'group2'), '22/0/closed'],
  ['empty name', del, () => named(''), '22/0/closed'],
  ['name with ..', del, () => named('M00/00/00/../../x'), '22/0/closed'],
  ['appender', del, () => named(file.app!), '0/0/open'],
  ['link from a client', COMMAND.link, () => Buffer.alloc(20), '22/0/closed'],
  ['server id, short', 9, () => Buffer.alloc(3), '22/0/closed'],
];

onEachTarget((start) => {
  beforeAll(async () => {
    target = await start();
    file.ten = await store(COMMAND.upload, upload('0123456789'));
    file.zero = await store(COMMAND.upload, upload(''));
    file.bare = await store(COMMAND.upload, upload('bare', ''));
    file.app = await store(appender, upload('0123456789', 'log'));
    file.app2 = await store(appender, upload('0123456789', 'log'));
    file.empty = await store(appender, upload('', 'log'));
    file.bareApp = await store(appender, upload('123456789', ''));
    file.regen = await store(appender, upload('123456789', 'log'));
  });

  afterAll(async () => target?.stop());

  describe.each([
    ['upload', uploads],
    ['slave', slaves],
    ['append, modify, truncate', changes],
    ['download', downloads],
    ['metadata', metadata],
    ['info', infos],
    ['regenerate', regenerations],
    ['delete', deletions],
  ])('%s', (_area, rows) => {
    it.each(rows)('%s', async (_name, code, body, expected, flags) => {
      expect(await exchange(target.storage, code, body(), flags)).toBe(expected);
    });
  });
});
