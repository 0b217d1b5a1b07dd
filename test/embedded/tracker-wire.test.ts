/** Status, length of the reply and state of the connection for every request that was measured on a real tracker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, group16, int32, padded, Raw } from './raw.js';
import { upload } from './requests.js';
import { onEachTarget, type Target } from './target.js';

let target: Target;
let normal: string;
let appender: string;

type Row = [name: string, code: number, body: () => Buffer, expected: string | (() => string)];

const none = () => Buffer.alloc(0);
const group = (name: string) => () => group16(name);
const withId = (name: string, id: string | (() => string)) => () =>
  Buffer.concat([group16(name), Buffer.from(typeof id === 'string' ? id : id())]);
const host = () => target.storage.slice(0, target.storage.lastIndexOf(':'));
const port = () => Number(target.storage.slice(target.storage.lastIndexOf(':') + 1));
/** What trackers list the storage under. */
const id = () => (target.storageIds ? '100001' : host());
const idMode = (inIdMode: string, inIpMode: string) => () => (target.storageIds ? inIdMode : inIpMode);

const store: Row[] = [
  ['101', 101, none, '0/40/open'],
  ['101 with a body', 101, group('group1'), '22/0/open'],
  ['104', 104, group('group1'), '0/40/open'],
  ['107', 107, group('group1'), '0/63/open'],
  ['104 unknown', 104, group('nogroup'), '2/0/open'],
  ['107 unknown', 107, group('nogroup'), '2/0/open'],
  ['104 empty', 104, group(''), '2/0/open'],
  ['104 unpadded', 104, () => Buffer.from('group1'), '22/0/open'],
  ['104 of 17', 104, () => padded('group1', 17), '22/0/open'],
  ['104 garbage behind NUL', 104, () => padded('group1\0junk', 16), '0/40/open'],
];

const fetch: Row[] = [102, 103, 105].flatMap((code): Row[] => [
  [`${code} normal`, code, withId('group1', () => normal), '0/39/open'],
  [`${code} appender`, code, withId('group1', () => appender), '0/39/open'],
  [`${code} slave`, code, withId('group1', () => normal.replace('.txt', '_200x200.jpg')), '0/39/open'],
  [`${code} unknown group`, code, withId('nogroup', () => normal), '2/0/open'],
  [`${code} name of 21`, code, withId('group1', 'M00/00/00/12345678901'), '22/0/open'],
  [`${code} name of 128`, code, withId('group1', 'a'.repeat(128)), '22/0/open'],
  [`${code} empty`, code, none, '22/0/open'],
]);
fetch.push(
  ['102 garbage of 22', 102, withId('group1', 'x'.repeat(22)), '0/39/open'],
  ['102 garbage of 38', 102, withId('group1', '@'.repeat(38)), '0/39/open'],
  ['102 name of 127', 102, withId('group1', 'a'.repeat(127)), '0/39/open'],
  ['103 garbage', 103, withId('group1', '@'.repeat(38)), '0/39/open'],
);

const lists: Row[] = [
  ['91', 91, none, '0/226/open'],
  ['91 with a body', 91, group('group1'), '22/0/open'],
  ['90', 90, group('group1'), '0/113/open'],
  ['90 unknown', 90, group('nogroup'), '2/0/open'],
  ['90 unpadded', 90, () => Buffer.from('group1'), '22/0/open'],
  ['92 group2', 92, group('group2'), '0/487/open'],
  ['92 group1', 92, group('group1'), '0/974/open'],
  ['92 by id', 92, withId('group1', id), '0/487/open'],
  ['92 by id and NUL', 92, withId('group1', () => `${id()}\0`), '0/487/open'],
  ['92 unknown id', 92, withId('group1', '9.9.9.9'), '2/0/open'],
  ['92 unknown group', 92, group('nogroup'), '2/0/open'],
  ['92 id of 15', 92, withId('group1', '123456789012345'), '2/0/open'],
  ['92 id of 16', 92, withId('group1', '1234567890123456'), '22/0/open'],
];

const cluster: Row[] = [
  ['97', 97, () => Buffer.alloc(4), '0/324/open'],
  ['98', 98, () => Buffer.alloc(4), '0/123/open'],
  ['64', 64, none, '0/17/open'],
  ['69 allow empty', 69, () => Buffer.of(0, 0, 0, 0, 1), () => (target.storageIds ? idsReply() : '0/8/open')],
  ['69', 69, () => Buffer.alloc(5), () => (target.storageIds ? idsReply() : '95/0/open')],
  ['69 from the end', 69, () => Buffer.of(0, 0, 0, 3, 0), idMode('22/0/open', '95/0/open')],
  ['69 from -1', 69, () => Buffer.of(255, 255, 255, 255, 0), idMode('22/0/open', '95/0/open')],
  ['69 of 4', 69, () => Buffer.alloc(4), '22/0/open'],
  ['71', 71, withId('group1', () => target.storage), '0/67/open'],
  ['71 without port', 71, withId('group1', host), '22/0/open'],
  ['71 unknown', 71, withId('group1', '9.9.9.9:23000'), '2/0/open'],
  ['71 unknown group', 71, withId('nogroup', () => target.storage), '2/0/open'],
  ['71 no ip', 71, group('group1'), '22/0/open'],
  ['70', 70, withId('group1', () => target.storage), () => `0/${id().length}/open`],
  ['70 without port', 70, withId('group1', host), '22/0/open'],
  ['60 short', 60, group('group1'), '22/0/open'],
  ['109', 109, () => Buffer.concat([Buffer.from(host()), int32(port())]), idMode('0/16/open', '95/0/open')],
];

/** 3 lines of `100001 group1 host:port` */
function idsReply(): string {
  const lines = 3 * `100001 group1 ${target.storage}\n`.length;
  return `0/${8 + lines}/open`;
}

const admin: Row[] = [
  ['93 active', 93, withId('group1', id), '16/0/open'],
  ['93 unknown id', 93, withId('group1', '9.9.9.9'), '2/0/open'],
  ['93 unknown group', 93, withId('nogroup', id), '2/0/open'],
  ['93 no id', 93, group('group1'), '22/0/open'],
  ['93 id of 16', 93, withId('group1', '1234567890123456'), '22/0/open'],
  ['108 with storages', 108, group('group1'), '16/0/open'],
  ['108 unknown', 108, group('nogroup'), '2/0/open'],
  ['94 without trunk mode', 94, withId('group1', id), '95/0/open'],
  ['94 no id', 94, group('group1'), '95/0/open'],
  ['94 unknown group', 94, group('nogroup'), '2/0/open'],
  ['83 without join', 83, none, '13/0/open'],
  ['74 without join', 74, none, '13/0/open'],
  ['unknown command', 200, none, '22/0/open'],
];

onEachTarget((start) => {
  beforeAll(async () => {
    target = await start();
    const storage = await Raw.connect(target.storage);
    normal = (await storage.ok(11, upload('hello'))).toString('latin1', 16);
    appender = (await storage.ok(23, upload('hello'))).toString('latin1', 16);
    storage.close();
  });

  afterAll(async () => target?.stop());

  describe.each([
    ['store', store],
    ['fetch and update', fetch],
    ['lists', lists],
    ['cluster', cluster],
    ['admin', admin],
  ])('%s', (_area, rows) => {
    it.each(rows)('%s', async (_name, code, body, expected) => {
      const wanted = typeof expected === 'string' ? expected : expected();
      expect(await exchange(target.trackers[0]!, code, body())).toBe(wanted);
    });
  });

  it('106 goes through the groups in turn', async () => {
    const raw = await Raw.connect(target.trackers[0]!);
    const lengths = [];
    for (let i = 0; i < 4; i++) lengths.push((await raw.ok(106)).length);
    raw.close();
    expect(lengths.sort()).toEqual([40, 40, 63, 63]);
  });

  it('95 names one leader on every tracker, and only the leader answers 96', async () => {
    const leaders = new Set<string>();
    const answers: string[] = [];
    for (const address of target.trackers) {
      const raw = await Raw.connect(address);
      leaders.add((await raw.ok(95)).toString());
      raw.close();
      answers.push(await exchange(address, 96, Buffer.alloc(3)));
    }
    expect(leaders.size).toBe(1);
    expect(answers.sort()).toEqual([`0/${1 + 90 * target.trackers.length}/open`, '95/0/open']);
  });

  it('60 returns the address of the caller', async () => {
    const raw = await Raw.connect(target.trackers[0]!);
    const own = raw.socket.localAddress;
    const told = (await raw.ok(60, Buffer.concat([padded('group1', 17), int32(23000)]))).toString();
    raw.close();
    expect(told).toBe(own);
  });

  it('75 lists the parameters that clients look at', async () => {
    const raw = await Raw.connect(target.trackers[0]!);
    const lines = (await raw.ok(75)).toString().split('\n');
    raw.close();
    expect(lines).toContain(`use_storage_id=${target.storageIds ? 1 : 0}`);
    expect(lines).toContain(`id_type_in_filename=${target.storageIds ? 'id' : 'ip'}`);
    expect(lines).toContain('response_ip_addr_size=16');
  });
});
