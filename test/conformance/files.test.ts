import { crc32 as computeCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArgumentError, type Metadata, parseFileId, ServerError } from '../../src/index.js';
import { bytes, collect, pieces } from '../helpers/bytes.js';
import { isSince, readServerVersion, sumInId } from '../helpers/server-version.js';
import { onEachServer } from '../helpers/servers.js';

/** Content sizes around every border that the way to the server has. */
const BLOCK = 1024 * 1024;
const SIZES = [0, 1, 255, 16 * 1024, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 3];

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'no error',
    (error) => error.code ?? error.name,
  );
}

onEachServer('files', (server) => {
  describe('upload and download', () => {
    it.each(SIZES)('%i bytes from memory come back unchanged', async (size) => {
      const client = server.client();
      const content = bytes(size);
      const { fileId, crc32, ...result } = await client.upload(content, { ext: 'bin' });
      expect(result).toMatchObject({ size, kind: 'normal', group: fileId.split('/')[0] });
      expect(crc32).toBe(computeCrc32(content));
      const inId = await sumInId(server.trackers, content);
      expect(parseFileId(fileId)).toMatchObject({ size, crc32: inId, extension: 'bin' });
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    });

    it.each(SIZES)('%i bytes of unknown length become an ordinary file', async (size) => {
      const client = server.client();
      const content = bytes(size, 2);
      const { fileId, kind } = await client.upload(pieces(content));
      expect(kind).toBe('normal');
      expect(parseFileId(fileId).size).toBe(size);
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    });

    it('takes every kind of source', async () => {
      const client = server.client();
      const sources = {
        string: 'grüße',
        uint8array: new Uint8Array(Buffer.from('grüße')),
        blob: new Blob(['grüße']),
        web: new Blob(['grüße']).stream(),
        iterable: ['grü', Buffer.from('ße')],
        generator: (async function* () {
          yield 'grü';
          yield 'ße';
        })(),
        callback: async (write: (chunk: string) => Promise<void>) => {
          await write('grü');
          await write('ße');
        },
      };
      for (const [kind, source] of Object.entries(sources)) {
        const { fileId, size } = await client.upload(source);
        expect([kind, size, (await client.download(fileId)).toString()]).toEqual([kind, 7, 'grüße']);
        await client.delete(fileId);
      }
    });

    it.each([
      ['no Buffer', []],
      ['an empty one', [0]],
      ['empty ones between others', [0, 3, 0, 5, 0]],
      ['many', Array.from({ length: 300 }, (_, index) => index * 70)],
    ])('an array of Buffers is content of known length: %s', async (_, lengths) => {
      const client = server.client();
      const chunks = lengths.map((length, index) => bytes(length, index));
      const content = Buffer.concat(chunks);
      const told: unknown[] = [];
      const result = await client.upload(chunks, {
        whenSizeUnknown: 'reject',
        size: content.length,
        onProgress: (progress) => told.push(progress),
      });
      expect(result).toMatchObject({ kind: 'normal', size: content.length });
      expect(told).toEqual([{ transferred: content.length, total: content.length }]);
      expect((await client.download(result.fileId)).equals(content)).toBe(true);
      await client.delete(result.fileId);
      await expect(client.upload(chunks, { size: content.length + 1 })).rejects.toMatchObject({
        code: 'FASTDFS_SIZE_MISMATCH',
      });
    });

    it('an array may be used again as soon as the upload has started', async () => {
      const client = server.client();
      const chunks = [Buffer.from('first'), Buffer.from('second')];
      const uploading = client.upload(chunks);
      chunks.length = 0;
      const { fileId } = await uploading;
      expect((await client.download(fileId)).toString()).toBe('firstsecond');
      await client.delete(fileId);
    });

    it('goes to the group that is asked for, and refuses one that does not exist', async () => {
      const client = server.client();
      for (const group of ['group1', 'group2']) {
        const { fileId } = await client.upload('here', { group });
        expect(parseFileId(fileId).group).toBe(group);
        await client.delete(fileId);
      }
      await expect(client.upload('x', { group: 'nosuch' })).rejects.toMatchObject({
        code: 'FASTDFS_NOT_FOUND',
        serverStatus: 2,
        errno: 'ENOENT',
      });
    });

    it.each([
      ['start', { start: 3 }, '3456789'],
      ['start and end', { start: 3, end: 5 }, '345'],
      ['one byte', { start: 9, end: 9 }, '9'],
      ['an end behind the file', { start: 8, end: 999 }, '89'],
      ['a start at the end', { start: 10 }, ''],
      ['a start behind the end', { start: 11 }, ''],
      ['a start far behind the end', { start: 5000 }, ''],
      ['start and end behind the file', { start: 11, end: 20 }, ''],
    ])('reads a range: %s', async (_, range, expected) => {
      const client = server.client();
      const content = '0123456789';
      const { fileId } = await client.upload(content);
      const appender = await client.upload(content, { appender: true });
      const slave = await client.uploadSlave(fileId, '_range', content);
      for (const id of [fileId, appender.fileId, slave.fileId]) {
        expect((await client.download(id, range)).toString()).toBe(expected);
        expect((await collect(client.createDownloadStream(id, range))).toString()).toBe(expected);
        await client.delete(id);
      }
    });

    it('names what is missing', async () => {
      const client = server.client();
      const { fileId } = await client.upload('short lived');
      const empty = await client.upload('');
      await client.delete(fileId);
      await client.delete(empty.fileId);
      for (const gone of [fileId, empty.fileId]) {
        expect(await codeOf(client.download(gone))).toBe('FASTDFS_NOT_FOUND');
        expect(await codeOf(client.delete(gone))).toBe('FASTDFS_NOT_FOUND');
        expect(await codeOf(client.getMetadata(gone))).toBe('FASTDFS_NOT_FOUND');
        expect(await codeOf(client.setMetadata(gone, { a: 'b' }))).toBe('FASTDFS_NOT_FOUND');
        expect(await codeOf(client.stat(gone, { source: 'server' }))).toBe('FASTDFS_NOT_FOUND');
        expect(await client.exists(gone)).toBe(false);
        await client.delete(gone, { ignoreNotFound: true });
      }
      const error = await client.download(fileId).catch((e) => e);
      expect(error).toBeInstanceOf(ServerError);
      expect(error).toMatchObject({ command: 'DOWNLOAD_FILE', fileId, serverStatus: 2, maybeApplied: false });
      expect(error.address).toMatch(/:\d+$/);
    });

    it.each([
      '',
      'group1',
      'group1/',
      '../etc/passwd',
      'group1/M00/00/00/../../x',
      `group1/M00/00/00/${'a'.repeat(128)}`,
    ])('refuses the malformed id %j before anything is sent', async (fileId) => {
      const client = server.client();
      for (const call of [
        () => client.download(fileId),
        () => client.delete(fileId),
        () => client.exists(fileId),
        () => client.stat(fileId),
        () => client.getMetadata(fileId),
      ]) {
        await expect(call()).rejects.toBeInstanceOf(ArgumentError);
      }
      expect(client.stats()).toEqual({});
    });
  });

  describe('appender files', () => {
    it('append, modify, truncate, finalize', async () => {
      const client = server.client();
      const { fileId, kind } = await client.upload('abc', { appender: true, ext: 'log' });
      expect(kind).toBe('appender');
      await client.append(fileId, [Buffer.from('d'), Buffer.from('ef')]);
      await client.append(fileId, '');
      await client.append(fileId, []);
      await client.modify(fileId, 1, [Buffer.from('X'), Buffer.from('Y')]);
      await client.modify(fileId, 6, 'g');
      await client.modify(fileId, 0, '');
      expect((await client.download(fileId)).toString()).toBe('aXYdefg');
      await client.truncate(fileId, 4);
      await client.truncate(fileId, 4);
      expect(await client.stat(fileId, { crc32: true })).toMatchObject({
        size: 4,
        kind: 'appender',
        from: 'server',
      });
      if (isSince('6.0', await readServerVersion(server.trackers))) {
        await client.truncate(fileId, 6);
        expect(await client.download(fileId)).toEqual(Buffer.from('aXYd\0\0'));
        await client.truncate(fileId, 4);
      } else {
        await expect(client.truncate(fileId, 6)).rejects.toMatchObject({ serverStatus: 22 });
      }
      const ordinary = await client.finalize(fileId);
      expect(parseFileId(ordinary)).toMatchObject({ kind: 'normal', size: 4, extension: 'log' });
      expect((await client.download(ordinary)).toString()).toBe('aXYd');
      expect(await client.exists(fileId)).toBe(false);
      await client.delete(ordinary);
    });

    it('can be empty', async () => {
      const client = server.client();
      const { fileId } = await client.upload('', { appender: true });
      expect((await client.download(fileId)).length).toBe(0);
      expect((await client.download(fileId, { start: 0, end: 10 })).length).toBe(0);
      const ordinary = await client.finalize(fileId);
      expect((await client.download(ordinary)).length).toBe(0);
      await client.delete(ordinary);
    });

    it('keeps a stream of unknown length an appender file when asked to', async () => {
      const client = server.client();
      const content = bytes(3 * BLOCK);
      const { fileId, kind, size } = await client.upload(pieces(content), {
        whenSizeUnknown: 'stream',
        finalize: false,
        metadata: { kept: 'yes' },
      });
      expect([kind, size]).toEqual(['appender', content.length]);
      expect(await client.getMetadata(fileId)).toEqual({ kept: 'yes' });
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    });

    it('refuses to change an ordinary file', async () => {
      const client = server.client();
      const { fileId } = await client.upload('fixed');
      const refused = { name: 'ArgumentError', code: 'FASTDFS_NOT_APPENDER', fileId };
      await expect(client.append(fileId, 'x')).rejects.toMatchObject(refused);
      await expect(client.append(fileId, pieces(bytes(9)))).rejects.toMatchObject(refused);
      await expect(client.modify(fileId, 0, 'x')).rejects.toMatchObject(refused);
      await expect(client.truncate(fileId)).rejects.toMatchObject(refused);
      await expect(client.finalize(fileId)).rejects.toMatchObject(refused);
      expect((await client.download(fileId)).toString()).toBe('fixed');
      await client.delete(fileId);
    });

    it('refuses to modify behind the end, and the connection is not used again', async () => {
      const client = server.client();
      const { fileId } = await client.upload('abc', { appender: true });
      await expect(client.modify(fileId, 4, 'x')).rejects.toMatchObject({ serverStatus: 22 });
      expect((await client.download(fileId)).toString()).toBe('abc');
      await client.delete(fileId);
    });
  });

  describe('slave files', () => {
    it('are named after their master and live on their own', async () => {
      const client = server.client();
      const { fileId } = await client.upload('master', { ext: 'jpg' });
      const small = await client.uploadSlave(fileId, '_small', 'slave');
      expect(small.fileId).toBe(fileId.replace(/\.jpg$/, '_small.jpg'));
      expect(small.kind).toBe('slave');
      const png = await client.uploadSlave(fileId, '_small', bytes(70_000), {
        ext: 'png',
        metadata: { w: '10' },
      });
      expect(png.fileId).toBe(fileId.replace(/\.jpg$/, '_small.png'));
      expect(await client.getMetadata(png.fileId)).toEqual({ w: '10' });
      await expect(client.uploadSlave(fileId, '_small', 'again')).rejects.toMatchObject({
        code: 'FASTDFS_EXISTS',
        serverStatus: 17,
      });
      await client.delete(fileId);
      expect((await client.download(small.fileId)).toString()).toBe('slave');
      await expect(client.uploadSlave(fileId, '_other', 'x')).rejects.toMatchObject({
        code: 'FASTDFS_NOT_FOUND',
      });
      await client.delete(small.fileId);
      await client.delete(png.fileId);
    });

    it('take content of unknown length, too', async () => {
      const client = server.client();
      const { fileId } = await client.upload('master', { ext: 'bin' });
      for (const size of [0, 10, 2 * BLOCK + 1]) {
        const content = bytes(size, 3);
        const slave = await client.uploadSlave(fileId, `_n${size}`, pieces(content));
        expect((await client.download(slave.fileId)).equals(content)).toBe(true);
        expect(await client.stat(slave.fileId, { crc32: true })).toMatchObject({ size, crc32: slave.crc32 });
        await client.delete(slave.fileId);
      }
      await client.delete(fileId);
    });
  });

  describe('metadata', () => {
    it('is stored with an upload, replaced, merged and cleared', async () => {
      const client = server.client();
      const { fileId, metadata } = await client.upload('x', {
        filename: 'Überraschung.txt',
        keepFilename: true,
        metadata: { width: '160', empty: '' },
      });
      expect(metadata).toEqual({ filename: 'Überraschung.txt', width: '160', empty: '' });
      expect(await client.getMetadata(fileId)).toEqual(metadata);
      await client.setMetadata(fileId, { width: '200', height: '100' }, { mode: 'merge' });
      expect(await client.getMetadata(fileId)).toEqual({ ...metadata, width: '200', height: '100' });
      await client.setMetadata(fileId, {}, { mode: 'merge' });
      await client.setMetadata(fileId, { only: 'this\nand this' });
      expect(await client.getMetadata(fileId)).toEqual({ only: 'this\nand this' });
      await client.setMetadata(fileId, {});
      expect(await client.getMetadata(fileId)).toEqual({});
      await client.delete(fileId);
    });

    it('survives the end of a stream of unknown length', async () => {
      const client = server.client();
      const { fileId } = await client.upload(pieces(bytes(BLOCK + 5)), { metadata: { a: 'b' } });
      expect(await client.getMetadata(fileId)).toEqual({ a: 'b' });
      await client.delete(fileId);
    });

    it('at its limits comes back whole; beyond them nothing is sent', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x', { metadata: { ['k'.repeat(64)]: 'v'.repeat(256) } });
      expect(await client.getMetadata(fileId)).toEqual({ ['k'.repeat(64)]: 'v'.repeat(256) });
      const bads: Metadata[] = [
        { ['k'.repeat(65)]: '' },
        { k: 'v'.repeat(257) },
        { k: 'a\x01b' },
        { 'a\x02': 'b' },
        { k: 'a\0' },
      ];
      for (const bad of bads) {
        await expect(client.setMetadata(fileId, bad)).rejects.toBeInstanceOf(ArgumentError);
        await expect(client.upload('y', { metadata: bad })).rejects.toBeInstanceOf(ArgumentError);
      }
      await client.delete(fileId);
    });
  });

  describe('stat and locate', () => {
    it('reports the same from the id and from the server', async () => {
      const client = server.client();
      const content = bytes(1000);
      const { fileId } = await client.upload(content);
      const crc32 = await sumInId(server.trackers, content);
      const fromId = await client.stat(fileId, { source: 'id' });
      const fromServer = await client.stat(fileId, { source: 'server' });
      expect(fromId).toMatchObject({ size: 1000, crc32, kind: 'normal', from: 'id' });
      expect(fromServer).toMatchObject({ size: 1000, crc32, kind: 'normal', from: 'server' });
      expect(Math.abs(fromServer.modifiedAt!.getTime() - fromId.createdAt.getTime())).toBeLessThanOrEqual(
        2000,
      );
      await client.delete(fileId);
    });

    it('knows where a file is', async () => {
      const client = server.client();
      const { fileId, storage } = await client.upload('where?');
      expect(await client.locate(fileId)).toContainEqual(storage);
      expect(await client.locate(fileId, { for: 'update' })).toEqual([storage]);
      await client.delete(fileId);
    });
  });
});
