/** Serving files as Responses: what fetch handlers have beyond the table that they share with `fdfsServe`. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { fdfsFetch } from '../../../src/adapters/fetch/index.js';
import type { FastDFSClient } from '../../../src/index.js';
import { bytes, flood } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';

const MIB = 1024 * 1024;

function request(path: string, init?: RequestInit): Request {
  return new Request(`http://localhost/${path}`, init);
}

function countLeased(client: FastDFSClient): number {
  return Object.values(client.stats()).reduce((sum, { leased }) => sum + leased, 0);
}

onEachServer('a fetch handler', (server) => {
  it.each([0, 1, 65_536, 65_537, 3 * MIB + 1])(
    'returns %i bytes, by every way to read a body',
    async (size) => {
      const client = server.client();
      const content = bytes(size);
      const { fileId } = await client.upload(content, { ext: 'bin' });
      const serve = fdfsFetch(client);
      const response = await serve(request(fileId));
      expect(response).toBeInstanceOf(Response);
      expect([response.status, response.headers.get('content-length')]).toEqual([200, String(size)]);
      expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);

      const chunks: Uint8Array[] = [];
      for await (const chunk of (await serve(request(fileId))).body ?? []) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(content)).toBe(true);
      const blob = await (await serve(request(fileId))).blob();
      expect([blob.size, blob.type]).toEqual([size, 'application/octet-stream']);

      const head = await serve(request(fileId, { method: 'HEAD' }));
      expect([head.body, head.headers.get('content-length')]).toEqual([null, String(size)]);
      await client.delete(fileId);
    },
  );

  it.each([
    ['a file of a form', async (incoming: Request) => (await incoming.formData()).get('file') as File],
    ['a body', async (incoming: Request) => incoming.body!],
  ])('uploads %s', async (title, open) => {
    const client = server.client();
    for (const size of [0, 1, 300_000, 3 * MIB]) {
      const content = bytes(size);
      const form = new FormData();
      form.append('file', new File([Buffer.from(content)], 'a.png'));
      const body = title === 'a body' ? new Blob([Buffer.from(content)]).stream() : form;
      const incoming = request('', { method: 'POST', body, duplex: 'half' } as RequestInit);
      const { fileId } = await client.upload(await open(incoming), { ext: 'png' });
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    }
  });
});

onEmbedded('the body of a response', (server) => {
  async function open(size: number, init?: RequestInit) {
    const client = server.client();
    const { fileId } = await client.upload(flood(size), { size });
    const response = await fdfsFetch(client)(request(fileId, init));
    return { client, fileId, response };
  }

  it('reads no further than its consumer, and ends the download when it is cancelled', async () => {
    const { client, fileId, response } = await open(64 * MIB);
    const reader = response.body!.getReader();
    await reader.read();
    expect(countLeased(client)).toBe(1);
    const before = process.memoryUsage().arrayBuffers;
    await delay(300);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB);
    await reader.cancel();
    await expect.poll(() => countLeased(client), { timeout: 2000 }).toBe(0);
    await client.delete(fileId);
  });

  it('ends the download when it is cancelled before anything was read, or in the middle of a read', async () => {
    const { client, fileId, response } = await open(64 * MIB);
    await response.body!.cancel();
    await expect.poll(() => countLeased(client), { timeout: 2000 }).toBe(0);
    const other = await fdfsFetch(client)(request(fileId));
    const reader = other.body!.getReader();
    const reads = Array.from({ length: 50 }, () => reader.read());
    await reader.cancel();
    await Promise.all(reads);
    await expect.poll(() => countLeased(client), { timeout: 2000 }).toBe(0);
    await client.delete(fileId);
  });

  it('fails, and ends the download, when the request is aborted', async () => {
    const abort = new AbortController();
    const { client, fileId, response } = await open(64 * MIB, { signal: abort.signal });
    const reader = response.body!.getReader();
    await reader.read();
    abort.abort(new Error('left'));
    await expect(
      (async () => {
        for (;;) if ((await reader.read()).done) return;
      })(),
    ).rejects.toThrow('left');
    await expect.poll(() => countLeased(client), { timeout: 2000 }).toBe(0);
    await client.delete(fileId);
  });

  it('never comes for a request that was aborted before', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x');
    const signal = AbortSignal.abort(new Error('left'));
    await expect(fdfsFetch(client)(request(fileId, { signal }))).rejects.toThrow('left');
    await client.delete(fileId);
  });

  it('fails when the storage breaks off', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const { fileId } = await client.upload(bytes(2 * MIB), { group: 'group2', appender: true });
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', afterBytes: MIB, action: 'reset' });
    const response = await fdfsFetch(client)(request(fileId));
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toMatchObject({ code: 'FASTDFS_CONNECTION_LOST' });
    await client.delete(fileId);
  });
});

onEmbedded('a fetch handler whose cluster fails', (server) => {
  const failing = { retry: { retries: 0 }, networkTimeoutMs: 500, locationCache: false } as const;

  async function breakCluster() {
    const client = server.client(failing);
    const { fileId } = await client.upload('x');
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'status', status: 16, times: 9 });
    return { client, fileId };
  }

  it('asks `onError`, which may log, answer or throw', async () => {
    const { client, fileId } = await breakCluster();
    const onError = vi.fn();
    const logged = await fdfsFetch(client, { onError })(request(fileId));
    expect([logged.status, logged.headers.get('retry-after'), await logged.text()]).toEqual([
      503,
      '5',
      'Service Unavailable\n',
    ]);
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'FASTDFS_BUSY', status: 503, expose: false }),
      expect.any(Request),
    );
    const own = await fdfsFetch(client, {
      retryAfterSeconds: 60,
      onError: async ({ message }) => Response.json({ known: message !== '' }, { status: 500 }),
    })(request(fileId));
    expect([own.status, await own.json()]).toEqual([500, { known: true }]);
    const thrown = fdfsFetch(client, {
      onError: (error) => {
        throw error;
      },
    })(request(fileId));
    await expect(thrown).rejects.toMatchObject({ code: 'FASTDFS_BUSY' });
    server.allowLeftovers();
  });

  it('asks it for errors of functions in options, and not for missing files', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x');
    const onError = vi.fn();
    for (const options of [
      {
        contentType: () => {
          throw new Error('mine');
        },
      },
      { filename: () => Promise.reject('mine') },
      {
        setHeaders: () => {
          throw new TypeError('mine');
        },
      },
    ]) {
      const response = await fdfsFetch(client, { ...options, onError })(request(fileId));
      expect([response.status, response.headers.get('etag')]).toEqual([500, null]);
      expect(onError).toHaveBeenLastCalledWith(
        expect.objectContaining({ message: 'mine', status: 500 }),
        expect.any(Request),
      );
    }
    await client.delete(fileId);
    onError.mockClear();
    expect((await fdfsFetch(client, { onError })(request(fileId))).status).toBe(404);
    expect(onError).not.toHaveBeenCalled();
  });
});

describe('options of fdfsFetch', () => {
  it('must be known, and functions where they are called', () => {
    const make = (options: object) => () => fdfsFetch({ trackers: 'localhost' }, options);
    expect(make({ onerror: () => undefined })).toThrow('`onerror` of fdfsFetch()');
    expect(make({ onError: 'log' })).toThrow('`onError`');
  });
});
