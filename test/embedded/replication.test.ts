/** What each storage of a group has, and when: changes arrive late, in order, and survive a storage that stops. */

import { crc32 } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { parseFileId } from '../../src/core/model/file-id.js';
import { legacyCrc32 } from '../../src/core/model/legacy-crc32.js';
import { EmbeddedFastDFS, type EmbeddedOptions } from '../../src/embedded/index.js';
import { exchange, exchangeOk, group16, Raw } from './raw.js';
import { append, COMMAND, download, modify, named, setMeta, slave, truncate, upload } from './requests.js';

let fdfs: EmbeddedFastDFS;
let first: string;
let second: string;

afterEach(() => fdfs?.stop());

async function start(options: EmbeddedOptions = {}): Promise<void> {
  fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, ...options });
  first = fdfs.storageAddress('group1', 0);
  second = fdfs.storageAddress('group1', 1);
}

const store = async (body: Buffer, code: number = COMMAND.upload, address = first) =>
  (await exchangeOk(address, code, body)).toString('latin1', 16);
const read = async (address: string, name: string) =>
  (await exchangeOk(address, COMMAND.download, download(name))).toString();
const status = (address: string, name: string) => exchange(address, COMMAND.download, download(name));

it('a fresh upload is at its source only, and trackers name no other', async () => {
  await start();
  const name = await store(upload('fresh'));
  expect(await status(second, name)).toBe('2/0/open');
  for (const code of [102, 103, 105])
    expect(await exchange(fdfs.trackers[0]!, code, named(name))).toBe('0/39/open');
  await expect.poll(() => status(second, name), { timeout: 5000 }).toBe('0/5/open');
});

it('every kind of change arrives, in order', async () => {
  await start({ syncDelayMs: 600_000 });
  const log = await store(upload('0123456789', 'log'), COMMAND.appender);
  await fdfs.sync();
  await exchangeOk(first, COMMAND.append, append(log, 'abc'));
  await exchangeOk(first, COMMAND.modify, modify(log, 0, 'XY'));
  await fdfs.sync();
  await exchangeOk(first, COMMAND.truncate, truncate(log, 11));
  await exchangeOk(first, COMMAND.setMeta, setMeta(log, 'O', 'a\x021'));
  const thumb = await store(slave(log, '_s', 'jpg', 'small'), COMMAND.slave);
  expect(await read(second, log)).toBe('XY23456789abc');
  expect(await status(second, thumb)).toBe('2/0/open');
  await fdfs.sync();
  expect(await read(second, log)).toBe('XY23456789a');
  expect((await exchangeOk(second, COMMAND.getMeta, named(log))).toString()).toBe('a\x021');
  expect(await read(second, thumb)).toBe('small');
  await exchangeOk(first, COMMAND.delete, named(log));
  expect(await read(second, log)).toBe('XY23456789a');
  await fdfs.sync();
  expect(await status(second, log)).toBe('2/0/open');
  expect(await exchange(second, COMMAND.getMeta, named(log))).toBe('2/0/open');
});

it('changes that are written together arrive, too, where nothing else was on its way', async () => {
  await start({ syncDelayMs: 20 });
  const name = await store(upload('with metadata'));
  await exchangeOk(first, COMMAND.setMeta, setMeta(name, 'O', 'a\x021'));
  await fdfs.sync();
  // One change of the file and one of its metadata.
  await exchangeOk(first, COMMAND.delete, named(name));
  await expect.poll(() => status(second, name), { timeout: 3000 }).toBe('2/0/open');
});

it('an append that is cut off again before it is sent never arrives, as on the real server', async () => {
  await start({ syncDelayMs: 600_000 });
  const log = await store(upload('0123', 'log'), COMMAND.appender);
  await fdfs.sync();
  await exchangeOk(first, COMMAND.append, append(log, '4567'));
  await exchangeOk(first, COMMAND.truncate, truncate(log, 6));
  await fdfs.sync();
  expect([await read(first, log), await read(second, log)]).toEqual(['012345', '0123']);
});

it('changes on both storages reach the other one', async () => {
  await start({ syncDelayMs: 600_000 });
  const log = await store(upload('one', 'log'), COMMAND.appender, second);
  await fdfs.sync();
  await exchangeOk(first, COMMAND.append, append(log, ' two'));
  expect(await read(second, log)).toBe('one');
  await fdfs.sync();
  expect(await read(second, log)).toBe('one two');
});

it('without a delay the other storage has a change before the reply', async () => {
  await start({ syncDelayMs: 0 });
  const name = await store(upload('at once'));
  expect(await read(second, name)).toBe('at once');
  expect(await exchange(fdfs.trackers[0]!, 105, named(name))).toBe('0/62/open');
});

it('a rename of a file that the other storage has holds up what follows', async () => {
  await start({ syncDelayMs: 50, renameStallMs: 1500 });
  const log = await store(upload('0123', 'log'), COMMAND.appender);
  await expect.poll(() => status(second, log), { timeout: 5000 }).toBe('0/4/open');
  const renamed = await store(Buffer.from(log), COMMAND.regenerate);
  const behind = await store(upload('behind'));
  await expect.poll(() => status(second, renamed), { timeout: 5000 }).toBe('0/4/open');
  expect(await status(second, log)).toBe('2/0/open');
  expect(await status(second, behind)).toBe('2/0/open');
  await expect.poll(() => status(second, behind), { timeout: 5000 }).toBe('0/6/open');
});

it('what a storage had not sent when it stopped follows after its start', async () => {
  await start({ syncDelayMs: 100 });
  const name = await store(upload('kept'));
  await fdfs.stopStorage('group1', 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await status(second, name)).toBe('2/0/open');
  await fdfs.startStorage('group1', 0);
  await expect.poll(() => status(second, name), { timeout: 5000 }).toBe('0/4/open');
});

it('a lost copy, a changed copy and a lagging storage are made by one call each', async () => {
  await start({ syncDelayMs: 50 });
  const name = await store(upload('whole'));
  const fileId = `group1/${name}`;
  await fdfs.sync();
  await fdfs.corruptCopy(fileId, 1);
  expect(await read(second, name)).not.toBe('whole');
  expect(await read(first, name)).toBe('whole');
  await fdfs.loseCopy(fileId, 1);
  expect(await status(second, name)).toBe('2/0/open');
  await expect(fdfs.loseCopy(fileId, 1)).rejects.toThrow(/group1\/1 does not hold/);
  fdfs.delaySync('group1', 1, Number.POSITIVE_INFINITY);
  const late = await store(upload('late'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await status(second, late)).toBe('2/0/open');
  fdfs.delaySync('group1', 1, 0);
  await expect.poll(() => status(second, late), { timeout: 5000 }).toBe('0/4/open');
});

it('sync times and counters move with what arrives', async () => {
  await start({ syncDelayMs: 600_000 });
  const counters = async (id: string) => {
    const record = await exchangeOk(
      fdfs.trackers[0]!,
      92,
      Buffer.concat([group16('group1'), Buffer.from(id)]),
    );
    const at = (index: number) => Number(record.readBigInt64BE(150 + index * 8));
    return { syncIn: at(28), syncOut: at(30), source: at(38), update: at(39), synced: at(40) };
  };
  await store(upload('12345'));
  expect(await counters('100002')).toMatchObject({ syncIn: 0, update: 0, synced: 0 });
  await fdfs.sync();
  expect(await counters('100001')).toMatchObject({ syncIn: 0, syncOut: 5, synced: 0 });
  const replica = await counters('100002');
  expect(replica).toMatchObject({ syncIn: 5, syncOut: 0, source: 0 });
  expect(Math.abs(replica.synced - Date.now() / 1000)).toBeLessThan(10);
});

it('a listing has what a storage holds, once its binlog is written', async () => {
  await start({ syncDelayMs: 600_000, binlogFlushMs: 0 });
  const list = async (address: string) => {
    const raw = await Raw.connect(address);
    raw.write(
      Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 17, 26, 0]), group16('group1'), Buffer.of(0)]),
    );
    await raw.closed();
    const bytes = raw.received;
    raw.close();
    const text = bytes.subarray(10, bytes.length - 8);
    expect([bytes.readBigInt64BE(0), bytes[9]]).toEqual([2n ** 58n, 0]);
    expect(bytes.readBigInt64BE(bytes.length - 8)).toBe(BigInt(text.length));
    return text
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/^\d{10} /, ''));
  };
  const kept = await store(upload('kept'));
  await exchangeOk(first, COMMAND.setMeta, setMeta(kept, 'O', 'a\x021'));
  const deleted = await store(upload('deleted'));
  await exchangeOk(first, COMMAND.delete, named(deleted));
  const log = await store(upload('log', 'log'), COMMAND.appender);
  const renamed = await store(Buffer.from(log), COMMAND.regenerate);
  expect(await list(first)).toEqual([`C ${kept}`, `C ${kept}-m`, `C ${renamed}`]);
  expect(await list(second)).toEqual([]);
  await fdfs.sync();
  expect(await list(second)).toEqual([`c ${kept}`, `c ${kept}-m`, `c ${renamed}`]);
  expect(await exchange(first, 26, Buffer.concat([group16('group2'), Buffer.of(0)]))).toBe('22/0/closed');
  expect(await exchange(first, 26, Buffer.concat([group16('group1'), Buffer.of(1)]))).toBe('22/0/closed');
});

it('servers before 5.12 name the CRC-32 of their time', async () => {
  await start({ serverVersion: '5.11' });
  const content = 'a file of an old server';
  const { crc32: named12 } = parseFileId(`group1/${await store(upload(content))}`);
  expect(named12).toBe(legacyCrc32(Buffer.from(content)));
  expect(named12).not.toBe(crc32(content));
});
