/** Several outputs of one upload, stored as slaves of the file: all or none. Content types by the first bytes. */
import { PassThrough } from 'node:stream';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { begin, FORM_END, filePart, partHead } from '../shared/form-harness.js';
import { failAfter, makePicture, slow as slowBy } from '../shared/slave-transforms.js';
import { post } from './harness.js';
import { expectNothingLeft, LENGTH, rigs } from './rig.js';

const VERSIONS = ['multer-1.4.4', 'multer'];
const MIB = 1024 * 1024;

let picture: Buffer;
beforeAll(async () => {
  picture = await makePicture();
});

const slow = () => slowBy(5);

for (const version of VERSIONS) {
  onEachServer(`slaves with ${version}`, (server) => {
    const start = rigs(version, server);

    it('are made in one pass, and named after their master', async () => {
      const { http, client } = await start({
        client: { baseUrl: 'https://img.example.com' },
        options: {
          group: 'group1',
          contentType: 'detect',
          keepContentType: true,
          slaves: {
            _200x200: () => sharp().resize(200, 200),
            _webp: { transforms: [() => sharp().resize(64).webp()], ext: 'webp', metadata: { a: 'b' } },
            _none: (_req, file) => (file.mimetype === 'text/plain' ? new PassThrough() : undefined),
          },
        },
      });
      const { status } = await post(http.port, filePart('file', 'cat.png', picture), FORM_END);
      const [file] = http.outcomes[0]!.files;
      expect(status).toBe(200);
      expect(file).toMatchObject({ contentType: 'image/png', metadata: { contentType: 'image/png' } });
      expect(await client.download(file!.fileId!)).toEqual(picture);
      const { _200x200: square, _webp: webp, ...others } = file!.slaves!;
      expect(others).toEqual({});
      const master = file!.fileId!.replace('.png', '');
      expect(square).toMatchObject({
        fileId: `${master}_200x200.png`,
        contentType: 'image/png',
        url: `https://img.example.com/${master}_200x200.png`,
        metadata: { contentType: 'image/png' },
      });
      expect(webp).toMatchObject({ fileId: `${master}_webp.webp`, contentType: 'image/webp' });
      expect(await client.getMetadata(webp!.fileId)).toEqual({ contentType: 'image/webp', a: 'b' });
      for (const [slave, width] of [
        [square!, 200],
        [webp!, 64],
      ] as const) {
        const content = await client.download(slave.fileId);
        expect(content.length).toBe(slave.size);
        expect((await sharp(content).metadata()).width).toBe(width);
      }
      for (const fileId of [square!.fileId, webp!.fileId, file!.fileId!]) await client.delete(fileId);
    });

    it.each([0, 1, 100_000, 3 * MIB + 1])('hold %i bytes, as their master does', async (size) => {
      const { http, client } = await start({
        options: { slaves: { _copy: () => new PassThrough(), _slow: slow } },
      });
      const content = bytes(size, 3);
      await post(http.port, filePart('file', 'a.bin', content), FORM_END);
      const [file] = http.outcomes[0]!.files;
      expect(file!.size).toBe(size);
      for (const slave of Object.values(file!.slaves!)) {
        expect(slave.size).toBe(size);
        expect(slave.crc32).toBe(file!.crc32);
        expect((await client.download(slave.fileId)).equals(content)).toBe(true);
        await client.delete(slave.fileId);
      }
      expect((await client.download(file!.fileId!)).equals(content)).toBe(true);
      await client.delete(file!.fileId!);
    });

    it('follow transforms of the file itself', async () => {
      const { http, client } = await start({
        options: {
          transforms: [() => sharp().resize(100).jpeg()],
          ext: 'jpg',
          contentType: 'detect',
          slaves: { _big: () => sharp().resize(300) },
        },
      });
      await post(http.port, filePart('file', 'cat.png', picture, 'image/png'), FORM_END);
      const [file] = http.outcomes[0]!.files;
      expect(file).toMatchObject({
        contentType: 'image/jpeg',
        slaves: { _big: { contentType: 'image/png' } },
      });
      for (const fileId of [file!.slaves!._big!.fileId, file!.fileId!]) await client.delete(fileId);
    });

    it.each([
      ['a slave', { slaves: { _good: () => new PassThrough(), _bad: failAfter(100_000) } }],
      ['the file itself', { transforms: [failAfter(2 * MIB)], slaves: { _good: () => new PassThrough() } }],
      [
        'a function of a slave',
        { slaves: { _good: () => new PassThrough(), _bad: () => Promise.reject(new Error('bad picture')) } },
      ],
      [
        'the url of a slave',
        {
          slaves: { _good: () => new PassThrough() },
          url: (_req: unknown, { fileId }: { fileId: string }) => {
            if (fileId.includes('_good')) throw new Error('bad picture');
            return fileId;
          },
        },
      ],
    ])('nothing stays when %s fails', async (_, options) => {
      const rig = await start({ options });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(3 * MIB)), FORM_END);
      expect(json.message).toBe('bad picture');
      await expectNothingLeft(server, rig);
    });

    it('nothing stays when the file is over the limit', async () => {
      const rig = await start({
        limits: { fileSize: MIB },
        options: { slaves: { _a: () => new PassThrough() } },
      });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(2 * MIB)), FORM_END);
      expect(json.code).toBe('LIMIT_FILE_SIZE');
      await expectNothingLeft(server, rig);
    });

    it('nothing stays of a file and its slaves when a later file fails', async () => {
      const rig = await start({
        limits: { fileSize: 100_000 },
        options: { slaves: { _a: () => new PassThrough() } },
      });
      const files = [filePart('file', 'a.bin', bytes(1000)), filePart('file', 'b.bin', bytes(200_000))];
      const { json } = await post(rig.http.port, ...files, FORM_END);
      expect(json.code).toBe('LIMIT_FILE_SIZE');
      await expectNothingLeft(server, rig);
    });

    it('a stream that is handed out for a second file is refused', async () => {
      const shared = sharp().resize(10);
      const rig = await start({ options: { transforms: [() => shared] } });
      const picturePart = () => filePart('file', 'a.png', picture);
      const { json } = await post(rig.http.port, picturePart(), picturePart(), FORM_END);
      expect(json.code).toBe('FASTDFS_ARGUMENT');
      expect(json.message).toMatch(/used for another file: make a new one for each/);
      await expectNothingLeft(server, rig);
    });
  });

  onEmbedded(`slaves and storages that fail, with ${version}`, (server) => {
    const start = rigs(version, server);
    const options = { slaves: { _a: () => new PassThrough(), _b: () => new PassThrough() } };

    it.each([28, 17, 5])('nothing stays when a slave is refused with status %i', async (status) => {
      const rig = await start({ options, client: { retry: { retries: 0 } } });
      server.fdfs.inject({ command: 'UPLOAD_SLAVE_FILE', action: 'status', status, times: 1 });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(1000)), FORM_END);
      expect(json.code).toMatch(/^FASTDFS_/);
      await expectNothingLeft(server, rig);
    });

    it('nothing stays when the client leaves while the slaves are stored', async () => {
      const rig = await start({ options });
      server.fdfs.inject({ command: 'UPLOAD_SLAVE_FILE', action: 'slow', times: 9 });
      const socket = await begin(
        rig.http.port,
        LENGTH,
        filePart('file', 'a.bin', bytes(100)),
        partHead('file', 'b.bin'),
        bytes(100),
      );
      await vi.waitFor(() => expect(server.fdfs.files().length).toBeGreaterThan(0), { interval: 1 });
      socket.resetAndDestroy();
      await rig.http.settled();
      await vi.waitFor(() => expectNothingLeft(server, rig));
    });
  });
}

describe('contentType: detect', () => {
  onEachServer('content types', (server) => {
    const start = rigs('multer', server);

    it.each([
      ['a picture', () => picture, 'image/png'],
      ['a picture of more than is held in memory', () => Buffer.concat([picture, bytes(MIB)]), 'image/png'],
      ['text', () => Buffer.from('hello'), 'text/x-sent'],
      ['nothing', () => Buffer.alloc(0), 'text/x-sent'],
    ])('are detected for %s', async (_, content, expected) => {
      for (const blockBytes of [1000, MIB]) {
        const { http, client } = await start({
          options: { contentType: 'detect', keepContentType: true, blockBytes },
        });
        await post(http.port, filePart('file', 'a.bin', content(), 'text/x-sent'), FORM_END);
        const [file] = http.outcomes[0]!.files;
        expect(file).toMatchObject({ contentType: expected, metadata: { contentType: expected } });
        expect((await client.download(file!.fileId!)).equals(content())).toBe(true);
        await client.delete(file!.fileId!);
      }
    });
  });
});
