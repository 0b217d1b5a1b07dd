/** Servers that accept no connection: no byte has left, so every call may be made again, and works when they are back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, NetworkError, TimeoutError } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { DeafListener } from '../helpers/deaf-listener.js';
import { findFreePort } from '../helpers/free-port.js';
import { countInUse } from '../helpers/in-use.js';
import { GROUP, OPERATIONS, prepare } from '../helpers/operations.js';
import { onEmbedded } from '../helpers/servers.js';

const CONNECT_MS = 80;
const RETRIES = 1;
const CELLS = OPERATIONS.map((operation) => [operation.title, operation] as const);
const QUICK = {
  connectTimeoutMs: CONNECT_MS,
  networkTimeoutMs: 500,
  retry: { retries: RETRIES, minTimeoutMs: 1, maxTimeoutMs: 1 },
  locationCache: false,
} as const;

onEmbedded('a server that refuses connections', (server) => {
  it.each(CELLS)('%s', async (_, operation) => {
    server.allowLeftovers();
    const fileId = await prepare(server.client(), operation);
    const port = await findFreePort();
    const client = server.client({
      ...QUICK,
      mapAddress: ({ host, port: own, role }) =>
        role === operation.to ? { host: '127.0.0.1', port } : { host, port: own },
    });
    const before = { requests: server.fdfs.requests(operation.command), files: server.fdfs.files().length };
    const started = performance.now();
    const error = await operation.run(client, fileId).catch((failure) => failure);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      code: 'FASTDFS_CONNECT_FAILED',
      message: expect.stringContaining(`127.0.0.1:${port} (ECONNREFUSED)`),
      cause: { code: 'ECONNREFUSED' },
      retryable: true,
      maybeApplied: false,
    });
    expect(server.fdfs.requests(operation.command)).toBe(before.requests);
    expect(server.fdfs.files().length).toBe(before.files);
  });
});

// Elsewhere a full queue refuses.
describe.skipIf(process.platform !== 'linux')('a connection that is not accepted', () => {
  onEmbedded('in time', (server) => {
    const deaf = {} as Record<'tracker' | 'storage', DeafListener>;
    beforeAll(async () => {
      deaf.tracker = await DeafListener.before(server.fdfs.trackers[0]!);
      deaf.storage = await DeafListener.before(server.fdfs.storageAddress(GROUP));
    });
    afterAll(async () => {
      await deaf.tracker.close();
      await deaf.storage.close();
    });

    it.each(CELLS)('%s: a time-out that may be tried again, and then works', async (_, operation) => {
      server.allowLeftovers();
      const { command, to } = operation;
      const straight = server.client();
      const fileId = await prepare(straight, operation);
      await straight.close();
      const port = Number(server.fdfs.storageAddress(GROUP).split(':')[1]);
      const client = server.client({
        ...QUICK,
        mapAddress: (own) =>
          own.role === to && (to === 'tracker' || own.port === port)
            ? { host: '127.0.0.1', port: deaf[to].port }
            : own,
      });
      const before = { requests: server.fdfs.requests(command), files: server.fdfs.files().length };
      await deaf[to].deafen();
      const started = performance.now();
      const error = await operation.run(client, fileId).catch((failure) => failure);
      const took = performance.now() - started;
      const inUse = countInUse(client);
      await deaf[to].hear();
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({
        code: 'FASTDFS_CONNECT_TIMEOUT',
        phase: 'connect',
        address: `127.0.0.1:${deaf[to].port}`,
        retryable: true,
        maybeApplied: false,
      });
      expect(took).toBeGreaterThan((RETRIES + 1) * CONNECT_MS - 5);
      expect(took).toBeLessThan(1500);
      expect(inUse).toBe(0);
      expect(server.fdfs.requests(command)).toBe(before.requests);
      expect(server.fdfs.files().length).toBe(before.files);

      await operation.run(client, fileId);
      expect(server.fdfs.requests(command)).toBeGreaterThan(before.requests);
      await client.close();
      await expect.poll(() => server.fdfs.connections(), { interval: 2 }).toBe(0);
    });

    it('costs one call its time: the next one leaves such a tracker out', async () => {
      const trackers = [`127.0.0.1:${deaf.tracker.port}`, ...server.trackers];
      await using client = createClient({ ...QUICK, trackers });
      await deaf.tracker.deafen();
      const { fileId } = await client.upload(bytes(1000));
      const started = performance.now();
      for (let round = 0; round < 5; round++) await client.download(fileId);
      await client.delete(fileId);
      expect(performance.now() - started).toBeLessThan(CONNECT_MS);
      await deaf.tracker.hear();
    });
  });
});
