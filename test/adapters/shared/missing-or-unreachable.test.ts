/** A file whose storages are unreachable is not missing: no adapter says so, and none forgets it. */
import { expect, it } from 'vitest';
import { fdfsBlobStore } from '../../../src/adapters/blob-store/index.js';
import { UploadIds } from '../../../src/adapters/tus/upload-ids.js';
import { bytes, collect } from '../../helpers/bytes.js';
import { onEmbedded } from '../../helpers/servers.js';
import { failure, put, text } from '../blob-store/harness.js';
import { KIB, nodes, SECRET } from '../tus/harness.js';

/** Well-formed, and of a group that no tracker knows. */
const FOREIGN = 'nowhere/M00/00/00/rBEAAmCvI3GAfb2SAAAAC-vL9l0485.bin';
/** By the trackers, which know no ACTIVE storage, or by the storage that is remembered and refuses connections. */
const AWAY = { code: expect.stringMatching(/^FASTDFS_(NOT_FOUND|CONNECT_FAILED)$/), statusCode: 503 };

onEmbedded('a file whose storages are away', (server) => {
  const node = nodes(server);

  async function whileAway(run: () => Promise<void>): Promise<void> {
    await server.fdfs.stopStorage('group2');
    try {
      await run();
    } finally {
      await server.fdfs.startStorage('group2');
    }
  }

  it('is an upload that tus can go on with later', async () => {
    const { http, client } = await node({ group: 'group2', finalize: true });
    const content = bytes(150 * KIB);
    const id = await http.create(content.length);
    expect((await http.patch(id, 0, content.subarray(0, 64 * KIB))).status).toBe(204);
    await whileAway(async () => {
      expect((await http.head(id)).status).toBe(503);
      expect((await http.patch(id, 64 * KIB, content.subarray(64 * KIB))).status).toBe(503);
      expect((await http.remove(id)).status).toBe(503);
      await expect(http.create(10)).rejects.toThrow('POST: 503');
      expect(http.errors.length).toBe(4);
      for (const error of http.errors) expect(error).toMatchObject({ name: expect.stringMatching(/Error$/) });
    });
    expect((await http.patch(id, await http.offset(id), content.subarray(64 * KIB))).status).toBe(204);
    const { path } = http.finished[0]!;
    expect((await client.download(path)).equals(content)).toBe(true);
    await client.delete(path);
    expect((await http.head(id)).status).toBe(404);
  });

  it('is no blob that does not exist, and its key stays', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const index = new Map<string, string>();
    const store = fdfsBlobStore(client, { index, group: 'group2' });
    const elsewhere = fdfsBlobStore(client, { index, group: 'group1' });
    const byId = fdfsBlobStore(client);
    const kept = await put(store, 'kept', 'content');
    const replaced = await put(store, 'replaced', 'old');
    await whileAway(async () => {
      await expect(store.exists('kept')).rejects.toMatchObject(AWAY);
      await expect(byId.exists(kept.fileId)).rejects.toMatchObject(AWAY);
      expect(await failure(text(store, 'kept'))).toMatchObject(AWAY);
      expect(await failure(text(store, 'kept'))).not.toHaveProperty('notFound', true);
      await expect(store.remove('kept')).rejects.toMatchObject(AWAY);
      await expect(byId.remove(kept.fileId)).rejects.toMatchObject(AWAY);
      expect(index.get('kept')).toBe(kept.fileId);
      // The new blob stands, and names what is left of the old one.
      expect(await put(elsewhere, 'replaced', 'new')).toMatchObject({ orphan: replaced.fileId });
    });
    expect(await text(store, 'kept')).toBe('content');
    expect(await text(store, 'replaced')).toBe('new');
    await store.remove('kept');
    await store.remove('replaced');
    await byId.remove(replaced.fileId);
    expect(index.size).toBe(0);
  });

  it('differs from one of a group that does not exist', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const store = fdfsBlobStore(client);
    expect(await store.exists(FOREIGN)).toBe(false);
    expect(await failure(collect(store.createReadStream(FOREIGN)))).toMatchObject({ notFound: true });
    const { http } = await node();
    expect((await http.head(new UploadIds(SECRET).sign(FOREIGN))).status).toBe(404);
  });
});
