import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFileId } from '../../src/index.js';
import { bytes, collect, Digest, flood, pieces, sha256 } from '../helpers/bytes.js';
import { onEachServer } from '../helpers/servers.js';

const MIB = 1024 * 1024;

async function closed(stream: Writable): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
}

onEachServer('streams', (server) => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fastdfs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe('upload stream', () => {
    it('has its file id inside finish, and not before', async () => {
      const client = server.client();
      const stream = client.createUploadStream({ ext: 'txt' });
      expect(stream.fileId).toBeUndefined();
      stream.write('one ');
      stream.end('two');
      await once(stream, 'finish');
      expect(parseFileId(stream.fileId!)).toMatchObject({ size: 7, extension: 'txt' });
      expect(stream.result).toMatchObject({ fileId: stream.fileId, size: 7 });
      expect((await client.download(stream.fileId!)).toString()).toBe('one two');
      await client.delete(stream.fileId!);
    });

    it.each([
      ['known', true],
      ['unknown', false],
    ])('streams 20 MiB of %s length', async (_, known) => {
      const client = server.client();
      const size = 20 * MIB + 17;
      const stream = client.createUploadStream(known ? { size } : {});
      const sent = new Digest();
      const source = flood(size);
      source.on('data', (chunk) => sent.write(chunk));
      await pipeline(source, stream);
      const received = new Digest();
      await pipeline(client.createDownloadStream(stream.fileId!), received);
      expect([received.size, received.sha256]).toEqual([size, sent.sha256]);
      await client.delete(stream.fileId!);
    });

    it.each([
      ['one byte too few', 99],
      ['one byte too many', 101],
      ['nothing', 0],
      ['far too much', 3 * MIB],
    ])('announced with 100 bytes, given %s: fails and leaves nothing', async (_, actual) => {
      const client = server.client();
      for (const attempt of [
        () => pipeline(pieces(bytes(actual)), client.createUploadStream({ size: 100 })),
        () => client.upload(pieces(bytes(actual)), { size: 100 }),
        () => client.upload(bytes(actual), { size: 100 }),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'FASTDFS_SIZE_MISMATCH' });
      }
    });

    it.each([
      ['before the first byte', 0, undefined],
      ['in the first block', 1000, undefined],
      ['after several blocks', 3 * MIB, undefined],
      ['in the middle of a known length', 2 * MIB, 4 * MIB],
    ])('destroyed %s: leaves nothing', async (_, written, size) => {
      const client = server.client();
      const stream = client.createUploadStream(size === undefined ? {} : { size });
      if (written > 0) {
        for (let at = 0; at < written; at += 100_000) {
          const piece = bytes(Math.min(100_000, written - at));
          if (!stream.write(piece)) await once(stream, 'drain');
        }
      }
      const reason = new Error('changed my mind');
      stream.destroy(reason);
      await expect(finished(stream)).rejects.toBe(reason);
      await closed(stream);
      expect(stream.fileId).toBeUndefined();
    });

    it('destroyed while the storage is confirming: leaves nothing', async () => {
      const client = server.client();
      for (const options of [{ size: 10 }, {}, { size: 10, metadata: { a: 'b' } }]) {
        const stream = client.createUploadStream(options);
        stream.on('error', () => undefined);
        stream.end(bytes(10));
        await new Promise((resolve) => setImmediate(resolve));
        stream.destroy(new Error('too late?'));
        await closed(stream);
        if (stream.fileId) await client.delete(stream.fileId);
      }
    });

    it('a failing source ends the upload and leaves nothing', async () => {
      const client = server.client();
      const failing = async function* () {
        yield bytes(2 * MIB);
        throw new Error('disk fell off');
      };
      await expect(client.upload(failing())).rejects.toThrow('disk fell off');
      await expect(client.upload(failing(), { size: 3 * MIB })).rejects.toThrow('disk fell off');
      await expect(
        client.upload(async (write) => {
          await write('something');
          throw new Error('no more');
        }),
      ).rejects.toThrow('no more');
    });

    it('rejects with the reason of an abort, whenever it comes', async () => {
      const client = server.client();
      for (const after of [0, 100_000, 3 * MIB]) {
        for (const size of [undefined, 8 * MIB]) {
          const controller = new AbortController();
          let seen = 0;
          const source = flood(8 * MIB).on('data', (chunk) => {
            seen += chunk.length;
            if (seen > after) controller.abort();
          });
          await expect(client.upload(source, { size, signal: controller.signal })).rejects.toMatchObject({
            name: 'AbortError',
          });
        }
      }
      const reason = new Error('mine');
      await expect(client.upload('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const late = new AbortController();
      const uploading = client.upload(bytes(MIB), { signal: late.signal });
      late.abort(reason);
      await expect(uploading).rejects.toBe(reason);
    });

    it('whenSizeUnknown: memory makes one request, reject refuses', async () => {
      const client = server.client();
      const content = bytes(3 * MIB);
      const { fileId } = await client.upload(pieces(content), { whenSizeUnknown: 'memory' });
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
      await expect(client.upload(pieces(content), { whenSizeUnknown: 'reject' })).rejects.toMatchObject({
        code: 'FASTDFS_SIZE_UNKNOWN',
      });
    });

    it('reports progress up to the last byte', async () => {
      const client = server.client();
      const seen: { transferred: number; total?: number }[] = [];
      const size = 3 * MIB;
      const { fileId } = await client.upload(flood(size), { size, onProgress: (p) => seen.push(p) });
      expect(seen.length).toBeGreaterThan(3);
      expect(seen.at(-1)).toEqual({ transferred: size, total: size });
      expect(seen.every((p, i) => i === 0 || p.transferred > seen[i - 1]!.transferred)).toBe(true);
      await client.delete(fileId);
    });

    it('knows the length of a file stream', async () => {
      const client = server.client();
      const file = path.join(folder, 'source.tar.gz');
      await writeFile(file, bytes(2 * MIB));
      for (const [source, expected] of [
        [createReadStream(file), 2 * MIB],
        [createReadStream(file, { start: 5, end: 104 }), 100],
      ] as const) {
        const progress: unknown[] = [];
        const { fileId } = await client.upload(source, { onProgress: ({ total }) => progress.push(total) });
        expect(progress.at(-1)).toBe(expected);
        expect(parseFileId(fileId).size).toBe(expected);
        await client.delete(fileId);
      }
    });

    it('speaks web streams', async () => {
      const client = server.client();
      const upload = client.createUploadStream();
      await new Blob(['web ', 'streams']).stream().pipeTo(Writable.toWeb(upload));
      const web = Readable.toWeb(client.createDownloadStream(upload.fileId!));
      expect(await new Response(web as ReadableStream).text()).toBe('web streams');
      await client.delete(upload.fileId!);
    });
  });

  describe('download stream', () => {
    it('knows its length before the first byte, and what it read', async () => {
      const client = server.client();
      const { fileId } = await client.upload(bytes(3 * MIB));
      const stream = client.createDownloadStream(fileId, { start: 10, end: 2 * MIB });
      await once(stream, 'ready');
      expect(stream.size).toBe(2 * MIB - 9);
      expect((await collect(stream)).length).toBe(stream.size);
      expect(stream.bytesRead).toBe(stream.size);
      await client.delete(fileId);
    });

    it('emits an error for a missing file even before it is read', async () => {
      const client = server.client();
      const { fileId } = await client.upload('gone soon');
      await client.delete(fileId);
      const [error] = await once(client.createDownloadStream(fileId), 'error').then(
        (args) => args,
        (e) => [e],
      );
      expect(error).toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
    });

    it('left half read gives its place back', async () => {
      const client = server.client({ pool: { maxPerServer: 1 } });
      const { fileId } = await client.upload(bytes(8 * MIB));
      for (let round = 0; round < 3; round++) {
        for await (const chunk of client.createDownloadStream(fileId)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      expect((await client.download(fileId, { start: 1, end: 2 })).length).toBe(2);
      await client.delete(fileId);
    });

    it('rejects with the reason of an abort', async () => {
      const client = server.client();
      const { fileId } = await client.upload(bytes(8 * MIB));
      const reason = new Error('enough');
      const controller = new AbortController();
      const stream = client.createDownloadStream(fileId, { signal: controller.signal });
      stream.once('data', () => controller.abort(reason));
      await expect(finished(stream.resume())).rejects.toBe(reason);
      await expect(client.download(fileId, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await client.delete(fileId);
    });

    it('an empty file ends at once', async () => {
      const client = server.client();
      const { fileId } = await client.upload('');
      expect((await collect(client.createDownloadStream(fileId))).length).toBe(0);
      await client.delete(fileId);
    });
  });

  describe('append and modify streams', () => {
    it('write what they are given, block by block', async () => {
      const client = server.client();
      const content = bytes(2 * MIB + 5);
      const { fileId } = await client.upload('head', { appender: true });
      const append = client.createAppendStream(fileId);
      await pipeline(pieces(content), append);
      expect(append.bytesConfirmed).toBe(content.length);
      await pipeline(pieces(Buffer.from('HEAD+')), client.createModifyStream(fileId, { start: 0 }));
      const whole = await client.download(fileId);
      expect(whole.subarray(0, 5).toString()).toBe('HEAD+');
      expect(whole.subarray(5).equals(content.subarray(1))).toBe(true);
      await pipeline(Readable.from([]), client.createAppendStream(fileId));
      await client.delete(fileId);
    });

    it('refuse ordinary files at once', async () => {
      const client = server.client();
      const { fileId } = await client.upload('fixed');
      expect(() => client.createAppendStream(fileId)).toThrow(
        expect.objectContaining({ code: 'FASTDFS_NOT_APPENDER' }),
      );
      await client.delete(fileId);
    });

    it('destroyed half-way keep what was confirmed', async () => {
      const client = server.client();
      const { fileId } = await client.upload('', { appender: true });
      const stream = client.createAppendStream(fileId, { blockBytes: 1000 });
      stream.on('error', () => undefined);
      stream.write(bytes(2500));
      while (stream.bytesConfirmed < 1000) await new Promise((resolve) => setImmediate(resolve));
      stream.destroy(new Error('stop'));
      await closed(stream);
      const { size } = await client.stat(fileId);
      expect(size).toBeGreaterThanOrEqual(stream.bytesConfirmed);
      await client.delete(fileId);
    });
  });

  describe('tee stream', () => {
    it('passes every byte on and uploads it too', async () => {
      const client = server.client();
      const content = bytes(4 * MIB + 1);
      const tee = client.createTeeStream({ ext: 'bin' });
      const through = new Digest();
      await pipeline(pieces(content), tee, through);
      expect(through.sha256).toBe(sha256(content));
      expect(sha256(await client.download(tee.fileId!))).toBe(sha256(content));
      await client.delete(tee.fileId!);
    });

    it('whose reader fails leaves nothing', async () => {
      const client = server.client();
      const tee = client.createTeeStream();
      const broken = new Writable({
        write: (_chunk, _encoding, callback) => callback(new Error('reader broke')),
      });
      await expect(pipeline(flood(4 * MIB), tee, broken)).rejects.toThrow('reader broke');
      await closed(tee);
      expect(tee.fileId).toBeUndefined();
    });
  });

  describe('local files', () => {
    it('go up and come down', async () => {
      const client = server.client();
      const content = bytes(3 * MIB + 1);
      const source = path.join(folder, 'photo.tar.gz');
      await writeFile(source, content);
      const { fileId, size } = await client.uploadFile(source);
      expect([size, parseFileId(fileId).extension]).toEqual([content.length, 'tar.gz']);
      const target = path.join(folder, 'copy.bin');
      await writeFile(target, 'the old one');
      expect(await client.downloadFile(fileId, target)).toEqual({ path: target, size: content.length });
      expect((await readFile(target)).equals(content)).toBe(true);
      expect((await readdir(folder)).sort()).toEqual(['copy.bin', 'photo.tar.gz']);
      await client.delete(fileId);
    });

    it('a failed download leaves the old file and no temporary one', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x');
      await client.delete(fileId);
      const target = path.join(folder, 'kept');
      await writeFile(target, 'old');
      await expect(client.downloadFile(fileId, target)).rejects.toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
      expect(await readdir(folder)).toEqual(['kept']);
      expect(await readFile(target, 'utf8')).toBe('old');
    });

    it('a folder or a missing file fails with the error of Node', async () => {
      const client = server.client();
      await expect(client.uploadFile(folder)).rejects.toMatchObject({ code: 'EISDIR' });
      await expect(client.uploadFile(path.join(folder, 'no'))).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(client.upload(createReadStream(folder))).rejects.toMatchObject({ code: 'EISDIR' });
    });

    it('a device is written to, not replaced, and a folder is refused', async () => {
      const client = server.client();
      const { fileId } = await client.upload('into the void');
      expect(await client.downloadFile(fileId, '/dev/null')).toEqual({ path: '/dev/null', size: 13 });
      expect((await stat('/dev/null')).isFile()).toBe(false);
      await expect(client.downloadFile(fileId, folder)).rejects.toMatchObject({ code: 'EISDIR' });
      expect(await readdir(folder)).toEqual([]);
      await client.delete(fileId);
    });

    it('an unreadable target fails without an unhandled error', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x');
      await expect(client.downloadFile(fileId, path.join(folder, 'no', 'where'))).rejects.toMatchObject({
        code: 'ENOENT',
      });
      await pipeline(client.createDownloadStream(fileId), createWriteStream(path.join(folder, 'ok')));
      await client.delete(fileId);
    });
  });

  it('a PassThrough in front changes nothing', async () => {
    const client = server.client();
    const stream = client.createUploadStream();
    await pipeline(pieces(bytes(2 * MIB)), new PassThrough(), stream);
    expect(stream.result?.size).toBe(2 * MIB);
    await client.delete(stream.fileId!);
  });
});
