/** What storages of old versions leave out or do wrong in files whose size and checksum are not in the id. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSClient } from '../../src/index.js';
import { bytes, collect } from '../helpers/bytes.js';

const BLOCK = 256 * 1024;

describe.each(['5.11', '6.06', '6.12.3', '6.15.3', '6.16.1'])('a storage of %s', (serverVersion) => {
  let fdfs: EmbeddedFastDFS;
  let client: FastDFSClient;
  let folder: string;

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start({ serverVersion, groups: { group1: 1 } });
    client = createClient({ ...fdfs.options, retry: { retries: 0 } });
    folder = await mkdtemp(path.join(tmpdir(), 'old-storages-'));
  });
  afterAll(async () => {
    await client.close();
    await fdfs.stop();
    await rm(folder, { recursive: true });
  });

  async function store(content: Buffer): Promise<[kind: string, fileId: string][]> {
    const master = await client.upload(bytes(33));
    const slave = await client.uploadSlave(master.fileId, '_s', content);
    const appender = await client.upload(content, { appender: true });
    return [
      ['slave', slave.fileId],
      ['appender', appender.fileId],
    ];
  }

  it.each([0, 1, 10, BLOCK + 1])('gives the rest of %i bytes from any start', async (size) => {
    const content = bytes(size);
    const starts = [0, 1, size - 1, size, size + 1, size + 2, size + 5000].filter((start) => start >= 0);
    for (const [kind, fileId] of await store(content)) {
      for (const start of starts) {
        const expected = content.subarray(start);
        const at = `${kind} from ${start}`;
        expect((await client.download(fileId, { start })).equals(expected), at).toBe(true);
        expect((await collect(client.createDownloadStream(fileId, { start }))).equals(expected), at).toBe(
          true,
        );
        const file = await client.downloadFile(fileId, path.join(folder, 'file'), { start });
        expect((await readFile(file.path)).equals(expected), at).toBe(true);
      }
    }
  });

  it('is asked for the size only where a range has a start and no end', async () => {
    for (const [, fileId] of await store(bytes(10))) {
      const before = fdfs.requests('QUERY_FILE_INFO');
      await client.download(fileId);
      await client.download(fileId, { start: 2, end: 5 });
      expect(fdfs.requests('QUERY_FILE_INFO')).toBe(before);
      await client.download(fileId, { start: 2 });
      expect(fdfs.requests('QUERY_FILE_INFO')).toBe(before + 1);
    }
  });

  it.each([0, 1, 10, BLOCK + 1])('does not spoil the CRC-32 of %i bytes', async (size) => {
    const content = bytes(size, 5);
    for (const [kind, fileId] of await store(content)) {
      expect((await client.stat(fileId, { crc32: true })).crc32, kind).toBe(crc32(content));
    }
  });

  it('does not spoil the CRC-32 of an appender file that has changed', async () => {
    for (const first of ['', 'first']) {
      const { fileId } = await client.upload(first, { appender: true });
      await client.append(fileId, 'and more');
      expect((await client.stat(fileId, { crc32: true })).crc32).toBe(crc32(`${first}and more`));
      await client.truncate(fileId, 0);
      expect((await client.stat(fileId, { crc32: true })).crc32).toBe(0);
    }
  });
});

it('a storage that computes the CRC-32 of a file is trusted with it', async () => {
  await using fdfs = await EmbeddedFastDFS.start();
  await using client = createClient(fdfs.options);
  const { fileId } = await client.upload('unchanged', { appender: true });
  await client.stat(fileId, { crc32: true });
  expect(fdfs.requests('DOWNLOAD_FILE')).toBe(0);
});
