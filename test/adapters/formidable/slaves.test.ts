/** Several outputs of one file of a form, stored as its slaves: all or none. */
import sharp from 'sharp';
import { beforeAll, expect, it, vi } from 'vitest';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { begin, FORM_END, filePart, partHead, post } from '../shared/form-harness.js';
import { copy, failAfter, makePicture, slow as slowBy } from '../shared/slave-transforms.js';
import { rigs } from './harness.js';

const MIB = 1024 * 1024;
const slow = () => slowBy(1);

let picture: Buffer;
beforeAll(async () => {
  picture = await makePicture();
});

onEachServer('slaves of formidable', (server) => {
  const start = rigs(server);

  it('are made in one pass, and named after their master', async () => {
    const { port, client, outcomes } = await start({
      options: {
        contentType: 'detect',
        slaves: {
          _200x200: async () => sharp().resize(200, 200),
          _webp: { transforms: [() => sharp().resize(64).webp()], ext: 'webp', metadata: { a: 'b' } },
          _none: ({ mimetype }) => (mimetype === 'text/plain' ? copy() : undefined),
        },
      },
    });
    const reply = await post(port, [filePart('f', 'cat.png', picture), FORM_END]);
    const file = (outcomes[0] as Exclude<(typeof outcomes)[0], Error>).f![0]!;
    const { _200x200: square, _webp: webp, ...others } = file.slaves!;
    expect(others).toEqual({});
    const master = file.fileId.replace('.png', '');
    expect(file).toMatchObject({ key: file.fileId, contentType: 'image/png', size: picture.length });
    expect(square).toMatchObject({ fileId: `${master}_200x200.png`, contentType: 'image/png' });
    expect(webp).toMatchObject({ fileId: `${master}_webp.webp`, key: `${master}_webp.webp` });
    const sent = reply.json() as { f: [{ slaves: object }] };
    expect(sent.f[0].slaves).toEqual(JSON.parse(JSON.stringify(file.slaves)));
    expect(await client.download(file.fileId)).toEqual(picture);
    expect((await sharp(await client.download(square!.fileId)).metadata()).width).toBe(200);
    expect(await client.getMetadata(webp!.fileId)).toEqual({ a: 'b' });
    for (const { fileId } of [square!, webp!, file]) await client.delete(fileId);
  });

  it.each([1, 100_000, 3 * MIB + 1])('hold %i bytes, as their master does', async (size) => {
    const { port, client, outcomes } = await start({ options: { slaves: { _copy: copy, _slow: slow } } });
    const content = bytes(size, 3);
    await post(port, [filePart('f', 'a.bin', content), FORM_END]);
    const file = (outcomes[0] as Exclude<(typeof outcomes)[0], Error>).f![0]!;
    for (const { fileId } of [...Object.values(file.slaves!), file]) {
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    }
  });
});

onEmbedded('slaves of formidable that fail', (server) => {
  const start = rigs(server);

  it.each([
    ['a slave', { _good: copy, _bad: failAfter(100_000) }],
    ['a function', { _good: copy, _bad: () => Promise.reject(new Error('bad picture')) }],
  ])('fail the form, and leave nothing, for %s', async (_, slaves) => {
    const { port, outcomes } = await start({ options: { slaves } });
    await post(port, [filePart('f', 'a.bin', bytes(3 * MIB)), filePart('f', 'b.bin', bytes(10)), FORM_END]);
    expect((outcomes[0] as Error).message).toBe('bad picture');
    await vi.waitFor(() => expect(server.fdfs.files()).toEqual([]));
  });

  it('go with their master when a later file is over the limit', async () => {
    const { port, outcomes } = await start({
      options: { slaves: { _a: copy } },
      form: { maxFileSize: MIB, maxTotalFileSize: 9 * MIB },
    });
    const parts = [filePart('f', 'a.bin', bytes(1000)), filePart('f', 'b.bin', bytes(2 * MIB))];
    await post(port, [...parts, FORM_END]);
    expect(outcomes[0]).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(server.fdfs.files()).toEqual([]));
  });

  it('leave nothing when the client leaves, or the storage refuses one', async () => {
    const { port, outcomes } = await start({ options: { slaves: { _a: copy, _b: slow } } });
    const socket = await begin(port, 9 * MIB, partHead('f', 'a.bin'), bytes(MIB));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(outcomes[0]).toBeInstanceOf(Error));
    await vi.waitFor(() => expect(server.fdfs.files()).toEqual([]));
    server.fdfs.inject({ command: 'UPLOAD_SLAVE_FILE', action: 'status', status: 17, times: 1 });
    await post(port, [filePart('f', 'a.bin', bytes(1000)), FORM_END]);
    const [, last] = outcomes;
    // Formidable may have taken the end of the form before.
    if (!(last instanceof Error)) expect(() => last!.f![0]!.fileId).toThrow(/17/);
    await vi.waitFor(() => expect(server.fdfs.files()).toEqual([]));
  });
});
