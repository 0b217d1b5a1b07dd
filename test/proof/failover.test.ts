/** Dead servers are passed over, what is safe is tried again, and nothing else is. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { ClosedError, createClient, parseFileId } from '../../src/index.js';
import { bytes, collect, flood, pieces, sha256 } from '../helpers/bytes.js';
import { TcpProxy } from '../helpers/proxy.js';
import { onEmbedded } from '../helpers/servers.js';

const MIB = 1024 * 1024;
/** QUERY_FETCH_ONE and QUERY_FETCH_ALL. */
const FETCH_QUERIES = [102, 105];

onEmbedded('storages', (server) => {
  it('an upload passes over a storage that is down', async () => {
    const client = server.client({ group: 'group1' });
    const ids: string[] = [];
    await client.upload('warm').then(({ fileId }) => client.delete(fileId));
    await server.fdfs.stopStorage('group1', 0);
    try {
      for (let round = 0; round < 8; round++) ids.push((await client.upload(`round ${round}`)).fileId);
      for (const [round, id] of ids.entries())
        expect((await client.download(id)).toString()).toBe(`round ${round}`);
      for (const id of ids) await client.delete(id);
    } finally {
      await server.fdfs.startStorage('group1', 0);
    }
  });

  it('an upload refused for lack of space goes to another storage', async () => {
    const client = server.client({ group: 'group1' });
    server.fdfs.inject({
      command: 'UPLOAD_FILE',
      server: 'group1/0',
      action: 'status',
      status: 28,
      times: 2,
    });
    for (let round = 0; round < 4; round++) {
      const { fileId } = await client.upload(`round ${round}`);
      await client.delete(fileId);
    }
    server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28, times: 99 });
    await expect(client.upload('nowhere')).rejects.toMatchObject({
      code: 'FASTDFS_NO_SPACE',
      errno: 'ENOSPC',
    });
  });

  it('a storage that hangs is left alone after its first call, and asked again later', async () => {
    const client = server.client({ group: 'group1', networkTimeoutMs: 150 });
    const { fileId } = await client.upload('seen by both');
    await server.fdfs.sync();
    await expect.poll(async () => (await client.locate(fileId)).length).toBe(2);
    const asked = () => server.fdfs.requests('DOWNLOAD_FILE', 'group1/0');
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', server: 'group1/0', action: 'stall', times: 1 });
    const before = asked();
    const downloads = async () => {
      for (let round = 0; round < 20; round++) await client.download(fileId);
      return asked() - before;
    };
    // The clock stands still, so that the backoff lasts as long as the test needs.
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      expect(await downloads()).toBe(1);
      vi.advanceTimersByTime(60_000);
      expect(await downloads()).toBeGreaterThan(1);
    } finally {
      vi.useRealTimers();
    }
    await client.delete(fileId);
  });

  it('an upload that meets a storage between two of its folders is sent again', async () => {
    const client = server.client({ group: 'group1', locationCache: false });
    server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 2 });
    const before = server.fdfs.requests('UPLOAD_FILE');
    const { fileId } = await client.upload('moved on');
    expect((await client.download(fileId)).toString()).toBe('moved on');
    expect(server.fdfs.requests('UPLOAD_FILE') - before).toBe(2);
    await client.delete(fileId);
    server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 2, times: 99 });
    await expect(client.upload('nowhere')).rejects.toMatchObject({
      code: 'FASTDFS_NOT_FOUND',
      message: expect.stringContaining('upload again'),
    });
  });

  it.each(['reset', 'close', 'stall'] as const)(
    'a download that breaks (%s) goes on at the byte reached',
    async (action) => {
      const content = bytes(3 * MIB);
      const { fileId } = await server.client().upload(content, { group: 'group1' });
      const client = server.client(action === 'stall' ? { networkTimeoutMs: 500 } : {});
      server.fdfs.inject({ command: 'DOWNLOAD_FILE', action, phase: 'reply', afterBytes: 1_500_000 });
      server.fdfs.inject({ command: 'DOWNLOAD_FILE', action, phase: 'reply', afterBytes: 700_000 });
      const before = server.fdfs.requests('DOWNLOAD_FILE');
      expect(sha256(await collect(client.createDownloadStream(fileId)))).toBe(sha256(content));
      expect(server.fdfs.requests('DOWNLOAD_FILE') - before).toBe(3);
      await client.delete(fileId);
    },
  );

  it('a download of a file that can change is not resumed', async () => {
    const client = server.client();
    const { fileId } = await client.upload(bytes(2 * MIB), { appender: true });
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'reset', phase: 'reply', afterBytes: 500_000 });
    await expect(collect(client.createDownloadStream(fileId))).rejects.toMatchObject({
      code: 'FASTDFS_CONNECTION_LOST',
      fileId,
    });
    await client.delete(fileId);
  });

  it('a reader that pauses for long gives its connection back and goes on later', async () => {
    const client = server.client({ networkTimeoutMs: 100, pool: { maxPerServer: 1 }, group: 'group2' });
    const content = bytes(8 * MIB);
    const { fileId, storage } = await client.upload(content);
    const stream = client.createDownloadStream(fileId);
    const iterator = stream[Symbol.asyncIterator]();
    const first = (await iterator.next()).value as Buffer;
    const pool = () => client.stats()[`${storage.host}:${storage.port}`]!;
    await expect.poll(() => pool().leased).toBe(0);
    expect((await client.download(fileId, { end: 9 })).equals(content.subarray(0, 10))).toBe(true);
    const read: Buffer[] = [first];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) read.push(next.value);
    expect(sha256(Buffer.concat(read))).toBe(sha256(content));
    await client.delete(fileId);
  });

  it('a block that was lost on its way is written again at its offset', async () => {
    const client = server.client();
    const content = bytes(4 * MIB);
    server.fdfs.inject({ command: 'MODIFY_FILE', action: 'reset', phase: 'request', afterBytes: 300_000 });
    server.fdfs.inject({ command: 'MODIFY_FILE', action: 'reset', phase: 'reply' });
    const { fileId } = await client.upload(pieces(content), {
      whenSizeUnknown: 'stream',
      finalize: 'rename',
    });
    expect(sha256(await client.download(fileId))).toBe(sha256(content));
    await client.delete(fileId);
  });

  it.each([
    ['UPLOAD_FILE', (c: ReturnType<typeof createClient>) => c.upload('once')],
    ['UPLOAD_FILE', (c: ReturnType<typeof createClient>) => c.upload(pieces(Buffer.from('once')))],
  ])('a %s whose reply is lost is not sent again', async (command, run) => {
    server.allowLeftovers();
    const client = server.client();
    const before = server.fdfs.requests(command);
    server.fdfs.inject({ command, action: 'reset', phase: 'reply' });
    await expect(run(client)).rejects.toMatchObject({ maybeApplied: true, retryable: false });
    expect(server.fdfs.requests(command) - before).toBe(1);
  });

  it('an append whose reply is lost is not sent again', async () => {
    const client = server.client();
    const { fileId } = await client.upload('a', { appender: true });
    server.fdfs.inject({ command: 'APPEND_FILE', action: 'close', phase: 'reply' });
    await expect(client.append(fileId, 'b')).rejects.toMatchObject({ maybeApplied: true, retryable: false });
    expect((await client.download(fileId)).toString()).toBe('ab');
    await client.delete(fileId);
  });

  it('every upload asks where it may go, and a file that is read again is not asked about again', async () => {
    const client = server.client();
    const asked = (...codes: number[]) => codes.map((code) => server.fdfs.requests(code));
    const before = asked(101, 102, 103, 104, 105, 106, 107);
    const ids: string[] = [];
    for (let round = 0; round < 10; round++) ids.push((await client.upload(`${round}`)).fileId);
    for (let round = 0; round < 10; round++) await client.download(ids[0]!);
    for (const id of ids) await client.delete(id);
    const after = asked(101, 102, 103, 104, 105, 106, 107);
    const [uploads, ...others] = after.map((count, index) => count - before[index]!);
    // Where ten uploads take long, the first of them let the client ask ahead for more.
    expect(uploads).toBeGreaterThanOrEqual(10);
    expect(others).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it('a cached location that no longer has the file is asked about again', async () => {
    const client = server.client();
    const other = server.client();
    const { fileId } = await client.upload('x');
    await client.download(fileId);
    await other.delete(fileId);
    await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
  });
});

describe('trackers', () => {
  it('a dead tracker is skipped, gets a backoff, and is found again', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ trackers: 2 });
    await using client = createClient({ ...fdfs.options, locationCache: false });
    await fdfs.stopTracker(0);
    for (let round = 0; round < 10; round++) await client.delete((await client.upload('x')).fileId);
    await fdfs.startTracker(0);
    await fdfs.stopTracker(1);
    for (let round = 0; round < 10; round++) await client.delete((await client.upload('x')).fileId);
  });

  it('a tracker that hangs is left alone after its first call, and tried again by one call at a time', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ trackers: 2 });
    await using client = createClient({ ...fdfs.options, networkTimeoutMs: 900 });
    fdfs.inject({ server: 'tracker/0', action: 'stall', times: Number.POSITIVE_INFINITY });
    let late = 0;
    const upload = async () => {
      const start = Date.now();
      await client.upload('text');
      if (Date.now() - start > 800) late++;
    };
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      for (let round = 0; round < 10; round++) await upload();
      vi.advanceTimersByTime(60_000);
      await Promise.all(Array.from({ length: 20 }, (_, index) => delay(5 * index).then(upload)));
      expect(late).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('all dead: one error that names every one, with a cause for each', async () => {
    const fdfs = await EmbeddedFastDFS.start({ trackers: 2 });
    const { trackers } = fdfs;
    await fdfs.stop();
    await using client = createClient({
      trackers,
      retry: { retries: 1, minTimeoutMs: 10, maxTimeoutMs: 10 },
    });
    const error = await client.upload('x').catch((e) => e);
    expect(error).toMatchObject({
      name: 'NetworkError',
      code: 'FASTDFS_NO_TRACKER',
      retryable: true,
      maybeApplied: false,
    });
    expect(error.cause).toBeInstanceOf(AggregateError);
    for (const tracker of trackers) expect(error.message).toContain(tracker);
    expect(error.cause.errors.map((e: { address: string }) => e.address).sort()).toEqual(
      [...trackers].sort(),
    );
  });

  it('a port that speaks HTTP is named as such', async () => {
    await using fdfs = await EmbeddedFastDFS.start();
    await using client = createClient(fdfs.options);
    fdfs.inject({ server: 'tracker', action: 'garbage' });
    await expect(client.upload('x')).rejects.toThrow(/looks like an HTTP port/);
  });
});

describe('a replica that lags', () => {
  it('does not make a file missing: its source is asked even when the trackers do not name it', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, syncDelayMs: 60_000 });
    const [host, port] = fdfs.trackers[0]!.split(':') as [string, string];
    const [, source] = fdfs.storageAddress('group1', 0).split(':');
    const [, replica] = fdfs.storageAddress('group1', 1).split(':');
    const lying = new Set<object>();
    await using proxy = await TcpProxy.to(host, Number(port), {
      // Queries where to read are answered with the other storage.
      request: (chunk, send, socket) => {
        if (FETCH_QUERIES.includes(chunk[8]!)) lying.add(socket);
        send(chunk);
      },
      reply: (chunk, send, socket) => {
        if (lying.delete(socket)) {
          const at = chunk.length - 8;
          const named = chunk.readBigInt64BE(at) === BigInt(source!) ? replica : source;
          chunk.writeBigInt64BE(BigInt(named!), at);
        }
        send(chunk);
      },
    });
    await using client = createClient({ trackers: `127.0.0.1:${proxy.port}`, retry: { retries: 0 } });
    for (let round = 0; round < 4; round++) {
      const { fileId } = await client.upload(`round ${round}`);
      expect((await client.download(fileId)).toString()).toBe(`round ${round}`);
      expect(await client.exists(fileId)).toBe(true);
      await client.delete(fileId);
      await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
    }
  });
});

describe('a replica whose copy is not whole', () => {
  it('does not make a file unreadable: its source is asked even when the trackers do not name it', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 } });
    await using writer = createClient(fdfs.options);
    const content = bytes(3000);
    const { fileId, storage } = await writer.upload(content);
    await fdfs.sync();
    const addresses = [fdfs.storageAddress('group1', 0), fdfs.storageAddress('group1', 1)];
    const replica = Number(addresses.find((each) => !each.endsWith(`:${storage.port}`))!.split(':')[1]);
    const [host, port] = fdfs.trackers[0]!.split(':') as [string, string];
    const lying = new Set<object>();
    await using tracker = await TcpProxy.to(host, Number(port), {
      request: (chunk, send, socket) => {
        if (FETCH_QUERIES.includes(chunk[8]!)) lying.add(socket);
        send(chunk);
      },
      // One storage, the replica: 39 bytes instead of 8 more for each further one.
      reply: (chunk, send, socket) => {
        if (!lying.delete(socket)) return send(chunk);
        const named = Buffer.from(chunk.subarray(0, 10 + 39));
        named.writeBigInt64BE(39n, 0);
        named.writeBigInt64BE(BigInt(replica), 10 + 31);
        send(named);
      },
    });
    let asked = 0;
    await using short = await TcpProxy.to(host, replica, {
      reply: (chunk, send) => {
        asked++;
        const cut = Buffer.from(chunk.subarray(0, chunk.length - 100));
        cut.writeBigInt64BE(cut.readBigInt64BE(0) - 100n, 0);
        send(cut);
      },
    });
    await using client = createClient({
      trackers: `127.0.0.1:${tracker.port}`,
      retry: { retries: 0 },
      mapAddress: (own) => (own.port === replica ? { host: '127.0.0.1', port: short.port } : own),
    });
    expect((await client.download(fileId)).equals(content)).toBe(true);
    expect(asked).toBe(1);
    await client.delete(fileId);
  });
});

describe('servers of other times', () => {
  it.each(['5.12', '6.10.0', '6.11.0', '6.13.0', '6.15.0', '6.16.1'])('version %s', async (serverVersion) => {
    await using fdfs = await EmbeddedFastDFS.start({ serverVersion, groups: { group1: 2 } });
    await using client = createClient(fdfs.options);
    const old = serverVersion === '5.12';
    const content = bytes(2 * MIB + 1);
    const small = await client.upload('small', { metadata: { a: 'b' } });
    expect((await client.download(small.fileId, { start: 1, end: 99 })).toString()).toBe('mall');
    const spooled = await client.upload(pieces(content));
    expect([spooled.kind, spooled.size]).toEqual(['normal', content.length]);
    const streamed = await client.upload(pieces(content), {
      metadata: { c: 'd' },
      whenSizeUnknown: 'stream',
      finalize: 'rename',
    });
    expect(streamed.kind).toBe(old ? 'appender' : 'normal');
    expect(parseFileId(streamed.fileId).kind).toBe(streamed.kind);
    expect(sha256(await client.download(streamed.fileId))).toBe(sha256(content));
    expect((await client.download(streamed.fileId, { start: 2 * MIB, end: 3 * MIB })).length).toBe(1);
    expect(await client.getMetadata(streamed.fileId)).toEqual({ c: 'd' });
    const empty = await client.upload('', { appender: true });
    expect((await client.download(empty.fileId)).length).toBe(0);
    expect(await client.stat(empty.fileId)).toMatchObject({ size: 0 });
  });
});

onEmbedded('close', (server) => {
  it('ends every call and stream under way, removes what they left, and can be called twice', async () => {
    server.allowLeftovers();
    const client = server.client();
    const { fileId } = await client.upload(bytes(8 * MIB), { group: 'group1' });
    const half = client.createUploadStream({ group: 'group2', whenSizeUnknown: 'stream' });
    half.on('error', () => undefined);
    for (const _ of [1, 2, 3]) if (!half.write(bytes(MIB))) await once(half, 'drain');
    server.fdfs.inject({ command: 'QUERY_FILE_INFO', action: 'stall' });
    const stalled = client.stat(fileId, { source: 'server' });
    const reading = collect(client.createDownloadStream(fileId));
    const sending = client.upload(flood(64 * MIB), { size: 64 * MIB });
    const outcomes = Promise.allSettled([stalled, reading, sending]);
    await delay(20);
    await Promise.all([client.close(), client.close()]);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'FASTDFS_CLOSED' } });
    }
    expect(half.errored).toBeInstanceOf(ClosedError);
    expect(server.fdfs.files().map((file) => file.fileId)).toEqual([fileId]);
    await expect(client.upload('x')).rejects.toBeInstanceOf(ClosedError);
    expect(() => client.createUploadStream()).toThrow(ClosedError);
    await expect.poll(() => server.fdfs.connections()).toBe(0);
  });

  it('ten thousand uploads share sixteen connections', { timeout: 60_000 }, async () => {
    server.allowLeftovers();
    const client = server.client({ group: 'group2' });
    let most = 0;
    const uploads = Array.from({ length: 10_000 }, (_, index) =>
      client.upload(`number ${index}`).then(({ fileId }) => {
        most = Math.max(most, server.fdfs.connections('group2/0'));
        return fileId;
      }),
    );
    const ids = await Promise.all(uploads);
    expect(new Set(ids).size).toBe(10_000);
    expect(most).toBeLessThanOrEqual(16);
    for (const index of [0, 5000, 9999])
      expect((await client.download(ids[index]!)).toString()).toBe(`number ${index}`);
  });
});
