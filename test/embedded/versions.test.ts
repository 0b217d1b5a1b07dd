/** Reply layouts and habits of older servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { exchange, frame, group16, Raw } from './raw.js';
import { COMMAND, download, named, truncate, upload } from './requests.js';

interface Expected {
  /** Bytes of an address in records. */
  address: number;
  group: number;
  storage: number;
  idsRequest: 4 | 5;
  /** Requests of 60; there is none without. */
  myIp: 16 | 21 | undefined;
  regenerates: boolean;
  /** Downloads of an empty file and past the end. */
  oldDownloads: boolean;
  leader: boolean;
  clusterStats: boolean;
  trackerCloses: boolean;
}

const oldest: Expected = {
  address: 16,
  group: 105,
  storage: 600,
  idsRequest: 4,
  myIp: undefined,
  regenerates: false,
  oldDownloads: true,
  leader: false,
  clusterStats: false,
  trackerCloses: true,
};
const v611: Expected = {
  ...oldest,
  address: 46,
  storage: 642,
  idsRequest: 5,
  myIp: 16,
  regenerates: true,
  trackerCloses: false,
};
const v615: Expected = { ...v611, address: 16, group: 113, storage: 487 };
const newest: Expected = { ...v615, myIp: 21, oldDownloads: false, leader: true, clusterStats: true };

const versions: Array<[string, Expected]> = [
  ['5.03', oldest],
  ['5.12', { ...oldest, storage: 612 }],
  ['6.02', { ...oldest, storage: 612, myIp: 16, regenerates: true }],
  ['6.10.0', { ...oldest, storage: 612, myIp: 16, regenerates: true, trackerCloses: false }],
  ['6.11.0', v611],
  ['6.12.4', { ...v611, storage: 644 }],
  ['6.13.0', { ...v611, storage: 509 }],
  ['6.13.2', { ...v611, group: 113, storage: 517 }],
  ['6.15.0', v615],
  ['6.15.4', { ...v615, oldDownloads: false }],
  ['6.15.5', { ...newest, myIp: 16, clusterStats: false }],
  ['6.16.1', newest],
];

describe.each(versions)('server %s', (serverVersion, expected) => {
  let fdfs: EmbeddedFastDFS;
  let tracker: string;
  let storage: string;
  let zero: string;
  let ten: string;

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, serverVersion });
    tracker = fdfs.trackers[0]!;
    storage = fdfs.storageAddress('group1');
    const raw = await Raw.connect(storage);
    zero = (await raw.ok(COMMAND.upload, upload(''))).toString('latin1', 16);
    ten = (await raw.ok(COMMAND.upload, upload('0123456789'))).toString('latin1', 16);
    raw.close();
  });

  afterAll(() => fdfs?.stop());

  const refused = (on: 'tracker' | 'storage') =>
    on === 'storage' || expected.trackerCloses ? '22/0/closed' : '22/0/open';

  it('addresses', async () => {
    const { address } = expected;
    expect(await exchange(tracker, 101)).toBe(`0/${24 + address}/open`);
    expect(await exchange(tracker, 107, group16('group1'))).toBe(`0/${17 + 2 * (7 + address)}/open`);
    expect(await exchange(tracker, 102, named(ten))).toBe(`0/${23 + address}/open`);
    expect(await exchange(storage, COMMAND.info, named(ten))).toBe(`0/${24 + address}/open`);
  });

  it('records', async () => {
    expect(await exchange(tracker, 91)).toBe(`0/${expected.group}/open`);
    expect(await exchange(tracker, 92, group16('group1'))).toBe(`0/${2 * expected.storage}/open`);
  });

  it('storage ids', async () => {
    const other = expected.idsRequest === 4 ? 5 : 4;
    expect(await exchange(tracker, 69, Buffer.alloc(expected.idsRequest))).toMatch(/^0\/\d+\/open$/);
    expect(await exchange(tracker, 69, Buffer.alloc(other))).toBe(refused('tracker'));
  });

  it('identity of servers and callers', async () => {
    const { myIp, address } = expected;
    const group = group16('group1');
    const status = 1 + 4 + 16 + (address === 16 && expected.idsRequest === 4 ? 16 : 46);
    const named = Buffer.concat([group, Buffer.from('127.0.0.1')]);
    const withPort = Buffer.concat([group, Buffer.from(storage)]);
    const byPort = myIp === 21;
    expect(await exchange(tracker, 60, Buffer.alloc(16))).toBe(myIp === 16 ? '0/9/open' : refused('tracker'));
    expect(await exchange(tracker, 60, Buffer.alloc(21))).toBe(byPort ? '0/9/open' : refused('tracker'));
    expect(await exchange(tracker, 70, group)).toBe(byPort ? refused('tracker') : '0/6/open');
    expect(await exchange(tracker, 70, named)).toBe(byPort ? refused('tracker') : '0/6/open');
    expect(await exchange(tracker, 70, withPort)).toBe(byPort ? '0/6/open' : '2/0/open');
    expect(await exchange(tracker, 71, group)).toBe(byPort ? refused('tracker') : `0/${status}/open`);
    expect(await exchange(tracker, 71, named)).toBe(byPort ? refused('tracker') : `0/${status}/open`);
    expect(await exchange(tracker, 71, withPort)).toBe(byPort ? `0/${status}/open` : '2/0/open');
  });

  it('regenerate', async () => {
    const raw = await Raw.connect(storage);
    const name = (await raw.ok(COMMAND.appender, upload('abc', 'log'))).toString('latin1', 16);
    raw.close();
    const regenerated = await exchange(storage, COMMAND.regenerate, Buffer.from(name));
    expect(regenerated).toBe(expected.regenerates ? '0/60/open' : '22/0/closed');
  });

  it('truncate to a larger size', async () => {
    const raw = await Raw.connect(storage);
    const name = (await raw.ok(COMMAND.appender, upload('abc', 'log'))).toString('latin1', 16);
    raw.close();
    const extended = await exchange(storage, COMMAND.truncate, truncate(name, 4));
    expect(extended).toBe(serverVersion === '5.03' ? '22/0/closed' : '0/0/open');
    expect(await exchange(storage, COMMAND.truncate, truncate(name, 2))).toBe('0/0/open');
  });

  it('downloads at the edges', async () => {
    const { oldDownloads } = expected;
    const at = (name: string, offset: number, bytes: number) =>
      exchange(storage, COMMAND.download, download(name, offset, bytes));
    expect(await at(zero, 0, 0)).toBe(oldDownloads ? '0/0/open' : '22/0/closed');
    expect(await at(ten, 10, 0)).toBe(oldDownloads ? '0/0/open' : '22/0/closed');
    expect(await at(ten, 3, 100)).toBe(oldDownloads ? '22/0/closed' : '0/7/open');
    expect(await at(ten, 3, 7)).toBe('0/7/open');
  });

  it.each([
    [11, 'ffffffffffffffff64'],
    [12, 'fffffffffffffffe640e'],
    [5000, 'ffffffffffffec82640e'],
  ])('a download from %i of 10 bytes', async (offset, brokenHeader) => {
    const raw = await Raw.connect(storage);
    raw.write(frame(COMMAND.download, download(ten, offset, 0)));
    const answer = expected.oldDownloads ? brokenHeader : '00000000000000006416';
    await expect.poll(() => raw.received.toString('hex')).toBe(answer);
    raw.close();
  });

  it('cluster statistics', async () => {
    const { leader, clusterStats } = expected;
    expect(await exchange(tracker, 95)).toBe(
      leader ? `0/${fdfs.trackers[0]!.length}/open` : refused('tracker'),
    );
    expect(await exchange(tracker, 96, Buffer.alloc(3))).toBe(leader ? '0/91/open' : refused('tracker'));
    expect(await exchange(tracker, 97, Buffer.alloc(4))).toBe(
      clusterStats ? '0/218/open' : refused('tracker'),
    );
    expect(await exchange(tracker, 98, Buffer.alloc(4))).toBe(
      clusterStats ? '0/64/open' : refused('tracker'),
    );
  });
});

it('servers from 6.15 on can be asked for wide addresses', async () => {
  await using fdfs = await EmbeddedFastDFS.start({ addressBytes: 46 });
  expect(await exchange(fdfs.trackers[0]!, 101)).toBe('0/70/open');
  expect(await exchange(fdfs.trackers[0]!, 92, group16('group1'))).toBe('0/517/open');
});

it('servers before 6.11 refuse to list storage ids that are not in use, whatever the request', async () => {
  await using old = await EmbeddedFastDFS.start({ serverVersion: '6.06' });
  for (const length of [0, 4, 5])
    expect(await exchange(old.trackers[0]!, 69, Buffer.alloc(length))).toBe('95/0/open');
  await using later = await EmbeddedFastDFS.start({ serverVersion: '6.11.0' });
  expect(await exchange(later.trackers[0]!, 69, Buffer.alloc(4))).toBe('22/0/open');
  expect(await exchange(later.trackers[0]!, 69, Buffer.alloc(5))).toBe('95/0/open');
});
