/** Downloads from one storage alone: by address, by what the tracker lists it by; and progress of downloads. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FastDFSAdmin, type Progress } from '../../src/index.js';
import { bytes, collect } from '../helpers/bytes.js';
import { onEachServer } from '../helpers/servers.js';

const MIB = 1024 * 1024;

onEachServer('downloads', (server) => {
  it('come from the storage that was asked for, by address and by id', async () => {
    const client = server.client({ group: 'group1' });
    const content = bytes(MIB + 7);
    const { fileId } = await client.upload(content);
    const admin = new FastDFSAdmin(client);
    const storages = await admin.listStorages('group1');
    expect(storages).toHaveLength(2);
    for (const { host, port, id } of storages) {
      const exact = { storage: `${host}:${port}` };
      // The replica may lag behind by a moment, and nothing else stands in for it.
      const arrived = () => client.download(fileId, exact).then((got) => got.equals(content));
      await expect.poll(() => arrived().catch((error) => error), { timeout: 10_000 }).toBe(true);
      // On one machine storages may share what they are listed by.
      expect(await client.download(fileId, { storage: id, end: 9 })).toHaveLength(10);
      expect((await collect(client.createDownloadStream(fileId, exact))).equals(content)).toBe(true);
    }
    await client.delete(fileId);
  });

  it('fail for a storage that the group does not have, or that is not there', async () => {
    const client = server.client({ retry: { retries: 0 }, connectTimeoutMs: 500 });
    const { fileId } = await client.upload('here');
    await expect(client.download(fileId, { storage: '100999' })).rejects.toMatchObject({
      code: 'FASTDFS_ARGUMENT',
      message: expect.stringContaining('100999'),
    });
    await expect(client.download(fileId, { storage: '127.0.0.1:1' })).rejects.toMatchObject({
      code: 'FASTDFS_CONNECT_FAILED',
    });
    await client.delete(fileId);
  });

  it('report progress, whichever way they go', async () => {
    const client = server.client();
    const size = 3 * MIB + 1;
    const { fileId } = await client.upload(bytes(size));
    const folder = await mkdtemp(path.join(tmpdir(), 'progress-'));
    const ways: ((onProgress: (progress: Progress) => void) => Promise<unknown>)[] = [
      (onProgress) => client.download(fileId, { onProgress }),
      (onProgress) => client.downloadFile(fileId, path.join(folder, 'file'), { onProgress }),
      (onProgress) => collect(client.createDownloadStream(fileId, { onProgress })),
    ];
    for (const way of ways) {
      const seen: Progress[] = [];
      await way((progress) => seen.push(progress));
      expect(seen.at(-1)).toEqual({ transferred: size, total: size });
      expect(seen.length).toBeGreaterThan(1);
      expect(seen.every(({ transferred }, at) => transferred > (seen[at - 1]?.transferred ?? 0))).toBe(true);
      const mine = new Error('mine');
      const fails = [
        () => {
          throw mine;
        },
        async () => {
          throw mine;
        },
      ];
      for (const fail of fails) await expect(way(fail)).rejects.toBe(mine);
    }
    await rm(folder, { recursive: true });
    await client.delete(fileId);
  });

  it('to a local file take their options in second place, too', async () => {
    const client = server.client();
    const { fileId } = await client.upload('content', { ext: 'txt' });
    const folder = await mkdtemp(path.join(tmpdir(), 'second-'));
    const before = process.cwd();
    process.chdir(folder);
    try {
      const { path: name, size } = await client.downloadFile(fileId, { start: 3 });
      expect([name, size]).toEqual([path.posix.basename(fileId), 4]);
    } finally {
      process.chdir(before);
      await rm(folder, { recursive: true });
    }
    await client.delete(fileId);
  });
});

onEachServer('many deletions', (server) => {
  it('tell for each file what became of it', async () => {
    const client = server.client();
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => (await client.upload(`${n}`)).fileId),
    );
    await client.delete(ids[7]!);
    const outcomes = await client.deleteMany([...ids, 'no id', ids[0]!], { concurrency: 5 });
    expect([...outcomes.keys()]).toEqual([...ids, 'no id']);
    expect(outcomes.get(ids[7]!)).toBe('absent');
    expect(outcomes.get('no id')).toMatchObject({ code: 'FASTDFS_BAD_FILE_ID' });
    expect([...outcomes.values()].filter((outcome) => outcome === 'deleted')).toHaveLength(39);
    const generate = async function* () {
      yield* ids;
    };
    const again = await client.deleteMany(generate());
    expect([...again.values()].every((outcome) => outcome === 'absent')).toBe(true);
    const reason = new Error('enough');
    await expect(client.deleteMany(ids, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await client.deleteMany([])).toEqual(new Map());
  });
});
