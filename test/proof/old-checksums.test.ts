/** Files with the CRC-32 of FastDFS before 5.12 are uploaded and read; damaged ones are still noticed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSClient, parseFileId } from '../../src/index.js';
import { bytes, collect } from '../helpers/bytes.js';
import { TcpProxy } from '../helpers/proxy.js';

const SIZES = [0, 1, 2, 1000, 65_536, 300_000];

const WAYS: [string, (client: FastDFSClient, content: Buffer) => ReturnType<FastDFSClient['upload']>][] = [
  ['from memory', (client, content) => client.upload(content)],
  ['of a stream', (client, content) => client.upload(Readable.from([content]), { size: content.length })],
  ['of a stream of unknown length', (client, content) => client.upload(Readable.from([content]))],
];

const READS: [string, (client: FastDFSClient, fileId: string, folder: string) => Promise<Buffer>][] = [
  ['to memory', (client, fileId) => client.download(fileId)],
  ['as a stream', (client, fileId) => collect(client.createDownloadStream(fileId))],
  [
    'to a file',
    async (client, fileId, folder) =>
      readFile((await client.downloadFile(fileId, path.join(folder, 'f'))).path),
  ],
];

it.each(WAYS)('uploads to 5.11 %s are verified by the old sum', async (_, upload) => {
  await using fdfs = await EmbeddedFastDFS.start({ serverVersion: '5.11', groups: { group1: 2 } });
  await using client = createClient(fdfs.options);
  for (const size of SIZES) {
    const content = bytes(size, size);
    const { fileId, crc32: sum } = await upload(client, content);
    if (sum !== undefined) expect(sum).toBe(crc32(content));
    if (size > 2) expect(parseFileId(fileId).crc32).not.toBe(crc32(content));
    expect((await client.download(fileId)).equals(content)).toBe(true);
  }
});

it.each(READS)('files that 5.11 made are read %s after an upgrade in place', async (_, read) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'old-checksums-'));
  const directory = path.join(folder, 'data');
  const written: [string, Buffer][] = [];
  try {
    {
      await using old = await EmbeddedFastDFS.start({ serverVersion: '5.11', directory });
      await using client = createClient(old.options);
      for (const size of SIZES) {
        const content = bytes(size, size);
        written.push([(await client.upload(content)).fileId, content]);
      }
    }
    await using upgraded = await EmbeddedFastDFS.start({ serverVersion: '6.16.1', directory });
    // A new client for each: the first old sum that one meets must not be needed.
    for (const [fileId, content] of written) {
      await using client = createClient(upgraded.options);
      await client.upload('with the new sum');
      expect((await read(client, fileId, folder)).equals(content)).toBe(true);
      expect((await read(client, fileId, folder)).equals(content)).toBe(true);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('a file is read once more only when its sum does not match', async () => {
  await using fdfs = await EmbeddedFastDFS.start({ serverVersion: '5.11', groups: { group1: 1 } });
  await using client = createClient(fdfs.options);
  const reads = () => fdfs.requests('DOWNLOAD_FILE');
  const { fileId } = await client.upload(bytes(1000));
  expect(reads()).toBe(1);
  await client.download(fileId);
  // Once a client has met an old sum it computes both.
  expect(reads()).toBe(2);
  await using current = await EmbeddedFastDFS.start({ groups: { group1: 1 } });
  await using other = createClient(current.options);
  const stored = await other.upload(bytes(1000));
  expect(current.requests('DOWNLOAD_FILE')).toBe(0);
  await other.download(stored.fileId);
  expect(current.requests('DOWNLOAD_FILE')).toBe(1);
});

it.each(['5.11', '6.16.1'])('damaged content of a %s is still an error', async (serverVersion) => {
  await using fdfs = await EmbeddedFastDFS.start({ serverVersion, groups: { group1: 1 } });
  await using writer = createClient(fdfs.options);
  const { fileId, storage } = await writer.upload(bytes(1000));
  await using proxy = await TcpProxy.to(storage.host, storage.port, {
    reply: (chunk, send) => {
      const damaged = Buffer.from(chunk);
      damaged[damaged.length - 1]! ^= 1;
      send(damaged);
    },
  });
  await using client = createClient({
    ...fdfs.options,
    mapAddress: (own) => (own.role === 'storage' ? { host: '127.0.0.1', port: proxy.port } : own),
  });
  await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_CHECKSUM_MISMATCH' });
});
