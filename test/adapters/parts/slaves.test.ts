/** Several outputs of one part, stored as slaves of its file: all or none, whatever hands the part over. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import {
  type FormPart,
  type PartOptions,
  type StoredPart,
  uploadPart,
  uploadParts,
} from '../../../src/adapters/parts/index.js';
import type { FastDFSClient } from '../../../src/index.js';
import { bytes, pieces } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { copy, failAfter, makePicture, slow as slowBy } from '../shared/slave-transforms.js';

const MIB = 1024 * 1024;
const slow = () => slowBy(1);

let picture: Buffer;
beforeAll(async () => {
  picture = await makePicture();
});

async function remove(client: FastDFSClient, { fileId, slaves = {} }: StoredPart): Promise<void> {
  for (const slave of Object.values(slaves)) await client.delete(slave.fileId);
  await client.delete(fileId);
}

onEachServer('slaves of parts', (server) => {
  it('are made in one pass, and named after their master', async () => {
    const client = server.client();
    const stored = await uploadPart(
      client,
      { file: pieces(picture), filename: 'cat.png', mimetype: 'image/x-sent' },
      {
        contentType: 'detect',
        keepContentType: true,
        slaves: {
          _200x200: async () => sharp().resize(200, 200),
          _webp: { transforms: [() => sharp().resize(64).webp()], ext: 'webp', metadata: { a: 'b' } },
          _none: (part) => ('mimetype' in part && part.mimetype === 'text/plain' ? copy() : undefined),
        },
      },
    );
    expect(await client.download(stored.fileId)).toEqual(picture);
    expect(stored).toMatchObject({ contentType: 'image/png', metadata: { contentType: 'image/png' } });
    const { _200x200: square, _webp: webp, ...others } = stored.slaves!;
    expect(others).toEqual({});
    const master = stored.fileId.replace('.png', '');
    expect(square).toMatchObject({ fileId: `${master}_200x200.png`, contentType: 'image/png' });
    expect(webp).toMatchObject({ fileId: `${master}_webp.webp`, contentType: 'image/webp' });
    expect(await client.getMetadata(webp!.fileId)).toEqual({ contentType: 'image/webp', a: 'b' });
    expect((await sharp(await client.download(square!.fileId)).metadata()).width).toBe(200);
    await remove(client, stored);
  });

  it.each([0, 1, 100_000, 3 * MIB + 1])('hold %i bytes, whatever hands the part over', async (size) => {
    const client = server.client();
    const content = bytes(size, 3);
    const saved = path.join(tmpdir(), 'saved-master.bin');
    await writeFile(saved, content);
    const parts: FormPart[] = [
      pieces(content),
      new Blob([content]),
      { filename: 'a.bin', data: content },
      { filepath: saved, originalFilename: 'a.bin' },
    ];
    const options = { slaves: { _copy: copy, _slow: slow } };
    for (const stored of await uploadParts(client, parts, options)) {
      for (const { fileId } of [stored, ...Object.values(stored.slaves!)]) {
        expect((await client.download(fileId)).equals(content)).toBe(true);
      }
      expect(Object.keys(stored.slaves!)).toEqual(['_copy', '_slow']);
      await remove(client, stored);
    }
    await rm(saved);
  });

  it('are an empty list where no function makes one', async () => {
    const client = server.client();
    const stored = await uploadPart(client, pieces(bytes(10)), { slaves: { _a: () => undefined } });
    expect(stored.slaves).toEqual({});
    await client.delete(stored.fileId);
  });

  it('are refused with a prefix that names cannot have', async () => {
    const part = pieces(bytes(10));
    const options = { slaves: { 'no/prefix': copy } };
    await expect(uploadPart(server.client(), part, options)).rejects.toThrow(/Slave prefix "no\/prefix"/);
    expect(part.readableFlowing).toBe(true);
  });
});

onEmbedded('slaves of parts that fail', (server) => {
  const shared = new PassThrough();
  it.each<[string, PartOptions['slaves'], RegExp]>([
    ['a slave', { _good: copy, _bad: failAfter(100_000) }, /bad picture/],
    ['a function', { _good: copy, _bad: () => Promise.reject(new Error('bad picture')) }, /bad picture/],
    ['a stream that serves two', { _good: () => shared, _bad: () => shared }, /used for another file/],
    ['what is no stream', { _bad: (() => 5) as never }, /not a Duplex stream/],
  ])('leave nothing, and read the part out, for %s', async (_, slaves, message) => {
    const part = pieces(bytes(3 * MIB));
    await expect(uploadPart(server.client(), part, { slaves })).rejects.toThrow(message);
    await expect.poll(() => part.readableEnded).toBe(true);
  });

  it('leave nothing of the parts before', async () => {
    const parts = [pieces(bytes(10)), pieces(bytes(MIB))];
    const options = { slaves: { _a: failAfter(1000) } };
    await expect(uploadParts(server.client(), parts, options)).rejects.toThrow(/bad picture/);
  });

  it('leave nothing when chunks are no content, the storage refuses one, or a signal aborts', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const slaves = { _a: copy, _b: copy };
    const objects = Readable.from([bytes(300_000), {}]);
    await expect(uploadPart(client, objects, { slaves })).rejects.toThrow(/Content must be a Buffer/);
    server.fdfs.inject({ command: 'UPLOAD_SLAVE_FILE', action: 'status', status: 17, times: 1 });
    await expect(uploadPart(client, pieces(bytes(10)), { slaves })).rejects.toMatchObject({
      code: 'FASTDFS_EXISTS',
    });
    const left = new AbortController();
    const never = new Readable({ read() {} });
    const uploading = uploadPart(client, never, { slaves, signal: left.signal });
    left.abort(new Error('left'));
    await expect(uploading).rejects.toThrow('left');
    never.destroy();
  });
});
