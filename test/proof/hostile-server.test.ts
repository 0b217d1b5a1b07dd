/** Servers that send anything at all: every call ends in time with a typed error or a value, and costs no memory. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, createClient, type FastDFSClient, FastDFSError } from '../../src/index.js';
import { bytes, collect, pieces } from '../helpers/bytes.js';
import { type Answer, HostileServer, locationOf, reply } from '../helpers/hostile.js';
import { countInUse } from '../helpers/in-use.js';
import { newSeed } from '../helpers/random.js';
import { onEmbedded } from '../helpers/servers.js';

const ORDINARY = 'group1/M00/00/00/rBEAAmCvI3GAfb2SAAAAC-vL9l0485.bin';
const APPENDER = 'group1/M00/00/00/rBEAAmCvI3GEfb2SAAAAAOvL9l0485.bin';
const MIB = 1024 * 1024;

type Run = (client: FastDFSClient) => Promise<unknown>;
const CALLS: readonly [string, Run][] = [
  ['upload', (client) => client.upload(bytes(3000))],
  ['upload of a stream', (client) => client.upload(pieces(bytes(100_000)), { blockBytes: 30_000 })],
  ['upload of known length', (client) => client.upload(pieces(bytes(50_000)), { size: 50_000 })],
  ['slave', (client) => client.uploadSlave(ORDINARY, '_small', 'content')],
  ['append', (client) => client.append(APPENDER, bytes(3000))],
  ['append stream', (client) => client.append(APPENDER, pieces(bytes(50_000)), { blockBytes: 20_000 })],
  ['modify', (client) => client.modify(APPENDER, 5, 'content')],
  ['truncate', (client) => client.truncate(APPENDER, 5)],
  ['finalize', (client) => client.finalize(APPENDER)],
  ['delete', (client) => client.delete(ORDINARY)],
  ['download', (client) => client.download(ORDINARY)],
  ['download of a range', (client) => client.download(ORDINARY, { start: 2, end: 5 })],
  ['download of an appender file', (client) => client.download(APPENDER)],
  ['download stream', (client) => collect(client.createDownloadStream(APPENDER))],
  ['stat', (client) => client.stat(ORDINARY, { source: 'server' })],
  ['metadata', (client) => client.getMetadata(ORDINARY)],
  ['set metadata', (client) => client.setMetadata(ORDINARY, { a: 'b' })],
];

const length = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    11n,
    24n,
    39n,
    40n,
    60n,
    -1n,
    2n ** 31n,
    2n ** 32n,
    2n ** 40n,
    2n ** 53n - 1n,
    2n ** 63n - 1n,
  ),
  fc.nat(300).map(BigInt),
);
const content = fc.uint8Array({ maxLength: 300 });
const framed = fc
  .tuple(length, content, fc.constantFrom(0, 0, 0, 2, 22, 28, 255), fc.constantFrom(100, 100, 100, 100, 11))
  .map(([declared, body, status, command]) => reply(declared, body, status, command));
/** A reply that is sound as a frame. */
const sound = fc
  .tuple(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0, 0, 0, 2, 22))
  .map(([body, status]) => reply(BigInt(body.length), body, status));
const answer: fc.Arbitrary<Answer> = fc
  .tuple(fc.array(fc.oneof(framed, sound, content), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, end]) => ({ segments, end }));
const answers = fc.array(answer, { minLength: 1, maxLength: 4 });

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a hostile server', () => {
  let tracker: HostileServer;
  let storage: HostileServer;
  beforeAll(async () => {
    tracker = await HostileServer.start();
    storage = await HostileServer.start();
  });
  afterAll(async () => {
    await tracker.close();
    await storage.close();
  });

  const impatient = () =>
    createClient({
      trackers: `127.0.0.1:${tracker.port}`,
      networkTimeoutMs: 25,
      connectTimeoutMs: 1000,
      retry: { retries: 1, minTimeoutMs: 1, maxTimeoutMs: 1 },
    });

  /** One call against these answers: ended in time, typed, cheap, and nothing left behind. */
  async function survives(run: Run): Promise<void> {
    const client = impatient();
    const before = memory();
    const started = performance.now();
    const error = await run(client).then(
      () => undefined,
      (failure) => failure,
    );
    expect(performance.now() - started).toBeLessThan(5000);
    if (error !== undefined && !(error instanceof FastDFSError)) throw error;
    expect(memory() - before).toBeLessThan(64 * MIB);
    expect(countInUse(client)).toBe(0);
    await client.close();
  }

  const RUNS = { seed: newSeed(), numRuns: 25 } as const;

  it.each(CALLS)('as a tracker: %s', { timeout: 60_000 }, async (_, run) => {
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        tracker.answered = 0;
        tracker.answers = given;
        await survives(run);
      }),
      RUNS,
    );
  });

  it.each(CALLS)('as a storage: %s', { timeout: 60_000 }, async (title, run) => {
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        tracker.answers = [{ segments: [locationOf(storage.port, /^upload/.test(title))], end: false }];
        storage.answered = 0;
        storage.answers = given;
        await survives(run);
        expect(storage.answered).toBeLessThan(60);
      }),
      RUNS,
    );
  });

  it('that declares 2^52 bytes and trickles is left when it stops, at the price of what came', async () => {
    tracker.answers = [{ segments: [locationOf(storage.port, false)], end: false }];
    storage.answered = 0;
    const info = Buffer.alloc(40);
    info.writeBigInt64BE(2n ** 52n, 0);
    storage.answers = [
      { segments: [reply(40n, info)], end: false },
      { segments: [reply(2n ** 52n, Buffer.alloc(0)), ...Array(20).fill(bytes(10_000))], end: false },
    ];
    const client = impatient();
    const before = memory();
    const stream = client.createDownloadStream(APPENDER);
    let got = 0;
    await expect(
      (async () => {
        for await (const chunk of stream) got += (chunk as Buffer).length;
      })(),
    ).rejects.toMatchObject({ code: 'FASTDFS_PROGRESS_TIMEOUT' });
    expect(stream.size).toBe(2 ** 52);
    expect(got).toBe(200_000);
    await expect(client.download(APPENDER)).rejects.toBeInstanceOf(FastDFSError);
    expect(memory() - before).toBeLessThan(16 * MIB);
    await client.close();
  });

  it('keeps no connection of a closed client', async () => {
    await expect.poll(() => tracker.sockets + storage.sockets).toBe(0);
  });
});

onEmbedded('names that would overrun a server', (server) => {
  const long = (total: number) => `group1/M00/00/00/${'A'.repeat(total - 10)}`;

  it.each([128, 129, 143, 500, 100_000])('of %i bytes never leave this machine', async (total) => {
    const client = server.client();
    const id = long(total);
    const calls: Run[] = [
      (c) => c.download(id),
      (c) => c.downloadFile(id),
      (c) => collect(c.createDownloadStream(id)),
      (c) => c.delete(id),
      (c) => c.exists(id),
      (c) => c.stat(id),
      (c) => c.getMetadata(id),
      (c) => c.setMetadata(id, { a: 'b' }),
      (c) => c.append(id, 'x'),
      (c) => c.append(id, pieces(bytes(10))),
      (c) => c.modify(id, 0, 'x'),
      (c) => c.truncate(id),
      (c) => c.finalize(id),
      (c) => c.locate(id),
      (c) => c.uploadSlave(id, '_s', 'x'),
    ];
    for (const run of calls) {
      await expect((async () => await run(client))()).rejects.toBeInstanceOf(ArgumentError);
    }
    expect(server.fdfs.requests()).toBe(0);
    expect(server.fdfs.connections()).toBe(0);
  });

  it('127 bytes are sent, and the server answers', async () => {
    const client = server.client();
    await expect(client.download(long(127))).rejects.toMatchObject({ name: 'ServerError' });
    expect(server.fdfs.requests('DOWNLOAD_FILE')).toBeGreaterThan(0);
  });
});
