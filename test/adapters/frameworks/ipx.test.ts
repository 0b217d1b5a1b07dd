/** The recipe for ipx: pictures of the cluster, resized as they are asked for. */
import { createServer } from 'node:http';
import { createIPX, createIPXNodeServer, type IPXStorage } from 'ipx';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import type { FastDFSClient, FastDFSError } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { listen, stop } from '../shared/form-harness.js';

/** An id arrives with a slash before it. What is missing is undefined: ipx answers 404. */
function ipxStorage(client: FastDFSClient): IPXStorage {
  const orMissing = (error: FastDFSError) => {
    if (error.statusCode !== 404) throw error;
    return undefined;
  };
  return {
    name: 'fastdfs',
    getMeta: (id) =>
      client
        .stat(id.slice(1), { source: 'server' })
        .then(({ createdAt }) => ({ mtime: createdAt }), orMissing),
    getData: async (id) => (await client.download(id.slice(1))) as unknown as ArrayBuffer,
  };
}

async function serve(client: FastDFSClient) {
  const http = createServer(createIPXNodeServer(createIPX({ storage: ipxStorage(client) })));
  const port = await listen(http);
  return {
    get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`),
    [Symbol.asyncDispose]: () => stop(http),
  };
}

onEachServer('an ipx storage', (server) => {
  it('resizes pictures of the cluster', async () => {
    const client = server.client();
    await using site = await serve(client);
    const picture = sharp({ create: { width: 320, height: 200, channels: 3, background: 'red' } }).png();
    const { fileId } = await client.upload(await picture.toBuffer(), { ext: 'png' });
    const reply = await site.get(`/w_32,f_webp/${fileId}`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('image/webp');
    const { width, format } = await sharp(await reply.arrayBuffer()).metadata();
    expect({ width, format }).toEqual({ width: 32, format: 'webp' });
    const modified = reply.headers.get('last-modified')!;
    expect(Math.abs(Date.parse(modified) - Date.now())).toBeLessThan(60_000);
    await client.delete(fileId);
    expect((await site.get(`/w_33/${fileId}`)).status).toBe(404);
  });

  it('answers 404 for what is no file id, and 400 for what is no picture', async () => {
    const client = server.client();
    await using site = await serve(client);
    expect((await site.get('/w_32/nothing.png')).status).toBe(404);
    expect((await site.get('/w_32/group1/M00/../../etc/passwd')).status).toBe(404);
    const { fileId } = await client.upload(bytes(100), { ext: 'png' });
    expect((await site.get(`/w_32/${fileId}`)).status).toBe(400);
    await client.delete(fileId);
  });
});

onEmbedded('an ipx storage and a group that is down', (server) => {
  it('answers 503', async () => {
    const client = server.client({ retry: { retries: 0 }, locationCache: false });
    await using site = await serve(client);
    const { fileId } = await client.upload('x', { group: 'group2', ext: 'png' });
    await server.fdfs.stopStorage('group2');
    expect((await site.get(`/w_32/${fileId}`)).status).toBe(503);
    await server.fdfs.startStorage('group2');
    await client.delete(fileId);
  });
});
