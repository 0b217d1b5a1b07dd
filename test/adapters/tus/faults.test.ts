/** The tus store when storages fail, and its life: options, secret, client, memory. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { type FdfsStoreOptions, fdfsTusStore } from '../../../src/adapters/tus/index.js';
import { EmbeddedFastDFS } from '../../../src/embedded/index.js';
import { ArgumentError, createClient, parseFileId } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEmbedded } from '../../helpers/servers.js';
import { fileIdOf, KIB, nodes, SECRET, start, TusServer } from './harness.js';

onEmbedded('tus and a storage that fails', (server) => {
  const node = nodes(server);

  it.each(['reset', 'stall', 'close'] as const)(
    '%s in the middle of a block: the client continues',
    async (action) => {
      const client = server.client({ retry: { retries: 0 }, networkTimeoutMs: 200 });
      const store = fdfsTusStore(client, { secret: SECRET, blockBytes: 100 * KIB });
      const http = await TusServer.start(store);
      const content = bytes(550 * KIB);
      const id = await http.create(content.length);
      expect((await http.patch(id, 0, content.subarray(0, 130 * KIB))).status).toBe(204);
      server.fdfs.inject({ command: 'MODIFY_FILE', afterBytes: 50 * KIB, action });
      expect((await http.patch(id, 130 * KIB, content.subarray(130 * KIB))).status).toBe(503);
      expect(http.errors).toMatchObject([{ status_code: 503, command: 'MODIFY_FILE' }]);
      const reached = await http.offset(id);
      expect(reached).toBeGreaterThanOrEqual(130 * KIB);
      expect(reached).toBe((await client.stat(fileIdOf(id))).size);
      await start(content, { uploadUrl: http.urlOf(id) }).done;
      expect((await client.download(fileIdOf(id))).equals(content)).toBe(true);
      await http.remove(id);
      await http.stop();
    },
  );

  it('keeps the blocks that were confirmed before the one that failed', async () => {
    const { http, client } = await node({ blockBytes: 100 * KIB });
    const content = bytes(350 * KIB);
    const id = await http.create(content.length);
    const create = client.createModifyStream.bind(client);
    client.createModifyStream = (fileId, options) => {
      const stream = create(fileId, options);
      const write = stream._write.bind(stream);
      let total = 0;
      stream._write = (chunk, encoding, callback) => {
        total += chunk.length;
        if (total > 300 * KIB)
          server.fdfs.inject({ command: 'MODIFY_FILE', action: 'status', status: 5, times: 1 });
        write(chunk, encoding, callback);
      };
      return stream;
    };
    expect((await http.patch(id, 0, content)).status).toBe(500);
    const reached = await http.offset(id);
    expect([100 * KIB, 200 * KIB, 300 * KIB]).toContain(reached);
    client.createModifyStream = create;
    server.fdfs.reset();
    server.allowLeftovers();
  });

  it.each(['status', 'reset'] as const)(
    'a finish that fails (%s) is repeated when the client comes back',
    async (action) => {
      const { http, client } = await node({ finalize: true });
      const content = bytes(200 * KIB);
      const id = await http.create(content.length);
      server.fdfs.inject({
        command: 'UPLOAD_FILE',
        action,
        // Of what storages answer this is no reason to ask another.
        ...(action === 'status' ? { status: 13 } : {}),
      });
      expect((await http.patch(id, 0, content)).status).toBe(action === 'status' ? 500 : 503);
      expect(http.finished).toEqual([]);
      expect(await http.offset(id)).toBe(content.length - 1);
      await start(content, { uploadUrl: http.urlOf(id) }).done;
      expect(parseFileId(http.finished[0]!.path).kind).toBe('normal');
      expect((await client.download(http.finished[0]!.path)).equals(content)).toBe(true);
      await client.delete(http.finished[0]!.path);
    },
  );

  it('ends a long request at once, not when all of it has come', async () => {
    const { http, store } = await node();
    const id = await http.create(512 * KIB * KIB);
    server.fdfs.inject({ command: 'MODIFY_FILE', action: 'status', status: 5, times: 9 });
    let given = 0;
    const body = Readable.from(
      (function* () {
        for (; given < 512 * KIB * KIB; given += 64 * KIB) yield bytes(64 * KIB);
      })(),
    );
    // The server answers and closes; a client that is still sending may see either.
    const answer = await http.patch(id, 0, body).then(
      ({ status }) => status,
      () => 'cut off',
    );
    expect([500, 'cut off']).toContain(answer);
    expect(given).toBeLessThan(100 * KIB * KIB);
    // Not by HTTP: fetch may use the connection again that the server is about to close.
    await store.remove(id);
  });

  it.each([
    ['FASTDFS_NO_SPACE', { action: 'status', status: 28 }, '507 The storage is full'],
    ['FASTDFS_IO_ERROR', { action: 'status', status: 5 }, '500 Something went wrong with that request'],
    ['FASTDFS_CONNECTION_LOST', { action: 'reset' }, '503 The storage is not available, try again later'],
  ] as const)('answers %s in general words, and shows the hook everything', async (code, fault, answer) => {
    const { http } = await node();
    server.fdfs.inject({ command: 'UPLOAD_APPENDER_FILE', ...fault, times: 5 });
    await expect(http.create(10)).rejects.toThrow(`POST: ${answer}`);
    expect(http.errors).toMatchObject([{ code, status_code: Number(answer.slice(0, 3)) }]);
  });

  it('a download that breaks off breaks the answer off', async () => {
    const { http, client } = await node();
    const id = await http.create(500 * KIB);
    await http.patch(id, 0, bytes(500 * KIB));
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', afterBytes: 100 * KIB, action: 'reset' });
    await expect(http.get(id).then((response) => response.arrayBuffer())).rejects.toThrow();
    await client.delete(fileIdOf(id));
  });
});

describe('FdfsStore', () => {
  it.each([
    [{ secret: '' }, 'secret'],
    [{ secret: 5 }, 'secret'],
    [{ blockBytes: 0 }, 'blockBytes'],
    [{ blockBytes: '1' }, 'blockBytes'],
    [{ finalize: 'yes' }, 'finalize'],
    [{ group: 'a/b' }, 'roup'],
    [{ directory: '/tmp' }, 'directory'],
    [null, 'options'],
    [{ expireAfterMs: 1000 }, 'index'],
    [{ index: new Map() }, 'expireAfterMs'],
    [{ index: { get: () => null, set: () => {}, delete: () => {} }, expireAfterMs: 1000 }, 'index'],
  ])('refuses the options %j', (options, named) => {
    expect(() => fdfsTusStore({ trackers: '127.0.0.1:1' }, options as FdfsStoreOptions)).toThrow(
      ArgumentError,
    );
    expect(() => fdfsTusStore({ trackers: '127.0.0.1:1' }, options as FdfsStoreOptions)).toThrow(named);
  });

  it('warns once of a random secret, and signs with one that no other store has', async () => {
    await using fdfs = await EmbeddedFastDFS.start();
    const warn = vi.fn();
    const conf = { ...fdfs.options, logger: { warn } };
    await using store = fdfsTusStore(conf);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain('secret');
    await using other = fdfsTusStore(conf);
    const http = await TusServer.start(store);
    const id = await http.create(100);
    expect((await http.patch(id, 0, bytes(100))).status).toBe(204);
    await expect(other.getUpload(id)).rejects.toMatchObject({ status_code: 404 });
    expect(warn).toHaveBeenCalledTimes(2);
    await http.stop();
  });

  it('closes the client that it made, and leaves one open that was passed', async () => {
    await using fdfs = await EmbeddedFastDFS.start();
    const owner = fdfsTusStore(fdfs.options, { secret: SECRET });
    await owner.close();
    await owner.close();
    expect(() => owner.client.createUploadStream()).toThrow('closed');
    await using client = createClient(fdfs.options);
    await fdfsTusStore(client, { secret: SECRET }).close();
    await client.upload('still open');
  });

  it('makes an ordinary file where the server is too old to rename one, too', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ serverVersion: '6.01.0' });
    const warn = vi.fn();
    await using store = fdfsTusStore(
      { ...fdfs.options, logger: { warn } },
      { secret: SECRET, finalize: true },
    );
    const http = await TusServer.start(store);
    const id = await http.create(100);
    expect((await http.patch(id, 0, bytes(100))).status).toBe(204);
    expect(http.finished).toHaveLength(1);
    expect(parseFileId(http.finished[0]!.path)).toMatchObject({ kind: 'normal', size: 100 });
    expect(warn).not.toHaveBeenCalled();
    await http.stop();
  });

  it('holds a few blocks of a long request, not all of it', async () => {
    await using fdfs = await EmbeddedFastDFS.start();
    await using store = fdfsTusStore(fdfs.options, { secret: SECRET, blockBytes: 256 * KIB });
    const upload = await store.create({ metadata: undefined, size: 8 * KIB * KIB } as never);
    let given = 0;
    const source = new Readable({
      read() {
        given += 64 * KIB;
        this.push(given > 8 * KIB * KIB ? null : bytes(64 * KIB));
      },
    });
    fdfs.inject({ command: 'MODIFY_FILE', action: 'stall' });
    const writing = expect(store.write(source, upload.id, 0)).rejects.toMatchObject({
      code: 'FASTDFS_CLOSED',
    });
    await delay(300);
    expect(given).toBeLessThan(1.5 * KIB * KIB);
    await store.close();
    await writing;
    source.destroy();
    if (!source.closed) await once(source, 'close');
  });
});
