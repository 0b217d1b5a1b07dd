/** Keys of the user's choice: after any failure a key leads to one whole file, and no file is left without a key. */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { fdfsBlobStore } from '../../../src/adapters/blob-store/index.js';
import { ArgumentError } from '../../../src/index.js';
import { flood } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { fail, failure, MALFORMED, put, TrickyIndex, text } from './harness.js';

const BLOCK = 64 * 1024;

onEachServer('keys of the user', (server) => {
  it('overwrite a blob, and leave one file', async () => {
    const client = server.client();
    const index = new Map<string, string>();
    const store = fdfsBlobStore(client, { index });
    const first = await put(store, 'k', 'one');
    const second = await put(store, 'k', 'two');
    expect(second.fileId).not.toBe(first.fileId);
    expect(second).not.toHaveProperty('orphan');
    expect(await text(store, 'k')).toBe('two');
    expect(await client.exists(first.fileId)).toBe(false);
    const third = await put(store, second, 'a blob that is passed gives its key only');
    expect(third).toMatchObject({ key: 'k', size: 40 });
    expect([...index]).toEqual([['k', third.fileId]]);
    await store.remove('k');
    expect(index.size).toBe(0);
  });

  it('are written by many at once, and lead to exactly one file', async () => {
    const client = server.client();
    const index = new TrickyIndex();
    index.beforeSet = () => delay(Math.random() * 5);
    const stores = [fdfsBlobStore(client, { index }), fdfsBlobStore(client, { index })];
    const blobs = await Promise.all(
      Array.from({ length: 20 }, (_, n) => put(stores[n % 2]!, 'k', `version ${n}`)),
    );
    const alive = await Promise.all(blobs.map(({ fileId }) => client.exists(fileId)));
    expect(alive.filter(Boolean)).toHaveLength(1);
    const last = blobs[alive.indexOf(true)]!;
    expect(index.entries.get('k')).toBe(last.fileId);
    expect(await text(stores[0]!, 'k')).toBe(`version ${blobs.indexOf(last)}`);
    await stores[0]!.remove('k');
  });

  it('are read while they are overwritten', async () => {
    const client = server.client();
    const store = fdfsBlobStore(client, { index: new Map() });
    await put(store, 'k', 'version');
    let writing = true;
    const writer = (async () => {
      for (let n = 0; n < 25; n++) await put(store, 'k', 'version');
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      expect(await text(store, 'k')).toBe('version');
      expect(await store.exists('k')).toBe(true);
      reads += 1;
    }
    await writer;
    expect(reads).toBeGreaterThan(0);
    await store.remove('k');
  });

  it.each<[string, (index: TrickyIndex) => unknown, string]>([
    ['refuses to look up', (index) => Object.assign(index, { beforeGet: fail }), 'the index is down'],
    ['refuses to set', (index) => Object.assign(index, { beforeSet: fail }), 'the index is down'],
    [
      'says false',
      (index) => {
        index.beforeSet = (key) => setImmediate(() => index.entries.delete(key));
        index.afterSet = async () => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          return false;
        };
      },
      'The index did not take the key "k"',
    ],
  ])('leave no file when the index %s', async (_, prepare, message) => {
    const client = server.client();
    const index = new TrickyIndex();
    const store = fdfsBlobStore(client, { index });
    const uploads = vi.spyOn(client, 'createUploadStream');
    prepare(index);
    const onDone = vi.fn();
    const stream = store.createWriteStream('k', onDone);
    stream.end('x');
    expect((await failure(finished(stream))).message).toBe(message);
    await vi.waitFor(() => expect(onDone).toHaveBeenCalledTimes(1));
    const { fileId } = uploads.mock.results[0]!.value;
    expect(await client.exists(fileId)).toBe(false);
    expect(index.entries.size).toBe(0);
  });

  it('keep the old blob when overwriting fails', async () => {
    const index = new TrickyIndex();
    const store = fdfsBlobStore(server.client(), { index });
    await put(store, 'k', 'old');
    index.beforeSet = fail;
    const stream = store.createWriteStream('k');
    stream.end('new');
    await failure(finished(stream));
    expect(await text(store, 'k')).toBe('old');
    await store.remove('k');
  });

  it('are set where the index has changed, and only its reply was lost', async () => {
    const index = new TrickyIndex();
    index.afterSet = fail;
    const store = fdfsBlobStore(server.client(), { index });
    await put(store, 'k', 'one');
    await put(store, 'k', 'two');
    expect(await text(store, 'k')).toBe('two');
    await store.remove('k');
  });

  it.each(['beforeSet', 'afterSet'] as const)(
    'are as before when a write is destroyed %s',
    async (moment) => {
      const client = server.client();
      const index = new TrickyIndex();
      const store = fdfsBlobStore(client, { index });
      const uploads = vi.spyOn(client, 'createUploadStream');
      for (const old of [undefined, 'old']) {
        if (old !== undefined) await put(store, 'k', old);
        const stream = store.createWriteStream('k');
        stream.on('error', () => {});
        let times = 0;
        index[moment] = () => {
          if (times++ === 0) stream.destroy();
        };
        stream.end('new');
        await once(stream, 'close');
        index[moment] = () => {};
        expect(stream.blob).toBeUndefined();
        expect(await client.exists(uploads.mock.results.at(-1)!.value.fileId)).toBe(false);
        if (old === undefined) expect(await store.exists('k')).toBe(false);
        else expect(await text(store, 'k')).toBe(old);
      }
      await store.remove('k');
    },
  );

  it('keep their blob when the index fails to remove them, and can be removed again', async () => {
    const client = server.client();
    const index = new TrickyIndex();
    const store = fdfsBlobStore(client, { index });
    const { fileId } = await put(store, 'k', 'x');
    index.beforeDelete = fail;
    expect((await failure(store.remove('k'))).message).toBe('the index is down');
    expect(await text(store, 'k')).toBe('x');
    index.beforeDelete = () => {};
    await store.remove('k');
    expect(index.entries.size).toBe(0);
    expect(await client.exists(fileId)).toBe(false);
  });
});

onEmbedded('blob store under faults', (server) => {
  it('reports failures of the servers as errors, not as a missing blob', async () => {
    const client = server.client({ retry: { retries: 0 }, locationCache: false });
    const store = fdfsBlobStore(client);
    const { key } = await put(store, { group: 'group2' }, 'x');
    server.fdfs.inject({ command: 'QUERY_FILE_INFO', action: 'status', status: 5 });
    expect(await failure(store.exists(key))).toMatchObject({ code: 'FASTDFS_IO_ERROR' });
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'status', status: 5 });
    const error = await failure(text(store, key));
    expect(error).toMatchObject({ code: 'FASTDFS_IO_ERROR' });
    expect(error).not.toHaveProperty('notFound');
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    const onDone = vi.fn();
    store.remove(key, onDone);
    await vi.waitFor(() => expect(onDone.mock.calls[0]![0]).toMatchObject({ code: 'FASTDFS_IO_ERROR' }));
    await store.remove(key);
  });

  it('asks no server about malformed keys', async () => {
    const store = fdfsBlobStore(server.client());
    for (const key of MALFORMED) {
      expect(await store.exists(key)).toBe(false);
      await store.remove(key);
      await failure(text(store, key));
    }
    expect(server.fdfs.requests()).toBe(0);
  });

  it('names the old file that could not be removed', async () => {
    const store = fdfsBlobStore(server.client({ retry: { retries: 0 } }), { index: new Map() });
    const old = await put(store, 'k', 'old');
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    const blob = await put(store, 'k', 'new');
    expect(blob.orphan).toBe(old.fileId);
    expect(await text(store, 'k')).toBe('new');
    await store.remove('k');
    await store.client.delete(old.fileId);
  });

  it('names the new file that could not be removed', async () => {
    const index = new TrickyIndex();
    index.beforeSet = () => {
      server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
      return Promise.reject(new ArgumentError('no'));
    };
    const store = fdfsBlobStore(server.client({ retry: { retries: 0 } }), { index });
    const stream = store.createWriteStream('k');
    stream.end('x');
    const { orphan } = await failure(finished(stream));
    expect(server.fdfs.files().map(({ fileId }) => fileId)).toEqual([orphan]);
    await store.client.delete(orphan!);
  });

  it('keeps the key of a file that could not be removed, so that the removal can be repeated', async () => {
    const index = new TrickyIndex();
    const store = fdfsBlobStore(server.client({ retry: { retries: 0 } }), { index });
    await put(store, 'k', 'x');
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    expect(await failure(store.remove('k'))).toMatchObject({ code: 'FASTDFS_IO_ERROR', orphan: undefined });
    expect(await text(store, 'k')).toBe('x');
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    index.beforeSet = fail;
    const { orphan } = await failure(store.remove('k'));
    expect(server.fdfs.files().map(({ fileId }) => fileId)).toEqual([orphan]);
    await store.client.delete(orphan!);
  });

  it('removes no file that the key may lead to', async () => {
    const index = new TrickyIndex();
    const store = fdfsBlobStore(server.client(), { index });
    index.afterSet = () => {
      index.beforeGet = fail;
      fail();
    };
    const stream = store.createWriteStream('k');
    stream.end('x');
    const error = await failure(finished(stream));
    expect(error).toMatchObject({ code: 'FASTDFS_INDEX', maybeApplied: true });
    expect(error.orphan).toBe(index.entries.get('k'));
    index.beforeGet = () => {};
    expect(await text(store, 'k')).toBe('x');
    await store.remove('k');
  });

  it('removes what was uploaded when the client is closed in the middle', async () => {
    const client = server.client();
    const store = fdfsBlobStore(client, { index: new Map() });
    const onDone = vi.fn();
    const stream = store.createWriteStream(
      { key: 'k', blockBytes: BLOCK, whenSizeUnknown: 'stream' },
      onDone,
    );
    stream.on('error', () => {});
    flood(64 * 1024 * 1024).pipe(stream);
    await vi.waitFor(() => expect(server.fdfs.files()).toHaveLength(1));
    await client.close();
    await vi.waitFor(() => expect(onDone).toHaveBeenCalledTimes(1));
    expect(onDone.mock.calls[0]![0]).toMatchObject({ code: 'FASTDFS_CLOSED' });
    await vi.waitFor(() => expect(server.fdfs.files()).toEqual([]));
  });

  it('destroys a read at once although the server is silent', async () => {
    const store = fdfsBlobStore(server.client({ locationCache: false }));
    const { key } = await put(store, {}, 'x');
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'stall' });
    const stream = store.createReadStream(key);
    setTimeout(() => stream.destroy(), 50);
    const began = performance.now();
    await once(stream, 'close');
    expect(performance.now() - began).toBeLessThan(1000);
    await store.remove(key);
  });

  it.each([
    ['unknown options', { group: 'group1', metdata: {} }, 'metdata'],
    ['an index that cannot delete', { index: { get: () => undefined, set: () => {} } }, 'index'],
    ['no index at all', { index: null }, 'index'],
  ])('refuses %s', (_, options, named) => {
    expect(() => fdfsBlobStore({ trackers: 'localhost' }, options as never)).toThrow(ArgumentError);
    expect(() => fdfsBlobStore({ trackers: 'localhost' }, options as never)).toThrow(`\`${named}\``);
  });
});
