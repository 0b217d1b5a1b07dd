/** Without an id from this store, or from one with the same secret, every verb answers 404. */
import { createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { FdfsStore } from '../../../src/adapters/tus/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';
import { fileIdOf, nodes, SECRET, type TusServer } from './harness.js';

onEachServer('a tus upload id that the store did not make', (server) => {
  const node = nodes(server);
  const encode = (value: string | Buffer) => Buffer.from(value as string).toString('base64url');
  const FORGERIES: Record<string, (fileId: string, signed: string) => string> = {
    'a bare file id': (fileId) => encode(fileId),
    'an empty signature': (fileId) => `${encode(fileId)}.`,
    'no file id': (_, signed) => signed.slice(signed.indexOf('.')),
    'a signature of zeros': (fileId) => `${encode(fileId)}.${encode(Buffer.alloc(16))}`,
    'the signature of another upload': (fileId, signed) => encode(fileId) + signed.slice(signed.indexOf('.')),
    'a plain HMAC of the id': (fileId) =>
      `${encode(fileId)}.${encode(createHmac('sha256', SECRET).update(fileId).digest().subarray(0, 16))}`,
    nonsense: () => 'doesnt_exist',
  };

  it.each(Object.keys(FORGERIES))('%s: 404 for every verb, and the file is untouched', async (forgery) => {
    const { http, store, client } = await node();
    const own = await http.create(1000);
    const content = bytes(500);
    const { fileId: ordinary } = await client.upload(content, { metadata: { a: 'b' } });
    const { fileId: appender } = await client.upload(content, { appender: true, metadata: { a: 'b' } });
    for (const fileId of [ordinary, appender]) {
      await expectRefused(http, store, FORGERIES[forgery]!(fileId, own), content.length);
      expect((await client.download(fileId)).equals(content)).toBe(true);
      expect(await client.getMetadata(fileId)).toEqual({ a: 'b' });
      await client.delete(fileId);
    }
    await client.delete(fileIdOf(own));
  });

  it('signed with another secret: 404 for every verb, and the file is untouched', async () => {
    const { http, store } = await node();
    const foreign = await node({ secret: 'another' });
    const id = await foreign.http.create(1000);
    await foreign.http.patch(id, 0, bytes(400));
    await expectRefused(http, store, id, 400);
    expect(await foreign.http.offset(id)).toBe(400);
    await foreign.http.remove(id);
  });

  it('a second spelling of a good one: 404', async () => {
    const { http, store, client } = await node();
    const id = await http.create(1000);
    const [file, signature] = id.split('.') as [string, string];
    for (const spelling of [`${file}=.${signature}`, `${id}=`, `${file}!.${signature}`, `${id}AA`]) {
      await expectRefused(http, store, spelling, 0);
    }
    await client.delete(fileIdOf(id));
  });

  async function expectRefused(http: TusServer, store: FdfsStore, id: string, size: number): Promise<void> {
    const path = encodeURIComponent(id);
    expect((await http.head(path)).status).toBe(404);
    for (const offset of [0, size]) expect((await http.patch(path, offset, bytes(10, 9))).status).toBe(404);
    expect((await http.remove(path)).status).toBe(404);
    expect((await http.get(path)).status).toBe(404);
    const refused = { status_code: 404 };
    await expect(store.getUpload(id)).rejects.toMatchObject(refused);
    await expect(store.write(Readable.from([bytes(10)]), id, size)).rejects.toMatchObject(refused);
    await expect(store.declareUploadLength(id, 10)).rejects.toMatchObject(refused);
    await expect(store.remove(id)).rejects.toMatchObject(refused);
    await expect(store.read(id)).rejects.toMatchObject(refused);
  }
});
