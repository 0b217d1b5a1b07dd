/** Whom trackers name, by the policy of their configuration, and what storages refuse for lack of space or connections. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseFileId } from '../../src/core/model/file-id.js';
import { EmbeddedFastDFS, type EmbeddedOptions } from '../../src/embedded/index.js';
import { exchange, exchangeOk, group16, Raw } from './raw.js';
import { append, COMMAND, download, named, setMeta, slave, upload } from './requests.js';

let fdfs: EmbeddedFastDFS;
afterEach(() => fdfs?.stop());

async function start(options: EmbeddedOptions): Promise<void> {
  fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2, group2: 1 }, ...options });
}

const tracker = () => fdfs.trackers[0]!;
/** Group, index of the storage and store path that a query names. */
async function query(code: number, body?: Buffer): Promise<string> {
  const reply = await exchangeOk(tracker(), code, body);
  const port = Number(reply.readBigInt64BE(31));
  const group = reply.toString('latin1', 0, reply.indexOf(0));
  const index = [0, 1].find((each) => {
    try {
      return fdfs.storageAddress(group, each).endsWith(`:${port}`);
    } catch {
      return false;
    }
  });
  return `${group}/${index}/${reply[39] ?? '-'}`;
}
async function repeat(times: number, code: number, body?: Buffer): Promise<string[]> {
  const seen: string[] = [];
  for (let i = 0; i < times; i++) seen.push(await query(code, body));
  return seen;
}

const group1 = group16('group1');

it.each<[EmbeddedOptions, number, Buffer | undefined, string[]]>([
  [{}, 101, undefined, ['group1/0/0', 'group1/1/0', 'group1/0/0']],
  [{ storeLookup: 0 }, 101, undefined, ['group1/0/0', 'group2/0/0', 'group1/1/0']],
  [{ storeLookup: 1, storeGroup: 'group2' }, 101, undefined, ['group2/0/0', 'group2/0/0']],
  [{ capacityBytes: { group1: [5e6, 5e6], group2: [9e6] } }, 101, undefined, ['group2/0/0', 'group2/0/0']],
  [{ storeServer: 1 }, 104, group1, ['group1/0/0', 'group1/0/0']],
  [{ storeServer: 2, uploadPriorities: { group1: [20, 5] } }, 104, group1, ['group1/1/0', 'group1/1/0']],
  [{ trunk: true }, 104, group1, ['group1/0/0', 'group1/0/0']],
  [{ storePaths: 2, storeServer: 1 }, 104, group1, ['group1/0/0', 'group1/0/1', 'group1/0/0']],
  [{ storePaths: 2, storeServer: 1, storePath: 2 }, 104, group1, ['group1/0/0', 'group1/0/0']],
  [{ rwModes: { group1: ['readonly', 'both'] } }, 104, group1, ['group1/1/0', 'group1/1/0']],
])('%j names for %i', async (options, code, body, expected) => {
  await start(options);
  expect(await repeat(expected.length, code, body)).toEqual(expected);
});

it('reads go to each storage that has the file, or to its source', async () => {
  for (const [downloadServer, expected] of [
    [0, 2],
    [1, 1],
  ] as const) {
    await start({ syncDelayMs: 0, downloadServer });
    const name = (await exchangeOk(fdfs.storageAddress('group1', 1), COMMAND.upload, upload('x'))).toString(
      'latin1',
      16,
    );
    expect(new Set(await repeat(4, 102, named(name))).size).toBe(expected);
    await fdfs.stop();
  }
});

it('a storage that is not ACTIVE is not named', async () => {
  await start({});
  for (const state of ['SYNCING', 'WAIT_SYNC', 'RECOVERY'] as const) {
    fdfs.setState('group1', 0, state);
    expect(new Set(await repeat(3, 104, group1))).toEqual(new Set(['group1/1/0']));
  }
  const record = await exchangeOk(tracker(), 92, Buffer.concat([group1, Buffer.from('100001')]));
  expect(record[0]).toBe(9);
  fdfs.setState('group1', 0, 'ACTIVE');
  expect(new Set(await repeat(4, 104, group1)).size).toBe(2);
  expect(() => fdfs.setState('group1', 0, 'BUSY' as 'ACTIVE')).toThrow(/BUSY/);
});

describe('space', () => {
  it('ends at the reserve: 28 from storage and tracker, until something is deleted', async () => {
    await start({ groups: { group1: 1 }, capacityBytes: 100_000, reservedBytes: 20_000 });
    const storage = fdfs.storageAddress('group1');
    const name = (await exchangeOk(storage, COMMAND.upload, upload(Buffer.alloc(70_000)))).toString(
      'latin1',
      16,
    );
    expect(await exchange(storage, COMMAND.upload, upload(Buffer.alloc(15_000)))).toBe('28/0/open');
    await exchangeOk(storage, COMMAND.upload, upload(Buffer.alloc(9_000)));
    expect(await exchange(storage, COMMAND.upload, upload(Buffer.alloc(1_000)))).toBe('28/0/open');
    await exchangeOk(storage, COMMAND.upload, upload(Buffer.alloc(999)));
    expect(fdfs.files()).toHaveLength(3);
    const rest = (await exchangeOk(storage, COMMAND.appender, upload(''))).toString('latin1', 16);
    await exchangeOk(storage, COMMAND.delete, named(rest));
    expect(await exchange(tracker(), 101)).toBe('0/40/open');
    await fdfs.stop();
    await start({ groups: { group1: 1 }, capacityBytes: 1000, reservedBytes: 1000 });
    for (const [code, body] of [[101], [106], [104, group1], [107, group1]] as Array<[number, Buffer?]>)
      expect(await exchange(tracker(), code, body)).toBe('28/0/open');
    expect(name).toHaveLength(44);
  });
});

it('further connections than the limit are closed, and the others work on', async () => {
  await start({ groups: { group1: 1 }, maxConnections: 3 });
  const open = await Promise.all([1, 2, 3].map(() => Raw.connect(tracker())));
  for (const raw of open) await raw.ok(111);
  const surplus = await Raw.connect(tracker());
  surplus.write(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 111, 0]));
  expect(await surplus.reply(2000)).toBe('closed');
  for (const raw of open) await raw.ok(111);
  open[0]!.close();
  await expect.poll(() => exchange(tracker(), 111)).toBe('0/0/open');
  for (const raw of open) raw.close();
});

describe('trunk mode', () => {
  it('gives small files ids of 60 characters, and each its own slot', async () => {
    await start({ trunk: true });
    const storage = fdfs.storageAddress('group1', 0);
    const store = async (size: number, code: number = COMMAND.upload) =>
      (await exchangeOk(storage, code, upload(Buffer.alloc(size, 1)))).toString('latin1', 16);
    const names = [await store(0), await store(100), await store(300_000)];
    expect(names.map(({ length }) => length)).toEqual([60, 60, 60]);
    expect(names.map((name) => Buffer.from(name.slice(37, 53), 'base64url').readUInt32BE(4))).toEqual([
      0, 256, 512,
    ]);
    expect(parseFileId(`group1/${names[1]}`)).toMatchObject({ kind: 'normal', trunk: true, size: 100 });
    expect(await store(1024 * 1024)).toHaveLength(44);
    expect(await store(5, COMMAND.appender)).toHaveLength(44);
    expect((await exchangeOk(storage, COMMAND.download, download(names[1]!))).length).toBe(100);
  });

  it('does not find a slave whose name is as long as its master’s, and keeps the slot of the master', async () => {
    await start({ groups: { group1: 1 }, trunk: true });
    const storage = fdfs.storageAddress('group1');
    const master = (await exchangeOk(storage, COMMAND.upload, upload('master', 'jpg'))).toString(
      'latin1',
      16,
    );
    const made = (await exchangeOk(storage, COMMAND.slave, slave(master, '_', 'js', 'slave'))).toString(
      'latin1',
      16,
    );
    expect(made).toHaveLength(60);
    for (const [code, body] of [
      [COMMAND.download, download(made)],
      [COMMAND.info, named(made)],
      [COMMAND.setMeta, setMeta(made, 'O', 'a\x02b')],
      [COMMAND.slave, slave(made, '_b', 'jpg', 'x')],
      [COMMAND.delete, named(made)],
    ] as const)
      expect(await exchange(storage, code, body)).toBe('2/0/open');
    expect(await exchange(storage, COMMAND.append, append(made, 'x'))).toBe('22/0/closed');
    expect(await exchange(storage, COMMAND.append, append(master, 'x'))).toBe('2/0/open');
    expect(await exchange(storage, COMMAND.upload, upload('next'))).toBe('0/76/open');
    expect((await exchangeOk(storage, COMMAND.download, download(master))).toString()).toBe('master');
    // With its own extension as prefix it even has the name of the master.
    const twin = await exchangeOk(storage, COMMAND.slave, slave(master, '.jpg', '', 'twin'));
    expect(twin.toString('latin1', 16)).toBe(master);
    expect(await exchange(storage, COMMAND.slave, slave(master, '.jpg', '', 'twin'))).toBe('17/0/open');
    expect((await exchangeOk(storage, COMMAND.download, download(master))).toString()).toBe('master');
    await exchangeOk(storage, COMMAND.delete, named(master));
    expect(await exchange(storage, COMMAND.upload, upload('in its place'))).toBe('0/76/open');
  });

  it('answers 17 where a slot is used again before its deletion has arrived', async () => {
    await start({ trunk: true, syncDelayMs: 600_000 });
    const [trunkServer, other] = [fdfs.storageAddress('group1', 0), fdfs.storageAddress('group1', 1)];
    const name = (await exchangeOk(trunkServer, COMMAND.upload, upload('x'))).toString('latin1', 16);
    await fdfs.sync();
    await exchangeOk(trunkServer, COMMAND.delete, named(name));
    expect(await exchange(other, COMMAND.upload, upload('y'))).toBe('17/0/open');
    await fdfs.sync();
    expect(await exchange(other, COMMAND.upload, upload('y'))).toBe('0/76/open');
  });
});

it('numbers of 98 and texts of 69 follow the configuration', async () => {
  await start({ rwModes: { group1: ['both', 'readonly'], group2: ['none'] } });
  const ids = (await exchangeOk(tracker(), 69, Buffer.alloc(5))).toString('latin1', 8).trim().split('\n');
  expect(ids.map((line) => line.split(' ')[3])).toEqual([undefined, 'rw=read', 'rw=none']);
  expect(await exchange(tracker(), 98, Buffer.of(2, 0, 1, 0))).toBe('0/123/open');
  expect(await exchange(tracker(), 97, Buffer.of(2, 60, 7, 0))).toBe('0/6/open');
});
