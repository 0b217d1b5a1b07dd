/** Downloads in ranges over several connections give the same file, refuse what a single one refuses, and keep to their share. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytes } from '../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../helpers/servers.js';

const MIB = 1024 * 1024;
const SIZE = 9 * MIB + 7;
let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parallel-'));
  target = path.join(folder, 'target');
});
afterEach(() => rm(folder, { recursive: true }));

onEachServer('downloads in ranges', (server) => {
  it.each([
    ['whole', 0, undefined],
    ['from a byte on', 3, undefined],
    ['up to a byte', 0, 7 * MIB],
    ['between two, beyond the end', 2 * MIB + 1, 100 * MIB],
    ['that are too small for it', 5, 2 * MIB],
  ])('give the same bytes: %s', async (_what, start, end) => {
    const client = server.client();
    const content = bytes(SIZE);
    const { fileId } = await client.upload(content);
    const expected = content.subarray(start, end === undefined ? undefined : end + 1);
    const progress: number[] = [];
    const downloaded = await client.downloadFile(fileId, target, {
      parallel: 4,
      start,
      end,
      onProgress: ({ transferred, total }) => {
        expect(total).toBe(expected.length);
        progress.push(transferred);
      },
    });
    expect(downloaded).toEqual({ path: target, size: expected.length });
    expect((await readFile(target)).equals(expected)).toBe(true);
    expect(progress.at(-1)).toBe(expected.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    await client.delete(fileId);
  });

  it('that are given up, or whose progress throws, leave nothing', async () => {
    const client = server.client();
    const { fileId } = await client.upload(bytes(SIZE));
    const giveUp = new AbortController();
    for (const stop of [() => giveUp.abort(new Error('enough')), () => expect.unreachable('enough')]) {
      const onProgress = ({ transferred }: { transferred: number }) => transferred > MIB && stop();
      const options = { parallel: 4, signal: giveUp.signal, onProgress } as object;
      await expect(client.downloadFile(fileId, target, options)).rejects.toThrow('enough');
      expect(await readdir(folder)).toEqual([]);
    }
    await client.delete(fileId);
  });

  it('of appender files take one connection', async () => {
    const client = server.client();
    const content = bytes(SIZE);
    const { fileId } = await client.upload(content, { appender: true });
    await client.downloadFile(fileId, target, { parallel: 4 });
    expect((await readFile(target)).equals(content)).toBe(true);
    await client.delete(fileId);
  });

  it('of a file that is not there fail as one does', async () => {
    const client = server.client();
    const { fileId } = await client.upload(bytes(SIZE));
    await client.delete(fileId);
    const download = client.downloadFile(fileId, target, { parallel: 4 });
    await expect(download).rejects.toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
    expect(await readdir(folder)).toEqual([]);
  });
});

onEmbedded('downloads in ranges', (server) => {
  it.each([
    [1, 16, 1],
    [4, 16, 4],
    [4, 4, 2],
    [64, 3, 1],
  ])('%i wanted, %i connections: %i requests', async (parallel, maxPerServer, expected) => {
    const client = server.client({ pool: { maxPerServer } });
    const { fileId } = await client.upload(bytes(SIZE));
    const before = server.fdfs.requests('DOWNLOAD_FILE');
    await client.downloadFile(fileId, target, { parallel });
    expect(server.fdfs.requests('DOWNLOAD_FILE') - before).toBe(expected);
    await client.delete(fileId);
  });

  it('are spread over the storages that have the file, and need none but one of them', async () => {
    const client = server.client({ group: 'group1' });
    const content = bytes(SIZE);
    const { fileId } = await client.upload(content);
    await expect.poll(async () => (await client.locate(fileId)).length).toBe(2);
    const count = (storage: string) => server.fdfs.requests('DOWNLOAD_FILE', storage);
    const before = ['group1/0', 'group1/1'].map(count);
    await client.downloadFile(fileId, target, { parallel: 4 });
    expect(['group1/0', 'group1/1'].map((storage, index) => count(storage) - before[index]!)).toEqual([2, 2]);
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', server: 'group1/1', action: 'reset', times: 2 });
    await client.downloadFile(fileId, target, { parallel: 4 });
    expect((await readFile(target)).equals(content)).toBe(true);
    expect(count('group1/0') - before[0]!).toBe(2 + 4);
    await client.delete(fileId);
  });

  it('go on where a connection was cut', async () => {
    const client = server.client();
    const content = bytes(SIZE);
    const { fileId } = await client.upload(content);
    server.fdfs.inject({
      command: 'DOWNLOAD_FILE',
      phase: 'reply',
      action: 'reset',
      afterBytes: MIB,
      times: 2,
    });
    await client.downloadFile(fileId, target, { parallel: 4 });
    expect((await readFile(target)).equals(content)).toBe(true);
    await client.delete(fileId);
  });

  it('refuse other bytes than were uploaded, and keep them unless they are to be verified', async () => {
    const client = server.client({ group: 'group2' });
    const content = bytes(SIZE);
    const { fileId } = await client.upload(content);
    const other = Buffer.from(content);
    other[6 * MIB]! ^= 1;
    await server.fdfs.corruptCopy(fileId, 0, other);
    const download = client.downloadFile(fileId, target, { parallel: 4 });
    await expect(download).rejects.toMatchObject({ code: 'FASTDFS_CHECKSUM_MISMATCH' });
    expect(await readdir(folder)).toEqual([]);
    await client.downloadFile(fileId, target, { parallel: 4, verify: false });
    expect((await readFile(target)).equals(other)).toBe(true);
    await client.delete(fileId);
  });
});
