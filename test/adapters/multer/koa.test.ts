/** The multer engine inside @koa/multer, which brings no types. */
import { createServer, type Server } from 'node:http';
import Koa from 'koa';
import { afterEach, expect, it, vi } from 'vitest';
import { type FdfsStorage, fdfsStorage, type StoredInfo } from '../../../src/adapters/multer/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, type TestServer } from '../../helpers/servers.js';
import { begin, FORM_END, filePart, listen, partHead, post, stop } from '../shared/form-harness.js';

type KoaMulter = (options: { storage: FdfsStorage; limits?: { fileSize: number } }) => {
  single(field: string): Koa.Middleware;
};

async function loadKoaMulter(): Promise<KoaMulter> {
  const name: string = '@koa/multer';
  return (await import(name)).default;
}

function rigs(server: TestServer) {
  const open: Server[] = [];
  afterEach(async () => {
    for (const http of open.splice(0)) await stop(http);
  });
  return async (limits?: { fileSize: number }) => {
    const multer = await loadKoaMulter();
    const client = server.client();
    const errors: Error[] = [];
    const app = new Koa();
    app.silent = true;
    app.use((ctx, next) =>
      next().catch((error) => {
        errors.push(error);
        ctx.status = 500;
        ctx.body = { code: error.code };
      }),
    );
    app.use(multer({ storage: fdfsStorage(client), ...(limits ? { limits } : {}) }).single('file'));
    app.use((ctx) => {
      ctx.body = (ctx as typeof ctx & { file: object }).file;
    });
    const http = createServer(app.callback());
    open.push(http);
    return { port: await listen(http), client, errors };
  };
}

onEachServer('@koa/multer', (server) => {
  const start = rigs(server);

  it('stores a file', async () => {
    const { port, client } = await start();
    const answer = await post(port, [filePart('file', 'a.png', bytes(100_000)), FORM_END]);
    const { fileId, size } = answer.json() as unknown as StoredInfo;
    expect(size).toBe(100_000);
    expect((await client.download(fileId)).equals(bytes(100_000))).toBe(true);
    await client.delete(fileId);
  });

  it('over the limit: fails, and keeps nothing', async () => {
    const { port } = await start({ fileSize: 1000 });
    const answer = await post(port, [filePart('file', 'a.png', bytes(100_000)), FORM_END]);
    expect(answer.json()).toEqual({ code: 'LIMIT_FILE_SIZE' });
  });

  it('aborted by the client: fails, and keeps nothing', async () => {
    const { port, errors } = await start();
    const socket = await begin(port, 10_000_000, partHead('file', 'a.png'), bytes(3_000_000));
    setTimeout(() => socket.destroy(), 100);
    await vi.waitFor(() => expect(errors).toHaveLength(1), 5000);
  });
});
