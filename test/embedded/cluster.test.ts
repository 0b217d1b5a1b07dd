/** Life of a cluster: options, servers that come and go, what trackers remember, what is found again. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TEMPORARY_PREFIX } from '../../src/embedded/directory-lock.js';
import { EmbeddedFastDFS, type EmbeddedOptions } from '../../src/embedded/index.js';
import { exchange, exchangeOk, group16, Raw } from './raw.js';
import { append, COMMAND, download, named, setMeta, upload } from './requests.js';

const running: EmbeddedFastDFS[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const fdfs of running.splice(0)) await fdfs.stop();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** A temporary folder of its own: other processes use the system's. */
let temporaryRoot: string;
const systemRoot = process.env.TMPDIR;
beforeAll(async () => {
  temporaryRoot = await mkdtemp(join(tmpdir(), 'embedded-root-'));
  process.env.TMPDIR = temporaryRoot;
});
afterAll(async () => {
  if (systemRoot === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = systemRoot;
  await rm(temporaryRoot, { recursive: true, force: true });
});

function temporaryDirectories(): string[] {
  const names = readdirSync(temporaryRoot).filter((name) => name.startsWith(TEMPORARY_PREFIX));
  return names.map((name) => join(temporaryRoot, name));
}

async function start(options?: EmbeddedOptions): Promise<EmbeddedFastDFS> {
  const fdfs = await EmbeddedFastDFS.start(options);
  running.push(fdfs);
  return fdfs;
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  directories.push(directory);
  return directory;
}

const store = async (address: string, body: Buffer, code: number = COMMAND.upload) =>
  (await exchangeOk(address, code, body)).toString('latin1', 16);
/** Ports of the storages that a tracker names. */
async function portsNamed(tracker: string, code: number, body?: Buffer): Promise<number[]> {
  const reply = await exchangeOk(tracker, code, body);
  const ports: number[] = [];
  for (let at = 16; at + 23 <= reply.length; at += 23) ports.push(Number(reply.readBigInt64BE(at + 15)));
  return ports;
}
const portOf = (address: string) => Number(address.slice(address.lastIndexOf(':') + 1));
const withId = (group: string, id: string) => Buffer.concat([group16(group), Buffer.from(id)]);

describe('options', () => {
  it('nothing at all is one tracker and one storage', async () => {
    const fdfs = await start();
    expect(fdfs.trackers).toHaveLength(1);
    expect(fdfs.options).toEqual({ trackers: fdfs.trackers });
    expect(await exchange(fdfs.trackers[0]!, 91)).toBe('0/113/open');
  });

  it('hands the secret on', async () => {
    const fdfs = await start({ secret: 'FastDFS1234567890', trackers: 2 });
    expect(fdfs.options).toEqual({ trackers: fdfs.trackers, httpSecret: 'FastDFS1234567890' });
  });

  it.each([
    [{ grops: {} } as EmbeddedOptions, /grops/],
    [{ groups: { 'no-good': 1 } }, /no-good/],
    [{ groups: { group1: 33 } }, /group1/],
    [{ trackers: 17 }, /trackers/],
    [{ port: 70_000 }, /port/],
    [{ serverVersion: 'newest' }, /newest/],
    [{ groups: { group1: 2 }, storageIds: false }, /storageIds/],
    [{ groups: { group1: 2 }, storageHosts: { group1: ['127.0.0.1'] } }, /storageHosts/],
  ])('%j is refused', async (options, message) => {
    await expect(EmbeddedFastDFS.start(options)).rejects.toThrow(message);
    expect(temporaryDirectories()).toEqual([]);
  });

  it('looks a host name up, and announces a wildcard address as loopback', async () => {
    const named = await start({ host: 'localhost' });
    expect(named.trackers[0]).toMatch(/^(127\.0\.0\.1|\[::1\]):\d+$/);
    const wild = await start({ host: '0.0.0.0' });
    expect(wild.trackers[0]).toMatch(/^127\.0\.0\.1:/);
    expect((await exchangeOk(wild.trackers[0]!, 101)).toString('latin1', 16, 25)).toBe('127.0.0.1');
    const elsewhere = await start({ host: '0.0.0.0', announceHost: '10.1.2.3' });
    expect(elsewhere.storageAddress('group1')).toMatch(/^10\.1\.2\.3:/);
  });

  it('a port that is taken is an error, and nothing is left behind', async () => {
    const first = await start();
    await expect(EmbeddedFastDFS.start({ port: portOf(first.trackers[0]!) })).rejects.toThrow(/EADDRINUSE/);
    expect(temporaryDirectories()).toEqual([first.directory]);
  });
});

describe('stop', () => {
  it('ends every connection and removes what was stored, however often it is called', async () => {
    const fdfs = await start({ groups: { group1: 2 }, trackers: 2 });
    const raw = await Raw.connect(fdfs.storageAddress('group1'));
    await raw.ok(COMMAND.upload, upload('x'));
    await Promise.all([fdfs.stop(), fdfs.stop()]);
    await raw.closed();
    await fdfs.stop();
    expect(existsSync(fdfs.directory)).toBe(false);
    await expect(Raw.connect(fdfs.trackers[0]!)).rejects.toThrow(/ECONNREFUSED/);
    await expect(fdfs.startStorage('group1')).rejects.toThrow(/stopped/);
  });

  it('comes by itself at the end of a block', async () => {
    let directory: string;
    {
      await using fdfs = await EmbeddedFastDFS.start();
      directory = fdfs.directory;
      expect(existsSync(directory)).toBe(true);
    }
    expect(existsSync(directory)).toBe(false);
  });
});

it('a directory is found again: names, contents, metadata and storage ids', async () => {
  const directory = await temporary();
  const options = { groups: { group1: 2, group2: 1 }, directory };
  const first = await start(options);
  const content = Buffer.alloc(300_000, 'x');
  const name = await store(first.storageAddress('group1', 1), upload(content));
  const appender = await store(first.storageAddress('group2'), upload('abc', 'log'), COMMAND.appender);
  await exchangeOk(first.storageAddress('group1', 1), COMMAND.setMeta, setMeta(name, 'O', 'a\x021'));
  await first.sync();
  const before = first.files();
  await first.stop();
  expect(existsSync(directory)).toBe(true);

  const second = await start({ ...options, groups: { group0: 1, ...options.groups } });
  expect(second.files()).toEqual(before);
  const storage = second.storageAddress('group1');
  expect((await exchangeOk(storage, COMMAND.download, download(name))).equals(content)).toBe(true);
  expect((await exchangeOk(storage, COMMAND.getMeta, named(name))).toString()).toBe('a\x021');
  await exchangeOk(second.storageAddress('group2'), COMMAND.append, append(appender, 'def'));
  expect(
    (
      await exchangeOk(second.storageAddress('group2'), COMMAND.download, download(appender, 0, 0, 'group2'))
    ).toString(),
  ).toBe('abcdef');
  // The source of a file is still known by its id.
  expect(await portsNamed(second.trackers[0]!, 103, named(name))).toEqual([
    portOf(second.storageAddress('group1', 1)),
  ]);
});

it('reset removes files and metadata, and the cluster works on', async () => {
  const fdfs = await start();
  const storage = fdfs.storageAddress('group1');
  const raw = await Raw.connect(storage);
  const name = (await raw.ok(COMMAND.upload, upload('x'))).toString('latin1', 16);
  await raw.ok(COMMAND.setMeta, setMeta(name, 'O', 'a\x021'));
  fdfs.reset();
  expect([fdfs.files(), fdfs.requests()]).toEqual([[], 0]);
  expect(await raw.request(COMMAND.getMeta, named(name))).toMatchObject({ status: 2 });
  await raw.ok(COMMAND.upload, upload('y'));
  expect(fdfs.files()).toHaveLength(1);
  raw.close();
});

describe('a storage that stops', () => {
  it('is not named any more, until it is back on the same port', async () => {
    const fdfs = await start({ groups: { group1: 2 }, syncDelayMs: 600_000 });
    const [tracker, first, second] = [
      fdfs.trackers[0]!,
      fdfs.storageAddress('group1'),
      fdfs.storageAddress('group1', 1),
    ];
    const name = await store(first, upload('x'));
    const where = named(name);
    expect(await portsNamed(tracker, 102, where)).toEqual([portOf(first)]);
    await fdfs.stopStorage('group1', 0);
    await expect(Raw.connect(first)).rejects.toThrow(/ECONNREFUSED/);
    for (const code of [102, 103, 105])
      expect(await portsNamed(tracker, code, where)).toEqual([portOf(second)]);
    expect(await portsNamed(tracker, 107, group16('group1'))).toEqual([portOf(second)]);
    expect((await exchangeOk(tracker, 92, withId('group1', '100001')))[0]).toBe(5);
    // The other one has not received the file.
    expect(await exchange(second, COMMAND.download, download(name))).toBe('2/0/open');
    await fdfs.startStorage('group1', 0);
    expect(fdfs.storageAddress('group1', 0)).toBe(first);
    expect(await portsNamed(tracker, 102, where)).toEqual([portOf(first)]);
    expect((await exchangeOk(first, COMMAND.download, download(name))).toString()).toBe('x');
  });

  it('and leaves none makes trackers answer 2', async () => {
    const fdfs = await start({ groups: { group1: 1, group2: 1 } });
    const tracker = fdfs.trackers[0]!;
    await fdfs.stopStorage('group1');
    for (const code of [102, 103, 105]) {
      expect(await exchange(tracker, code, named('M00/00/00/'.padEnd(44, 'x')))).toBe('2/0/open');
    }
    expect(await exchange(tracker, 104, group16('group1'))).toBe('2/0/open');
    for (let i = 0; i < 3; i++)
      expect((await exchangeOk(tracker, 101)).toString('latin1', 0, 6)).toBe('group2');
    await fdfs.stopStorage('group2');
    expect(await exchange(tracker, 101)).toBe('2/0/open');
  });
});

it('replicas have a file once the delay has passed', async () => {
  const fdfs = await start({ groups: { group1: 2 }, syncDelayMs: 150, syncFileMaxTimeMs: 0 });
  const replica = fdfs.storageAddress('group1', 1);
  const name = await store(fdfs.storageAddress('group1'), upload('x'));
  expect(fdfs.files()[0]!.storages).toEqual([0]);
  expect(await exchange(replica, COMMAND.download, download(name))).toBe('2/0/open');
  await expect.poll(() => exchange(replica, COMMAND.download, download(name))).toBe('0/1/open');
  expect(fdfs.files()[0]!.storages).toEqual([0, 1]);
  expect(await portsNamed(fdfs.trackers[0]!, 105, named(name))).toHaveLength(2);
});

it('deleted storages stay in the list, and their group, until the tracker restarts', async () => {
  const fdfs = await start({ groups: { group1: 2, group2: 1 }, trackers: 2 });
  const [tracker, other] = fdfs.trackers as [string, string];
  const group1 = group16('group1');
  expect(await exchange(tracker, 93, withId('group1', '100001'))).toBe('16/0/open');
  await fdfs.stopStorage('group1', 0);
  await fdfs.stopStorage('group1', 1);
  expect(await exchange(tracker, 93, withId('group1', '100001'))).toBe('0/0/open');
  expect(await exchange(tracker, 93, withId('group1', '100001'))).toBe('114/0/open');
  expect((await exchangeOk(tracker, 92, withId('group1', '100001')))[0]).toBe(4);
  expect((await exchangeOk(other, 92, withId('group1', '100001')))[0]).toBe(5); // each tracker needs the command
  expect(await exchange(tracker, 93, withId('group1', '100002'))).toBe('0/0/open');
  expect(await exchange(tracker, 108, group1)).toBe('16/0/open');
  await fdfs.stopTracker(0);
  await fdfs.startTracker(0);
  expect(await exchange(tracker, 92, group1)).toBe('0/0/open');
  expect(await exchange(tracker, 108, group1)).toBe('0/0/open');
  expect(await exchange(tracker, 108, group1)).toBe('2/0/open');
  expect(await exchange(tracker, 91)).toBe('0/113/open');
  await fdfs.startStorage('group1', 0); // joins again
  expect(await exchange(tracker, 91)).toBe('0/226/open');
  expect(await exchange(tracker, 92, group1)).toBe('0/487/open');
});

it('another tracker leads when the leader stops', async () => {
  const fdfs = await start({ trackers: 3 });
  const [first, second] = fdfs.trackers as [string, string];
  expect((await exchangeOk(second, 95)).toString()).toBe(first);
  await fdfs.stopTracker(0);
  expect((await exchangeOk(second, 95)).toString()).toBe(second);
  const [count, ...rest] = await exchangeOk(second, 96, Buffer.of(1, 1, 0));
  expect([count, rest.length]).toEqual([2, 180]);
  await fdfs.startTracker(0);
  expect(fdfs.trackers[0]).toBe(first);
  expect((await exchangeOk(second, 95)).toString()).toBe(first);
});

it('elects trunk servers in trunk mode', async () => {
  const fdfs = await start({ groups: { group1: 2 }, trunk: true });
  const tracker = fdfs.trackers[0]!;
  const set = (id: string) => exchange(tracker, 94, withId('group1', id));
  expect((await exchangeOk(tracker, 94, group16('group1'))).toString()).toBe('100001\0');
  expect(await set('100001')).toBe('114/0/open');
  expect(await set('100002')).toBe('17/0/open');
  expect(await set('100009')).toBe('17/0/open');
  expect(await exchange(tracker, 97, Buffer.of(1, 61, 0, 1))).toBe('0/112/open');
  expect(await exchange(tracker, 97, Buffer.of(2, 33, 7, 0))).toBe('0/6/open');
  await fdfs.stopStorage('group1', 0);
  expect(await set('100009')).toBe('2/0/open');
  expect(await set('100001')).toBe('64/0/open');
  expect(await set('100002')).toBe('0/7/open');
  expect(await set('100002')).toBe('114/0/open');
});

it('storages with addresses of their own need no ids', async ({ skip }) => {
  const hosts = ['127.0.0.1', '127.0.0.2'];
  const fdfs = await start({ groups: { group1: 2 }, storageHosts: { group1: hosts } }).catch(
    (error: Error) => error,
  );
  if (fdfs instanceof Error) return skip('this machine has one loopback address only');
  const tracker = fdfs.trackers[0]!;
  expect((await exchangeOk(tracker, 75)).toString()).toContain('use_storage_id=0');
  expect(await exchange(tracker, 92, withId('group1', '127.0.0.2'))).toBe('0/487/open');
  expect(await exchange(tracker, 69, Buffer.alloc(5))).toBe('95/0/open');
  expect(await exchange(tracker, 69, Buffer.of(0, 0, 0, 0, 1))).toBe('0/8/open');
  const name = await store(fdfs.storageAddress('group1', 1), upload('x'));
  expect(Buffer.from(name.slice(10, 37), 'base64url').subarray(0, 4)).toEqual(Buffer.of(127, 0, 0, 2));
});

it('IPv6 makes addresses wide', async ({ skip }) => {
  const fdfs = await start({ host: '::1' }).catch((error: Error) => error);
  if (fdfs instanceof Error) return skip('this machine has no IPv6');
  expect(fdfs.trackers[0]).toMatch(/^\[::1\]:\d+$/);
});
