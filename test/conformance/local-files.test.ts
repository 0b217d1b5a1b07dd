/** Files of this machine: whole or not at all, at the edges of the blocks they are read and written in. */
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytes } from '../helpers/bytes.js';
import { onEachServer } from '../helpers/servers.js';

const KIB = 1024;
const MIB = 1024 * KIB;

onEachServer('local files', (server) => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'local-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([0, 1, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 7])(
    'a file of %i bytes goes up and comes back',
    async (size) => {
      const client = server.client();
      const content = bytes(size);
      const [source, target] = [path.join(folder, 'source'), path.join(folder, 'target')];
      await writeFile(source, content);
      const { fileId } = await client.uploadFile(source);
      expect(await client.downloadFile(fileId, target)).toEqual({ path: target, size });
      expect((await readFile(target)).equals(content)).toBe(true);
      const part = await client.downloadFile(fileId, target, { start: Math.min(1, size), end: size });
      expect(part.size).toBe(Math.max(0, size - 1));
      expect((await readFile(target)).equals(content.subarray(1))).toBe(true);
      await client.delete(fileId);
    },
  );

  it('a download keeps the mode of a file that is there, a link to it, and takes the longest name', async () => {
    const client = server.client();
    const { fileId } = await client.upload(bytes(70_000));
    const [old, link, long] = ['old', 'link', 'n'.repeat(255)].map((name) => path.join(folder, name));
    await writeFile(old!, 'old');
    await chmod(old!, 0o640);
    await symlink('old', link!);
    await client.downloadFile(fileId, link);
    await client.downloadFile(fileId, long);
    expect((await stat(old!)).mode & 0o777).toBe(0o640);
    expect((await lstat(link!)).isSymbolicLink()).toBe(true);
    for (const file of [old!, long!]) expect((await readFile(file)).equals(bytes(70_000))).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['link', 'n'.repeat(255), 'old']);
    await client.delete(fileId);
  });

  it('file: URLs are paths', async () => {
    const client = server.client();
    const [source, target] = ['so ur#ce.txt', 'target'].map((name) => path.join(folder, name));
    await writeFile(source!, 'abc');
    const { fileId } = await client.uploadFile(pathToFileURL(source!), { keepFilename: true });
    expect(await client.getMetadata(fileId)).toEqual({ filename: 'so ur#ce.txt' });
    expect(await client.downloadFile(fileId, pathToFileURL(target!))).toEqual({ path: target, size: 3 });
    expect(await readFile(target!, 'utf8')).toBe('abc');
    await client.delete(fileId);
  });

  it('several at once do not mix', async () => {
    const client = server.client();
    const contents = Array.from({ length: 8 }, (_, index) => bytes(2 * MIB + index, index));
    const names = contents.map((_, index) => path.join(folder, String(index)));
    await Promise.all(names.map((name, index) => writeFile(name, contents[index]!)));
    const ids = await Promise.all(names.map(async (name) => (await client.uploadFile(name)).fileId));
    await Promise.all(ids.map((id, index) => client.downloadFile(id, names[index]!)));
    for (const [index, name] of names.entries())
      expect((await readFile(name)).equals(contents[index]!)).toBe(true);
    await Promise.all(ids.map((id) => client.delete(id)));
  });

  it('a download that is given up half-way leaves nothing, and says why', async () => {
    const client = server.client();
    const { fileId } = await client.upload(bytes(32 * MIB));
    const target = path.join(folder, 'target');
    const giveUp = new AbortController();
    const downloading = client.downloadFile(fileId, target, { signal: giveUp.signal });
    // As soon as something is there.
    await expect.poll(async () => (await readdir(folder)).length).toBe(1);
    giveUp.abort(new Error('enough'));
    const outcome = await downloading.catch((error: Error) => error.message);
    if (outcome === 'enough') expect(await readdir(folder)).toEqual([]);
    else expect(outcome).toEqual({ path: target, size: 32 * MIB });
    await client.delete(fileId);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'a full disk ends the download with the error of the disk',
    async () => {
      const client = server.client();
      const { fileId } = await client.upload(bytes(8 * MIB));
      await expect(client.downloadFile(fileId, '/dev/full')).rejects.toMatchObject({ code: 'ENOSPC' });
      await client.delete(fileId);
    },
  );

  it.each([
    ['fewer', 3 * MIB],
    ['more', 5 * MIB],
  ])('a file that has %s bytes than it was announced with is refused', async (_what, actual) => {
    const client = server.client();
    const source = path.join(folder, 'source');
    await writeFile(source, bytes(actual));
    await expect(client.uploadFile(source, { size: 4 * MIB })).rejects.toMatchObject({
      code: 'FASTDFS_SIZE_MISMATCH',
    });
  });

  it('a file whose length is not to be relied on goes up as a stream', async () => {
    const client = server.client();
    const source = path.join(folder, 'source');
    const content = bytes(3 * MIB);
    await writeFile(source, content);
    // Exact types leave no room for this; plain JavaScript does.
    const options = { size: undefined } as object;
    const { fileId, size } = await client.uploadFile(source, options);
    expect(size).toBe(content.length);
    expect((await client.download(fileId)).equals(content)).toBe(true);
    await client.delete(fileId);
  });
});
