/** Nothing grows with use, nothing stays open, and a client keeps no process alive. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ClosedError, type FastDFSClient, type FastDFSOptions } from '../../src/index.js';
import { bytes, collect, flood } from '../helpers/bytes.js';
import { MIB, openFiles, resources, settledMemory } from '../helpers/memory.js';
import { newSeed, Random } from '../helpers/random.js';
import { buildScript } from '../helpers/run/build.js';
import { onEmbedded } from '../helpers/servers.js';
import { abortedStreams, smallOperations } from '../helpers/wear.js';

/** One tracker and three storages, and the connections that a client keeps to each. */
const SERVERS = 4;
const POOL = 16;
/** What waits for one of these times, and not for `close()`, waits longer than a test may take. */
const NEVER_MS = 600_000;
const PATIENT: Partial<FastDFSOptions> = {
  connectTimeoutMs: NEVER_MS,
  networkTimeoutMs: NEVER_MS,
  pool: { maxPerServer: 4, acquireTimeoutMs: NEVER_MS },
  retry: { minTimeoutMs: NEVER_MS, maxTimeoutMs: NEVER_MS },
};

onEmbedded('use', (server) => {
  it('of 10,000 small operations leaves memory and handles as they were', { timeout: 120_000 }, async () => {
    const client = server.client();
    await smallOperations(client, 4000);
    const before = { memory: await settledMemory(), handles: resources(), files: openFiles() };
    await smallOperations(client, 10_000);
    const after = { memory: await settledMemory(), handles: resources(), files: openFiles() };
    expect(after.memory - before.memory).toBeLessThan(3 * MIB);
    // Both ends of every connection are in this process; a pool may still grow to its bound.
    expect(after.handles.TCPSocketWrap ?? 0).toBeLessThanOrEqual(SERVERS * POOL * 2);
    expect(after.files).toBeLessThanOrEqual(before.files + SERVERS * POOL * 2);
    expect(after.handles.Timeout ?? 0).toBeLessThanOrEqual((before.handles.Timeout ?? 0) + 2);
  });

  it('of 200 aborted streams leaves memory, handles and the server as they were', {
    timeout: 60_000,
  }, async () => {
    const client = server.client();
    await abortedStreams(client, 100);
    const before = await settledMemory();
    await abortedStreams(client, 200);
    expect((await settledMemory()) - before).toBeLessThan(4 * MIB);
    await client.close();
    await expect.poll(() => server.fdfs.connections()).toBe(0);
    expect(server.fdfs.files()).toEqual([]);
  });
});

onEmbedded('close()', (server) => {
  it('at any moment of anything ends everything and leaves nothing', { timeout: 60_000 }, async () => {
    server.allowLeftovers();
    const random = new Random(newSeed());
    const done = new Set<string>();
    let unsure = 0;
    const { fileId } = await server.client().upload(bytes(3 * MIB));
    for (let round = 0; round < 15; round++) {
      const client = server.client(PATIENT);
      const outcomes = Promise.allSettled(everything(client, fileId));
      await delay(random.int(0, 25));
      await client.close();
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason, `TEST_SEED=${random.seed}`).toBeInstanceOf(ClosedError);
          if (outcome.reason.maybeApplied || outcome.reason.orphan) unsure++;
        } else if (outcome.value && 'fileId' in Object(outcome.value)) {
          done.add((outcome.value as { fileId: string }).fileId);
        }
      }
      for (const stats of Object.values(client.stats()))
        expect(stats).toEqual({ open: 0, idle: 0, leased: 0, waiting: 0 });
    }
    const strays = server.fdfs.files().filter((file) => file.fileId !== fileId && !done.has(file.fileId));
    expect(strays.length, `TEST_SEED=${random.seed}`).toBeLessThanOrEqual(unsure);
    const kept = new Set(server.fdfs.files().map((file) => file.fileId));
    for (const id of done) expect(kept.has(id)).toBe(true);
  });
});

onEmbedded('a process', (server) => {
  it.each(['close', 'leave'])('that ends with "%s" is not held up', { timeout: 30_000 }, async (how) => {
    const script = await buildScript(new URL('../helpers/short-lived.ts', import.meta.url));
    const child = fork(script, [server.trackers.join(','), how], { execArgv: [] });
    const exited = once(child, 'exit');
    expect(await once(child, 'message').then(([message]) => message)).toBe('done');
    const done = performance.now();
    const [code] = await exited;
    expect(code).toBe(0);
    expect(performance.now() - done).toBeLessThan(1500);
    await expect.poll(() => server.fdfs.connections()).toBe(0);
  });
});

function everything(client: FastDFSClient, fileId: string): Promise<unknown>[] {
  const calls: Promise<unknown>[] = [];
  for (let number = 0; number < 12; number++) {
    calls.push(
      client.upload(bytes(20_000, number)),
      client.upload(flood(MIB), { size: MIB }),
      client.upload(flood(MIB), { blockBytes: 100_000 }),
      client.download(fileId),
      collect(client.createDownloadStream(fileId)),
      client.stat(fileId, { source: 'server' }),
    );
  }
  return calls;
}
