/** Serving files when clients leave or are slow, and when the cluster fails. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { expect, it, vi } from 'vitest';
import { fdfsServe } from '../../../src/adapters/http/index.js';
import { bytes, flood } from '../../helpers/bytes.js';
import { settledMemory } from '../../helpers/memory.js';
import { onEmbedded } from '../../helpers/servers.js';
import { onEachDoor, Site } from './harness.js';

/** Reads to the end, good or bad. */
async function closeOf(res: IncomingMessage): Promise<void> {
  const closed = new Promise((resolve) => res.once('close', resolve));
  res.on('error', () => undefined).resume();
  await closed;
}

onEmbedded('serving files to clients that leave', (server) =>
  onEachDoor((door) => {
    it('releases its connection when the client leaves', async () => {
      const client = server.client();
      const { fileId } = await client.upload(flood(64 * 1024 * 1024), { size: 64 * 1024 * 1024 });
      await using site = await Site.start(door.open(client).listener);
      const leased = () => Object.values(client.stats()).reduce((sum, each) => sum + each.leased, 0);
      for (const range of [undefined, 'bytes=0-30000000,40000000-60000000']) {
        const replies = await Promise.all(
          Array.from({ length: 5 }, () =>
            site.open(`/${fileId}`, { headers: range ? { Range: range } : {} }),
          ),
        );
        for (const res of replies) await once(res, 'readable');
        expect(leased()).toBe(5);
        for (const res of replies) res.destroy();
        await expect.poll(leased, { timeout: 2000 }).toBe(0);
      }
      await client.delete(fileId);
    });

    it('releases its connection when the client leaves before the storage has answered', async () => {
      const client = server.client({ locationCache: false });
      const { fileId } = await client.upload('x');
      await using site = await Site.start(door.open(client).listener);
      for (const command of ['QUERY_FETCH_ONE', 'DOWNLOAD_FILE']) {
        server.fdfs.inject({ command, action: 'stall' });
        const socket = await site.ask(`/${fileId}`);
        await expect.poll(() => server.fdfs.requests(command)).toBeGreaterThan(0);
        socket.destroy();
        const busy = () => Object.values(client.stats()).reduce((sum, each) => sum + each.leased, 0);
        await expect.poll(busy, { timeout: 2000 }).toBe(0);
      }
      await client.delete(fileId);
    });

    it('buffers nothing for slow clients', async () => {
      const size = 64 * 1024 * 1024;
      const client = server.client();
      const { fileId } = await client.upload(flood(size), { size });
      await using site = await Site.start(door.open(client).listener);
      const base = await settledMemory();
      const sockets = await Promise.all(Array.from({ length: 8 }, () => site.ask(`/${fileId}`)));
      let most = 0;
      for (let n = 0; n < 10; n++) most = Math.max(most, (await settledMemory()) - base);
      // Of 512 MiB; both servers are in this process, too.
      expect(most).toBeLessThan(64 * 1024 * 1024);
      for (const socket of sockets) socket.destroy();
      const leased = () => Object.values(client.stats()).reduce((sum, each) => sum + each.leased, 0);
      await expect.poll(leased).toBe(0);
      await client.delete(fileId);
    });
  }),
);

onEmbedded('serving files from a broken cluster', (server) =>
  onEachDoor((door) => {
    const failing = { retry: { retries: 0 }, networkTimeoutMs: 500 };

    it.each([
      ['breaks off', 'reset'],
      ['ends early', 'close'],
      ['sends nothing more', 'stall'],
    ] as const)('ends a reply early when the storage %s', async (_, action) => {
      const size = 2 * 1024 * 1024;
      const client = server.client(failing);
      const { fileId } = await client.upload(bytes(size), { group: 'group2', appender: true });
      await using site = await Site.start(door.open(client).listener);
      for (const range of ['bytes=0-', 'bytes=0-1500000,1600000-1700000']) {
        server.fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', afterBytes: 1_000_000, action });
        const res = await site.open(`/${fileId}`, { headers: { Range: range } });
        expect(res.statusCode).toBe(206);
        await closeOf(res);
        expect(res.complete).toBe(false);
      }
      expect((await site.get(`/${fileId}`)).body).toHaveLength(size);
      await client.delete(fileId);
    });

    it('resumes an ordinary file after a lost connection', async () => {
      const content = bytes(2 * 1024 * 1024);
      const client = server.client();
      const { fileId } = await client.upload(content);
      await using site = await Site.start(door.open(client).listener);
      server.fdfs.inject({
        command: 'DOWNLOAD_FILE',
        phase: 'reply',
        afterBytes: 1_000_000,
        action: 'reset',
      });
      expect((await site.get(`/${fileId}`)).body.equals(content)).toBe(true);
      await client.delete(fileId);
    });

    it('never completes a reply whose checksum is wrong', async () => {
      const client = server.client();
      const { fileId } = await client.upload(bytes(1_000_000));
      const file = server.fdfs.files()[0]!;
      await writeFile(file.path, bytes(1_000_000, 2));
      await using site = await Site.start(door.open(client).listener);
      const res = await site.open(`/${fileId}`);
      expect(res.statusCode).toBe(200);
      await closeOf(res);
      expect(res.complete).toBe(false);
      await client.delete(fileId);

      const short = await client.upload(bytes(1000));
      await writeFile(server.fdfs.files()[0]!.path, bytes(1000, 2));
      const reply = await site.get(`/${short.fileId}`);
      expect([reply.status, reply.headers.etag]).toEqual([502, undefined]);
      await client.delete(short.fileId);
    });

    it.each([
      ['storages are down', (): Promise<void> => server.fdfs.stopStorage('group2')],
      ['trackers are down', (): Promise<void> => server.fdfs.stopTracker()],
      [
        'the storage has a disk error',
        async (): Promise<void> => server.fdfs.inject({ action: 'status', status: 5, times: 9 }),
      ],
      [
        'the storage sends garbage',
        async (): Promise<void> => server.fdfs.inject({ action: 'garbage', times: 9 }),
      ],
    ])('answers with a status, or calls next(error), when %s', async (what, breakIt) => {
      const client = server.client({ ...failing, locationCache: false });
      const { fileId } = await client.upload('x', { group: 'group2' });
      const next = vi.fn<(error?: unknown) => void>();
      const serve = fdfsServe(client);
      const { listener } = door.open(client);
      const handOn = (req: IncomingMessage, res: ServerResponse) =>
        serve(req, res, (error) => {
          next(error);
          res.end();
        });
      await using site = await Site.start(listener);
      await using framework = await Site.start(handOn);
      await using app = await Site.start(
        express()
          .use(serve)
          .use(
            (_e: Error, _q: unknown, s: express.Response, _n: unknown) =>
              void s.status((_e as { statusCode?: number }).statusCode!).end(),
          ),
      );
      await breakIt();
      const status = what.includes('down') ? 503 : 502;
      for (const asking of [{}, { method: 'HEAD' }]) {
        const reply = await site.get(`/${fileId}`, asking);
        expect(reply.status).toBe(status);
        expect(reply.headers).not.toHaveProperty('etag');
        expect(reply.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
        expect((await app.get(`/${fileId}`, asking)).status).toBe(status);
        await framework.get(`/${fileId}`, asking);
        expect(next).toHaveBeenLastCalledWith(
          expect.objectContaining({ status, statusCode: status, expose: false }),
        );
      }
      server.fdfs.reset();
      if (what.includes('storages')) await server.fdfs.startStorage('group2');
      if (what.includes('trackers')) await server.fdfs.startTracker();
    });
  }),
);
