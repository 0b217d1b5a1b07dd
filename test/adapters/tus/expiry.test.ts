/** Unfinished uploads expire where the store has an index to list them; and what tus servers cannot do for any store. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { fileIdOf, KIB, nodes, start } from './harness.js';

/** Files have the second in which they were made, so that an upload may expire a second early. */
const LIFE_MS = 2_500;
const EXPIRED_MS = LIFE_MS + 1_100;

onEachServer('tus uploads that expire', (server) => {
  const node = nodes(server);

  it('are removed, and only those that were left unfinished', async () => {
    const index = new Map<string, string>();
    const options = { index, expireAfterMs: LIFE_MS };
    const [{ http, store, client }, other] = [await node(options), await node(options)];
    expect(store.extensions).toContain('expiration');
    const untouched = await http.create(1000);
    const partial = await http.create(1000);
    const unknown = await http.create(undefined);
    await http.patch(partial, 0, bytes(300));
    const complete = await start(bytes(1000), { endpoint: http.endpoint }).done;
    const removed = await http.create(1000);
    await http.remove(removed);
    await start(Buffer.alloc(0), { endpoint: http.endpoint }).done.then((id) => http.remove(id));
    expect(index.size).toBe(3);
    expect(await store.deleteExpired()).toBe(0);

    await delay(EXPIRED_MS);
    const fresh = await http.create(1000);
    expect((await http.head(partial)).status).toBe(410);
    expect((await http.patch(partial, 300, bytes(700))).status).toBe(410);
    const counts = await Promise.all([http.tus.cleanUpExpiredUploads(), other.store.deleteExpired()]);
    expect(counts[0] + counts[1]).toBe(3);
    for (const id of [untouched, partial, unknown]) expect(await client.exists(fileIdOf(id))).toBe(false);
    expect((await client.download(fileIdOf(complete))).equals(bytes(1000))).toBe(true);
    expect([...index.values()]).toEqual([fileIdOf(fresh)]);
    expect(await store.deleteExpired()).toBe(0);
    for (const id of [fresh, complete]) await client.delete(fileIdOf(id));
    await delay(EXPIRED_MS);
    // A file that was removed behind the back of the store is no longer an upload.
    expect(await store.deleteExpired()).toBe(0);
    expect(index.size).toBe(0);
  }, 20_000);

  it('say when they expire', async () => {
    const { http, client } = await node({ index: new Map(), expireAfterMs: 60_000 });
    const id = await http.create(1000);
    const { headers } = await http.patch(id, 0, bytes(300));
    expect(Date.parse(headers.get('upload-expires')!)).toBeGreaterThan(Date.now() + 30_000);
    await client.delete(fileIdOf(id));
  });

  it('cannot be joined: no tus server for Node passes a concatenation on to its store', async () => {
    const { http } = await node();
    await expect(
      start(bytes(100 * KIB), { endpoint: http.endpoint, parallelUploads: 2 }).done,
    ).rejects.toThrow(/501/);
    const final = await fetch(http.endpoint, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Concat': 'final;/files/a /files/b' },
    });
    expect(final.status).toBe(501);
    // Not even where a store claims to: a final upload has no length, which the server demands.
    const claiming = await node();
    claiming.store.extensions.push('concatentation');
    const answer = await fetch(claiming.http.endpoint, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Concat': 'final;/files/a /files/b' },
    });
    expect(answer.status).toBe(400);
  });

  it('have file names of strangers that metadata can hold', async () => {
    const { http, client } = await node();
    for (const [filename, stored, extension] of [
      ['../../etc/passwd.txt', 'passwd.txt', 'txt'],
      ['a\u0001b\n.png', 'ab.png', 'png'],
      [`${'文'.repeat(300)}.jpeg`, `${'文'.repeat(83)}.jpeg`, 'jpeg'],
      ['..', undefined, ''],
    ] as const) {
      const id = await start(bytes(10), { endpoint: http.endpoint, metadata: { filename } }).done;
      const metadata = await client.getMetadata(fileIdOf(id));
      expect(metadata.filename).toBe(stored ?? '');
      expect(fileIdOf(id).endsWith(extension === '' ? '' : `.${extension}`)).toBe(true);
      expect(http.finished.at(-1)!.metadata).toEqual({ filename });
      await client.delete(fileIdOf(id));
    }
  });
});

onEmbedded('a tus store whose index fails', (server) => {
  const node = nodes(server);

  it('creates no upload that could not expire, and finishes those that exist', async () => {
    const index = new Map<string, string>();
    const { http, client } = await node({ index, expireAfterMs: LIFE_MS });
    const id = await http.create(100);
    vi.spyOn(index, 'get').mockImplementation(() => {
      throw new Error('the index is down');
    });
    await expect(http.create(100)).rejects.toThrow('POST: 503 The storage is not available, try again later');
    expect(server.fdfs.files()).toHaveLength(1);
    expect((await http.patch(id, 0, bytes(100))).status).toBe(204);
    vi.restoreAllMocks();
    await delay(EXPIRED_MS);
    expect(await http.tus.cleanUpExpiredUploads()).toBe(0);
    expect(index.size).toBe(0);
    await client.delete(fileIdOf(id));
  });

  it('keeps the entry of a file that could not be removed', async () => {
    const index = new Map<string, string>();
    const { store, http } = await node({ index, expireAfterMs: LIFE_MS });
    await http.create(100);
    await delay(EXPIRED_MS);
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    await expect(store.deleteExpired()).rejects.toMatchObject({ code: 'FASTDFS_IO_ERROR' });
    expect(index.size).toBe(1);
    expect(await store.deleteExpired()).toBe(1);
  });
});
