/** Blobs as values: put, get, copy, move; and keys that a lost index is made of again. */
import { Readable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import {
  BlobNotFoundError,
  fdfsBlobStore,
  type KeyIndex,
  rebuildIndex,
} from '../../../src/adapters/blob-store/index.js';
import { encodeKey } from '../../../src/adapters/blob-store/key-metadata.js';
import { toKeyIndex } from '../../../src/adapters/indexes/map.js';
import { parseFileId } from '../../../src/index.js';
import { bytes, pieces } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';

onEachServer('blobs', (server) => {
  it.each([0, 1, 300 * 1024])('of %i bytes are put, read and copied', async (size) => {
    const client = server.client();
    const store = fdfsBlobStore(client, { index: new Map() });
    const content = bytes(size);
    const first = await store.put({ key: 'a.bin', metadata: { by: 'me' } }, content);
    expect(first).toMatchObject({ key: 'a.bin', size });
    const second = await store.put('a.bin', Readable.from(pieces(content)));
    expect(await client.exists(first.fileId)).toBe(false);
    expect((await store.get('a.bin')).equals(content)).toBe(true);
    await client.setMetadata(second.fileId, { by: 'me' });
    const copied = await store.copy('a.bin', 'b.txt');
    expect(copied).toMatchObject({ key: 'b.txt', size });
    expect(copied.fileId).not.toBe(second.fileId);
    expect(parseFileId(copied.fileId).extension).toBe('txt');
    expect(await client.getMetadata(copied.fileId)).toEqual({ by: 'me' });
    expect((await store.get({ key: 'b.txt', start: 1 })).equals(content.subarray(1))).toBe(true);
    await store.copy('a.bin', 'b.txt');
    expect(await client.exists(copied.fileId)).toBe(false);
    await store.remove('a.bin');
    await store.remove('b.txt');
  });

  it.each([
    ['one step', (index: KeyIndex): KeyIndex => index],
    [
      'copying',
      (index: KeyIndex): KeyIndex => ({
        get: (key) => index.get(key),
        swap: (...args) => index.swap(...args),
        keys: (prefix, page) => index.keys(prefix, page),
      }),
    ],
  ])('are moved by %s', async (_, wrap) => {
    const client = server.client();
    const index = wrap(toKeyIndex(new Map()));
    const store = fdfsBlobStore(client, { index, keepKey: true });
    const one = await store.put('from', 'one');
    const two = await store.put('to', 'two');
    const moved = await store.move('from', 'to');
    expect(moved).toEqual({ key: 'to', fileId: await index.get('to') });
    expect(moved.fileId === one.fileId).toBe(index.transfer !== undefined);
    expect(await client.exists(two.fileId)).toBe(false);
    expect(await store.exists('from')).toBe(false);
    expect(String(await store.get('to'))).toBe('one');
    expect(await client.getMetadata(moved.fileId)).toMatchObject({ 'blob-key': 'to' });
    await store.move('to', 'to');
    expect(String(await store.get('to'))).toBe('one');
    await store.move('to', 'elsewhere');
    expect(await index.keys('')).toEqual(['elsewhere']);
    for (const call of [store.move('to', 'x'), store.copy('to', 'x'), store.get('to')])
      await expect(call).rejects.toBeInstanceOf(BlobNotFoundError);
    await store.remove('elsewhere');
  });

  it('leave nothing when they are aborted', async () => {
    const store = fdfsBlobStore(server.client(), { index: new Map() });
    const abort = new AbortController();
    const reason = new Error('enough');
    const putting = store.put(
      { key: 'k', signal: abort.signal },
      (async function* () {
        yield bytes(100_000);
        abort.abort(reason);
        yield bytes(100_000);
      })(),
    );
    await expect(putting).rejects.toBe(reason);
    expect(await store.exists('k')).toBe(false);
    await expect(store.move('k', 'l', { signal: abort.signal })).rejects.toBe(reason);
  });

  it('have keys that no database could hold refused, before anything is stored', async () => {
    const client = server.client();
    const store = fdfsBlobStore(client, { index: new Map() });
    const uploads = vi.spyOn(client, 'upload');
    await store.put('from', bytes(2_000_000));
    uploads.mockClear();
    for (const key of ['', 'x'.repeat(1025), 'a\0b', '\ud800']) {
      for (const call of [
        () => store.put(key, 'x'),
        () => store.copy('from', key),
        () => store.move('from', key),
      ])
        await expect(call()).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
      expect(await store.exists(key)).toBe(false);
      await store.remove(key);
    }
    for (const call of [
      () => store.copy('from', 'to', { singal: 1 } as never),
      () => store.move('from', 'to', { signal: 1 } as never),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    expect(uploads).not.toHaveBeenCalled();
    await store.remove('from');
  });

  it('give a lost index its keys again', async () => {
    const client = server.client();
    const index = new Map<string, string>();
    const store = fdfsBlobStore(client, { index, keepKey: true });
    const keys = ['a', '文/键', `long/${'é'.repeat(500)}`, 'moved'];
    for (const key of keys.slice(0, 3)) await store.put({ key, metadata: { own: 'data' } }, key);
    await store.put('x'.repeat(600), 'moved');
    await store.move('x'.repeat(600), 'moved');
    const plain = (await client.upload('not of a store')).fileId;
    const removed = (await store.put('removed', 'x')).fileId;
    await store.remove('removed');
    const files = [...index.values(), plain, removed].map((fileId, n) => (n % 2 ? fileId : { fileId }));

    const rebuilt = new Map<string, string>();
    const found = { files: 4, restored: 4, orphans: [], removed: 0 };
    expect(await rebuildIndex(client, rebuilt, files, { dryRun: true })).toEqual(found);
    expect(rebuilt.size).toBe(0);
    expect(await rebuildIndex(client, rebuilt, files)).toEqual(found);
    expect(new Map([...rebuilt].sort())).toEqual(new Map([...index].sort()));
    expect(await rebuildIndex(client, rebuilt, files)).toEqual({ ...found, restored: 0 });
    for (const key of keys) await store.remove(key);
    await client.delete(plain);
  });
});

onEmbedded('an index that is rebuilt', (server) => {
  it('prefers the file that was written last, in whatever order files come', async () => {
    const client = server.client();
    const times = [1_000, 3_000, 2_000];
    const files = await Promise.all(
      times.map((time) => client.upload(String(time), { metadata: encodeKey('k', time) })),
    );
    for (const order of [files, [...files].reverse()]) {
      const index = new Map<string, string>();
      const { orphans, restored } = await rebuildIndex(client, index, order, { concurrency: 1 });
      expect(index.get('k')).toBe(files[1]!.fileId);
      expect(restored).toBe(1);
      expect([...orphans].sort()).toEqual([files[0]!.fileId, files[2]!.fileId].sort());
    }
    const index = new Map([['k', files[0]!.fileId]]);
    const swept = await rebuildIndex(client, index, files, { removeOrphans: true });
    expect(swept).toMatchObject({ restored: 0, removed: 2 });
    expect(server.fdfs.files().map(({ fileId }) => fileId)).toEqual([files[0]!.fileId]);
    await client.delete(files[0]!.fileId);
    // A key that leads to a file that is missing is led to one that exists.
    const other = await client.upload('4', { metadata: encodeKey('k', 4_000) });
    expect(await rebuildIndex(client, index, [other])).toMatchObject({ restored: 1, orphans: [] });
    expect(index.get('k')).toBe(other.fileId);
    await client.delete(other.fileId);
  });

  it('ends with the error of a server, and lets go of the list of files', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const { fileId } = await client.upload('x', { metadata: encodeKey('k', 1) });
    server.fdfs.inject({ command: 'GET_METADATA', action: 'status', status: 5 });
    let closed = false;
    const list = (async function* () {
      try {
        for (;;) yield fileId;
      } finally {
        closed = true;
      }
    })();
    await expect(rebuildIndex(client, new Map(), list)).rejects.toMatchObject({ code: 'FASTDFS_IO_ERROR' });
    expect(closed).toBe(true);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(rebuildIndex(client, new Map(), [fileId], { signal })).rejects.toThrow('enough');
    await client.delete(fileId);
  });
});
