/** Injected faults, as a client meets them on the wire. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { exchange, frame, Raw } from './raw.js';
import { append, COMMAND, download, named, upload } from './requests.js';

let fdfs: EmbeddedFastDFS;
let storage: string;
let tracker: string;
const open: Raw[] = [];

beforeAll(async () => {
  fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, trackers: 1 });
  storage = fdfs.storageAddress('group1');
  tracker = fdfs.trackers[0]!;
});

afterEach(async () => {
  for (const raw of open.splice(0)) raw.close();
  fdfs.reset();
  await expect.poll(() => fdfs.connections()).toBe(0);
});

afterAll(() => fdfs?.stop());

async function to(address: string): Promise<Raw> {
  const raw = await Raw.connect(address);
  open.push(raw);
  return raw;
}

async function store(body: Buffer, code: number = COMMAND.upload): Promise<string> {
  const raw = await to(storage);
  return (await raw.ok(code, body)).toString('latin1', 16);
}

describe('while a request arrives', () => {
  it('status answers it and executes nothing', async () => {
    fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28 });
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('28/0/open');
    expect(fdfs.files()).toEqual([]);
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('0/60/open');
  });

  it('status 22 closes a storage connection', async () => {
    fdfs.inject({ action: 'status', status: 22 });
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('22/0/closed');
  });

  it('close and reset end the connection', async () => {
    fdfs.inject({ action: 'close' });
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('closed');
    fdfs.inject({ action: 'reset' });
    const raw = await to(storage);
    const error = new Promise<NodeJS.ErrnoException>((resolve) => raw.socket.once('error', resolve));
    raw.write(frame(COMMAND.upload, upload('x')));
    expect((await error).code).toBe('ECONNRESET');
  });

  it('stall is silence, and the server forgets the client once it leaves', async () => {
    fdfs.inject({ command: 101, action: 'stall' });
    const raw = await to(tracker);
    raw.write(frame(101));
    expect(await raw.reply()).toBe('silence');
    expect(fdfs.connections('tracker/0')).toBe(1);
  });

  it('garbage looks like an HTTP server', async () => {
    fdfs.inject({ command: 101, action: 'garbage' });
    const raw = await to(tracker);
    raw.write(frame(101));
    await raw.closed();
    expect(raw.received.toString()).toMatch(/^HTTP\/1\.1 400/);
  });

  it.each(['reset', 'close', 'stall'] as const)(
    '%s in the middle of an upload leaves no file',
    async (action) => {
      fdfs.inject({ command: 'UPLOAD_FILE', action, afterBytes: 500_000 });
      const raw = await to(storage);
      raw.write(frame(COMMAND.upload, upload(Buffer.alloc(1_000_000))));
      if (action === 'stall') expect(await raw.reply()).toBe('silence');
      else await raw.closed();
      expect(fdfs.files()).toEqual([]);
    },
  );

  it('a request too short for afterBytes passes and leaves the fault armed', async () => {
    fdfs.inject({ command: 'UPLOAD_FILE', action: 'close', afterBytes: 1000 });
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('0/60/open');
    expect(await exchange(storage, COMMAND.upload, upload(Buffer.alloc(2000)))).toBe('closed');
  });
});

describe('while a reply leaves', () => {
  const content = Buffer.alloc(600_000, 'x');

  it.each([
    ['close', 0],
    ['close', 5],
    ['close', 10],
    ['close', 300_000],
    ['reset', 0],
    ['stall', 5],
    ['stall', 300_000],
  ] as const)('%s after %i bytes', async (action, afterBytes) => {
    const name = await store(upload(content));
    fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', action, afterBytes });
    const raw = await to(storage);
    raw.write(frame(COMMAND.download, download(name)));
    if (action === 'stall') await expect.poll(() => raw.received.length).toBe(afterBytes);
    else await raw.closed();
    expect(raw.received).toHaveLength(afterBytes);
  });

  it('the request has been executed', async () => {
    fdfs.inject({ command: 'UPLOAD_FILE', phase: 'reply', action: 'close' });
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('closed');
    expect(fdfs.files()).toHaveLength(1);
    fdfs.inject({ command: 'UPLOAD_FILE', phase: 'reply', action: 'status', status: 5 });
    expect(await exchange(storage, COMMAND.upload, upload('x'))).toBe('5/0/open');
    expect(fdfs.files()).toHaveLength(2);
  });

  it('garbage cuts into it', async () => {
    const name = await store(upload(content));
    fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', action: 'garbage', afterBytes: 4 });
    const raw = await to(storage);
    raw.write(frame(COMMAND.download, download(name)));
    await raw.closed();
    expect(raw.received.toString('latin1', 4, 12)).toBe('HTTP/1.1');
  });

  it('slow comes whole in the end, and the connection lives on', async () => {
    const name = await store(upload('0123456789'));
    fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'slow' });
    const raw = await to(storage);
    let segments = 0;
    raw.socket.on('data', () => {
      segments += 1;
    });
    expect((await raw.ok(COMMAND.download, download(name))).toString()).toBe('0123456789');
    expect(segments).toBeGreaterThan(3);
    expect(await raw.after()).toBe('open');
  });
});

describe('on connect', () => {
  it.each(['reset', 'close'] as const)('%s comes before any request', async (action) => {
    fdfs.inject({ phase: 'connect', server: 'storage', action });
    const raw = await to(storage);
    await raw.closed();
    expect(fdfs.requests()).toBe(0);
    expect(await exchange(storage, 111)).toBe('0/0/open');
  });

  it('stall accepts and is silent', async () => {
    fdfs.inject({ phase: 'connect', action: 'stall' });
    const raw = await to(tracker);
    raw.write(frame(111));
    expect(await raw.reply()).toBe('silence');
  });
});

describe('choosing', () => {
  it('by server, by command, and how often', async () => {
    fdfs.inject({ server: 'group1/1', command: 111, action: 'status', status: 5, times: 2 });
    const other = fdfs.storageAddress('group1', 1);
    expect(await exchange(storage, COMMAND.download, download('M00/00/00/x'.padEnd(44, 'x')))).toBe(
      '2/0/open',
    );
    const raw = await to(other);
    for (const status of [5, 5, 0]) expect(await raw.request(111)).toMatchObject({ status });
  });

  it('for ever, until the reset', async () => {
    fdfs.inject({ server: 'tracker', action: 'status', status: 2, times: Number.POSITIVE_INFINITY });
    const raw = await to(tracker);
    for (let i = 0; i < 20; i++) expect(await raw.request(101)).toMatchObject({ status: 2 });
    fdfs.reset();
    expect(await raw.request(101)).toMatchObject({ status: 0 });
  });

  it.each([
    [{ action: 'explode' as 'close' }, /action/],
    [{ action: 'close', command: 'NO_SUCH' }, /NO_SUCH/],
    [{ action: 'status' }, /status/],
    [{ action: 'close', times: 0 }, /times/],
    [{ action: 'close', afterBytes: -1 }, /afterBytes/],
    [{ action: 'status', status: 2, phase: 'connect' }, /connect/],
  ] as const)('%j is refused', (fault, message) => {
    expect(() => fdfs.inject(fault)).toThrow(message);
  });
});

describe('looking inside', () => {
  it('counts requests by command and server', async () => {
    await exchange(storage, COMMAND.upload, upload('x'));
    await exchange(fdfs.storageAddress('group1', 1), COMMAND.upload, upload('x'));
    expect(fdfs.requests('UPLOAD_FILE')).toBe(2);
    expect(fdfs.requests(COMMAND.upload, 'group1/0')).toBe(1);
    expect(fdfs.requests('ACTIVE_TEST')).toBe(2);
    expect(fdfs.requests(undefined, 'tracker/0')).toBe(0);
    expect(fdfs.requests()).toBe(4);
  });

  it('lists a file once, with the storages that hold it', async () => {
    const name = await store(upload('hello'));
    expect(fdfs.files()).toMatchObject([{ storages: [0] }]);
    await fdfs.sync();
    expect(fdfs.files()).toMatchObject([
      { fileId: `group1/${name}`, group: 'group1', remoteFilename: name, size: 5, storages: [0, 1] },
    ]);
  });

  it('counts connections', async () => {
    const first = await to(storage);
    const second = await to(tracker);
    await Promise.all([first.ok(111), second.ok(111)]);
    expect([fdfs.connections(), fdfs.connections('group1/0'), fdfs.connections('tracker/0')]).toEqual([
      2, 1, 1,
    ]);
  });

  it('the statistics of a storage count what it did', async () => {
    const name = await store(upload('0123456789', 'log'), COMMAND.appender);
    const raw = await to(storage);
    await raw.ok(COMMAND.append, append(name, 'abc'));
    await raw.ok(COMMAND.download, download(name));
    await raw.request(COMMAND.delete, named(name.replace('log', 'gol')));
    const list = await to(tracker);
    const record = await list.ok(92, Buffer.concat([named('', 'group1'), Buffer.from('100001')]));
    const counter = (index: number) => Number(record.readBigInt64BE(150 + index * 8));
    const pair = (index: number) => [counter(index * 2), counter(index * 2 + 1)];
    expect({ upload: pair(0), append: pair(1), delete: pair(5), download: pair(6) }).toEqual({
      upload: [1, 1],
      append: [1, 1],
      delete: [0, 0],
      download: [1, 1],
    });
    expect({ upload: pair(10), append: pair(11), download: pair(13) }).toEqual({
      upload: [10, 10],
      append: [3, 3],
      download: [13, 13],
    });
  });
});

it('cuts off a client that falls silent in the middle of a request, and no other', async () => {
  await using strict = await EmbeddedFastDFS.start({ networkTimeoutMs: 80 });
  const address = strict.storageAddress('group1');
  const [mute, half, idle] = [await to(address), await to(address), await to(address)];
  half.write(frame(COMMAND.upload, upload('x')).subarray(0, 14));
  await idle.ok(111);
  await Promise.all([mute.closed(), half.closed()]);
  expect(await idle.after()).toBe('open');
});
