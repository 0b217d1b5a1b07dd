import { PassThrough, Transform } from 'node:stream';
import { crc32, createGunzip, createGzip } from 'node:zlib';
import { expect, it } from 'vitest';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';
import { FORM_END, filePart, textPart } from '../shared/form-harness.js';
import { post, VERSIONS } from './harness.js';
import { BLOCK, rigs } from './rig.js';

for (const version of VERSIONS) {
  onEachServer(`storing with ${version}`, (server) => {
    const start = rigs(version, server);

    it('stores a file and describes it', async () => {
      const { http, client } = await start({
        options: { metadata: { owner: 'me' }, keepFilename: true },
        client: { baseUrl: 'https://img.example.com', group: 'group1' },
      });
      const content = bytes(1000);
      const answer = await post(
        http.port,
        textPart('title', 'x'),
        filePart('file', 'cat.png', content, 'image/png'),
        FORM_END,
      );
      const crc = crc32(content);
      expect(answer.status).toBe(200);
      const [file] = http.outcomes[0]!.files;
      const { fileId } = file!;
      expect(fileId).toMatch(/^group1\/M00\/.*\.png$/);
      expect(answer.json.files![0]).toEqual({
        fieldname: 'file',
        originalname: 'cat.png',
        encoding: '7bit',
        mimetype: 'image/png',
        fileId,
        key: fileId,
        group: 'group1',
        bucket: 'group1',
        url: `https://img.example.com/${fileId}`,
        location: `https://img.example.com/${fileId}`,
        size: 1000,
        contentType: 'image/png',
        metadata: { filename: 'cat.png', owner: 'me' },
        crc32: crc,
        etag: `"3e8-${crc.toString(16).padStart(8, '0')}"`,
      });
      expect(file).not.toHaveProperty('path');
      expect(http.outcomes[0]!.body).toMatchObject({ title: 'x' });
      expect(await client.download(fileId!)).toEqual(content);
      expect(await client.getMetadata(fileId!)).toEqual({ filename: 'cat.png', owner: 'me' });
      await client.delete(fileId!);
    });

    it('stores every size whole', async () => {
      const sizes = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * 1024 * 1024 + 17];
      for (const size of sizes) {
        const { http, client } = await start();
        const content = bytes(size, size + 1);
        const { status } = await post(http.port, filePart('file', 'a.bin', content), FORM_END);
        const [file] = http.outcomes[0]!.files;
        expect({ status, size: file!.size, crc: file!.crc32 }).toEqual({
          status: 200,
          size,
          crc: crc32(content),
        });
        expect(content.equals(await client.download(file!.fileId!))).toBe(true);
        await client.delete(file!.fileId!);
      }
    });

    it('stores several files of one form', async () => {
      const { http, client } = await start();
      const contents = [bytes(10, 1), bytes(3 * BLOCK, 2), Buffer.alloc(0), bytes(BLOCK, 4)];
      await post(http.port, ...contents.map((content, n) => filePart('file', `${n}.bin`, content)), FORM_END);
      const { files } = http.outcomes[0]!;
      expect(files.map(({ originalname }) => originalname)).toEqual(['0.bin', '1.bin', '2.bin', '3.bin']);
      for (const [n, { fileId }] of files.entries()) {
        expect(contents[n]!.equals(await client.download(fileId!))).toBe(true);
        await client.delete(fileId!);
      }
    });

    it('runs content through transforms', async () => {
      const { http, client } = await start({
        options: {
          transforms: [() => createGzip(), async () => new PassThrough()],
          contentType: 'application/gzip',
        },
      });
      const content = Buffer.alloc(400_000, 'abc');
      await post(http.port, filePart('file', 'a.txt', content), FORM_END);
      const [file] = http.outcomes[0]!.files;
      expect(file!.contentType).toBe('application/gzip');
      const gunzip = createGunzip().end(await client.download(file!.fileId!));
      expect(Buffer.concat(await gunzip.toArray()).equals(content)).toBe(true);
      await client.delete(file!.fileId!);
    });

    it('stores what a transform returns that has enough before the part ends', async () => {
      const firstBytes = () =>
        new Transform({
          transform(chunk: Buffer, _encoding, callback) {
            if (!this.readableEnded && !this.writableEnded) this.push(chunk.subarray(0, 5));
            this.push(null);
            this.push = () => false;
            callback();
          },
        });
      const { http, client } = await start({ options: { transforms: [firstBytes] } });
      const { status } = await post(http.port, filePart('file', 'a.txt', bytes(1_000_000)), FORM_END);
      const [file] = http.outcomes[0]!.files;
      expect({ status, size: file!.size }).toEqual({ status: 200, size: 5 });
      await client.delete(file!.fileId!);
    });
  });
}
