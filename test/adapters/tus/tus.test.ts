/** The tus store behind @tus/server, used as clients use it. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { allowAnyFileName } from '../../../src/adapters/tus/index.js';
import { parseFileId } from '../../../src/index.js';
import { bytes, flood } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';
import { fileIdOf, KIB, nodes, start } from './harness.js';

const NAMES = 'filename 5LiW55WMLnR4dA==,filetype dGV4dC9wbGFpbg==';

onEachServer('tus', (server) => {
  const node = nodes(server);

  it('takes an upload from tus-js-client, in several requests', async () => {
    const { http, client } = await node();
    const content = bytes(300 * KIB + 7);
    const { done } = start(content, {
      endpoint: http.endpoint,
      chunkSize: 100 * KIB,
      metadata: { filename: '世界 é.pdf', filetype: 'application/pdf' },
    });
    const id = await done;
    const fileId = fileIdOf(id);
    expect(parseFileId(fileId)).toMatchObject({ kind: 'appender', extension: 'pdf' });
    expect(http.finished).toEqual([
      {
        path: fileId,
        metadata: { filename: '世界 é.pdf', filetype: 'application/pdf' },
        size: content.length,
      },
    ]);
    expect((await client.download(fileId)).equals(content)).toBe(true);
    expect(await client.getMetadata(fileId)).toMatchObject({
      filename: '世界 é.pdf',
      filetype: 'application/pdf',
    });
    const head = await http.head(id);
    expect(head.headers.get('upload-offset')).toBe(String(content.length));
    expect(head.headers.get('upload-length')).toBe(String(content.length));
    expect(head.headers.get('upload-metadata')).toBe(
      `filename ${Buffer.from('世界 é.pdf').toString('base64')},filetype YXBwbGljYXRpb24vcGRm`,
    );
    await client.delete(fileId);
  });

  it('is paused, and continued by another client at another node', async () => {
    const first = await node();
    const content = bytes(500 * KIB);
    let paused = () => {};
    const pausing = new Promise<void>((resolve) => {
      paused = resolve;
    });
    const { upload } = start(content, {
      endpoint: first.http.endpoint,
      chunkSize: 100 * KIB,
      metadata: { filename: 'a.bin' },
      onChunkComplete: (_, accepted) => {
        if (accepted >= 200 * KIB) void upload.abort().then(paused);
      },
    });
    await pausing;
    await first.http.stop();
    first.http.stop = async () => {};
    const id = upload.url!.slice(upload.url!.lastIndexOf('/') + 1);

    const second = await node();
    expect(await second.http.offset(id)).toBeGreaterThanOrEqual(200 * KIB);
    expect(await start(content, { uploadUrl: second.http.urlOf(id), chunkSize: 100 * KIB }).done).toBe(id);
    expect(second.http.finished).toMatchObject([{ path: fileIdOf(id), metadata: { filename: 'a.bin' } }]);
    expect((await second.client.download(fileIdOf(id))).equals(content)).toBe(true);
    await second.client.delete(fileIdOf(id));
  });

  it('takes different uploads side by side', async () => {
    const { http, client } = await node();
    const contents = Array.from({ length: 12 }, (_, index) => bytes(150 * KIB + index, index + 1));
    const ids = await Promise.all(
      contents.map((content) => start(content, { endpoint: http.endpoint, chunkSize: 40 * KIB }).done),
    );
    for (const [index, id] of ids.entries()) {
      expect((await client.download(fileIdOf(id))).equals(contents[index]!)).toBe(true);
      await client.delete(fileIdOf(id));
    }
  });

  it('takes an upload whose length is declared at its end', async () => {
    const { http, client } = await node();
    const content = bytes(250 * KIB);
    const id = await start(Readable.from([content]), {
      endpoint: http.endpoint,
      chunkSize: 100 * KIB,
      uploadLengthDeferred: true,
      uploadSize: null,
    }).done;
    expect((await client.download(fileIdOf(id))).equals(content)).toBe(true);
    expect((await http.head(id)).headers.get('upload-length')).toBe(String(content.length));
    await client.delete(fileIdOf(id));
  });

  it.each([false, true])('takes a length that comes with no more bytes (finalize: %s)', async (finalize) => {
    const { http, client } = await node({ finalize });
    const id = await http.create(undefined);
    expect((await http.head(id)).headers.get('upload-defer-length')).toBe('1');
    expect((await http.patch(id, 0, bytes(1000))).status).toBe(204);
    expect((await http.patch(id, 1000, Buffer.alloc(0), { 'Upload-Length': '1000' })).status).toBe(204);
    const { path } = http.finished[0]!;
    expect(parseFileId(path).kind).toBe(finalize ? 'normal' : 'appender');
    expect((await client.download(path)).equals(bytes(1000))).toBe(true);
    await client.delete(path);
  });

  it.each([false, true])(
    'takes content with the request that creates the upload (finalize: %s)',
    async (finalize) => {
      const { http, client } = await node({ finalize });
      const content = bytes(90 * KIB);
      const id = await start(content, { endpoint: http.endpoint, uploadDataDuringCreation: true }).done;
      const { path } = http.finished[0]!;
      expect(parseFileId(path).kind).toBe(finalize ? 'normal' : 'appender');
      expect(path === fileIdOf(id)).toBe(!finalize);
      expect((await client.download(path)).equals(content)).toBe(true);
      await client.delete(path);
    },
  );

  it('removes what the client terminates', async () => {
    const { http, client } = await node();
    const id = await http.create(1000);
    await http.patch(id, 0, bytes(300));
    expect((await http.remove(id)).status).toBe(204);
    expect(await client.exists(fileIdOf(id))).toBe(false);
    expect((await http.head(id)).status).toBe(404);
    expect((await http.patch(id, 300, bytes(700))).status).toBe(404);
    expect((await http.remove(id)).status).toBe(404);
    expect((await http.get(id)).status).toBe(404);
  });

  it.each([0, 299, 301])('refuses a request at offset %i of 300', async (offset) => {
    const { http, store, client } = await node();
    const id = await http.create(1000);
    await http.patch(id, 0, bytes(300));
    expect((await http.patch(id, offset, bytes(100, 2))).status).toBe(409);
    await expect(store.write(Readable.from([bytes(100, 2)]), id, offset)).rejects.toMatchObject({
      status_code: 409,
    });
    expect((await client.download(fileIdOf(id))).equals(bytes(300))).toBe(true);
    await client.delete(fileIdOf(id));
  });

  it('keeps what came of a request whose client left', async () => {
    const { http, client } = await node();
    const content = bytes(800 * KIB);
    const id = await http.create(content.length);
    const socket = await http.beginPatch(id, 0, content.length);
    socket.write(content.subarray(0, 300 * KIB + 11));
    await vi.waitFor(async () => expect((await client.stat(fileIdOf(id))).size).toBeGreaterThan(0), 5000);
    socket.resetAndDestroy();
    await vi.waitFor(async () => expect(await http.offset(id)).toBe(300 * KIB + 11), 5000);
    expect(await start(content, { uploadUrl: http.urlOf(id) }).done).toBe(id);
    expect((await client.download(fileIdOf(id))).equals(content)).toBe(true);
    await client.delete(fileIdOf(id));
  });

  it('ends a request when another one for the same upload arrives, and keeps what it brought', async () => {
    const { http, client } = await node({}, { lockDrainTimeout: 100 });
    const id = await http.create(1000);
    const socket = await http.beginPatch(id, 0, 1000);
    socket.write(bytes(1000).subarray(0, 400));
    await delay(100);
    expect(await http.offset(id)).toBe(400);
    expect((await http.patch(id, 400, bytes(1000).subarray(400))).status).toBe(204);
    expect((await client.download(fileIdOf(id))).equals(bytes(1000))).toBe(true);
    socket.destroy();
    await client.delete(fileIdOf(id));
  });

  it.each([false, true])('takes an upload of nothing (finalize: %s)', async (finalize) => {
    const { http, client } = await node({ finalize });
    for (const uploadDataDuringCreation of [false, true]) {
      const id = await start(Buffer.alloc(0), {
        endpoint: http.endpoint,
        uploadDataDuringCreation,
        metadata: { filename: 'empty.txt' },
      }).done;
      const { path } = http.finished.pop()!;
      expect(parseFileId(path)).toMatchObject({ kind: finalize ? 'normal' : 'appender', extension: 'txt' });
      expect(await client.stat(path, { source: 'server' })).toMatchObject({ size: 0 });
      expect(await client.getMetadata(path)).toMatchObject({ filename: 'empty.txt' });
      expect(await http.offset(id)).toBe(0);
      expect((await http.head(id)).headers.get('upload-length')).toBe('0');
      expect(await (await http.get(id)).text()).toBe('');
      expect((await http.remove(id)).status).toBe(204);
      expect(await client.exists(path)).toBe(false);
    }
  });

  it('turns a finished upload into an ordinary file, with its metadata and no trace of the upload', async () => {
    const { http, client } = await node({ finalize: true });
    const content = bytes(300 * KIB);
    const id = await start(content, {
      endpoint: http.endpoint,
      chunkSize: 100 * KIB,
      metadata: { filename: '世界.txt', note: 'x'.repeat(300), flag: '' },
    }).done;
    const [{ path, metadata }] = http.finished as [(typeof http.finished)[0]];
    expect(metadata).toMatchObject({ filename: '世界.txt', note: 'x'.repeat(300) });
    expect(parseFileId(path)).toMatchObject({ kind: 'normal', size: content.length, extension: 'txt' });
    expect((await client.download(path)).equals(content)).toBe(true);
    // Too long for FastDFS: only the hook has it.
    expect(await client.getMetadata(path)).toEqual({ filename: '世界.txt', flag: '' });
    expect(await client.exists(fileIdOf(id))).toBe(false);
    await expect(client.download(`${fileIdOf(id)}-m`)).rejects.toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
    expect((await http.head(id)).status).toBe(404);
    await client.delete(path);
  });

  it('uploads to the group that is asked for', async () => {
    const { http, client } = await node({ group: 'group2' });
    const id = await http.create(10);
    expect(fileIdOf(id)).toMatch(/^group2\//);
    await client.delete(fileIdOf(id));
  });

  describe('GET', () => {
    it('delivers what is complete, and nothing else', async () => {
      const { http, client } = await node();
      const content = bytes(700 * KIB);
      const id = await http.create(content.length, 'filename YS50eHQ=,filetype dGV4dC9wbGFpbg==');
      await http.patch(id, 0, content.subarray(0, 1000));
      expect((await http.get(id)).status).toBe(404);
      await http.patch(id, 1000, content.subarray(1000));
      const response = await http.get(id);
      expect(response.headers.get('content-type')).toBe('text/plain');
      expect(response.headers.get('content-disposition')).toBe('inline; filename="a.txt"');
      expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
      await client.delete(fileIdOf(id));
    });

    it('ends the download of a client that leaves', async () => {
      const { http, client } = await node();
      const id = await http.create(20 * KIB * KIB);
      const patch = await http.patch(id, 0, flood(20 * KIB * KIB));
      expect(patch.status).toBe(204);
      for (const how of ['at once', 'reading']) {
        const abort = new AbortController();
        const response = await http.get(id, abort.signal);
        if (how === 'reading') await response.body!.getReader().read();
        abort.abort();
        await vi.waitFor(() => {
          for (const { leased } of Object.values(client.stats())) expect(leased).toBe(0);
        }, 5000);
      }
      await client.delete(fileIdOf(id));
    });

    it('delivers files with names in all languages after allowAnyFileName', async () => {
      const { http, client } = await node();
      const id = await http.create(5, NAMES);
      await http.patch(id, 0, Buffer.from('hello'));
      // The server's own way; the connection of the download must not be left waiting.
      expect((await http.get(id)).status).toBe(500);
      for (const { leased } of Object.values(client.stats())) expect(leased).toBe(0);
      allowAnyFileName(http.tus);
      const response = await http.get(id);
      expect(response.headers.get('content-disposition')).toBe(
        `inline; filename="??.txt"; filename*=UTF-8''%E4%B8%96%E7%95%8C.txt`,
      );
      expect(await response.text()).toBe('hello');
      await client.delete(fileIdOf(id));
    });
  });
});
