/** More calls than connections: first come, first served, in bounded memory, and a time-out that says why. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TimeoutError } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { openStreams, rush } from '../helpers/crowd.js';
import { MIB, Peak, settledMemory } from '../helpers/memory.js';
import { onEmbedded } from '../helpers/servers.js';

onEmbedded('a crowd', (server) => {
  it('of 10,000 uploads is served in order, by sixteen connections, in little memory', {
    timeout: 60_000,
  }, async () => {
    server.allowLeftovers();
    const client = server.client({ group: 'group2', pool: { acquireTimeoutMs: 60_000 } });
    await client.upload('warm');
    const before = await settledMemory();
    const peak = new Peak();
    const { overtaken, most } = await rush(client, 10_000, () => server.fdfs.connections('group2/0'));
    const { heap, buffers } = peak.stop();
    expect(most).toBeLessThanOrEqual(16);
    // Sixteen are under way at a time, and answers of different connections may cross.
    expect(overtaken).toBeLessThan(64);
    expect(heap + buffers).toBeLessThan(160 * MIB);
    expect((await settledMemory()) - before).toBeLessThan(8 * MIB);
  });

  it('of 300 streams at once through sixteen connections, in little memory', {
    timeout: 60_000,
  }, async () => {
    const client = server.client({ group: 'group2' });
    const peak = new Peak();
    const { wrong } = await openStreams(client, 300, 256 * 1024);
    const { heap, buffers } = peak.stop();
    expect(wrong).toBe(0);
    expect(heap + buffers).toBeLessThan(200 * MIB);
  });

  it('that gets no connection in time says how many are in use and how many calls wait', async () => {
    const client = server.client({ group: 'group2', pool: { maxPerServer: 2, acquireTimeoutMs: 150 } });
    const { fileId } = await client.upload(bytes(1000));
    server.fdfs.inject({ command: 'GET_METADATA', action: 'stall', times: 2 });
    const stop = new AbortController();
    const stalled = [1, 2].map(() => client.getMetadata(fileId, { signal: stop.signal }));
    await delay(30);
    const started = performance.now();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => client.stat(fileId, { source: 'server' })),
    );
    expect(performance.now() - started).toBeLessThan(1000);
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome.status).toBe('rejected');
      const { reason } = outcome as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(TimeoutError);
      expect(reason).toMatchObject({
        code: 'FASTDFS_POOL_TIMEOUT',
        phase: 'lease',
        retryable: true,
        maybeApplied: false,
      });
      const waiting = 5 - index;
      expect(reason.message).toMatch(
        new RegExp(`within 150 ms \\(2 in use of pool.maxPerServer = 2, ${waiting} calls? waiting\\)`),
      );
    }
    stop.abort(new Error('enough'));
    for (const outcome of await Promise.allSettled(stalled))
      expect(outcome).toMatchObject({ status: 'rejected' });
    await client.delete(fileId);
  });
});

onEmbedded('a group whose storages are away', (server) => {
  it('is no reason to say that a file does not exist, has no metadata, or has been deleted', async () => {
    const client = server.client({ group: 'group2', retry: { retries: 0 }, locationCache: false });
    const { fileId } = await client.upload('x', { metadata: { a: 'b' } });
    await server.fdfs.stopStorage('group2');
    try {
      const why = {
        code: 'FASTDFS_NOT_FOUND',
        message: expect.stringMatching(/none of its storages is ACTIVE/),
      };
      await expect(client.exists(fileId)).rejects.toMatchObject(why);
      await expect(client.getMetadata(fileId)).rejects.toMatchObject(why);
      await expect(client.delete(fileId, { ignoreNotFound: true })).rejects.toMatchObject(why);
    } finally {
      await server.fdfs.startStorage('group2');
    }
    expect(await client.getMetadata(fileId)).toEqual({ a: 'b' });
    await client.delete(fileId);
    await client.delete(fileId, { ignoreNotFound: true });
    expect(await client.exists(fileId)).toBe(false);
  });
});
