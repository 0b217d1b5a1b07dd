/** Uploads to FastDFS and downloads from it with Koa and @koa/multer. Start it with `npx tsx examples/koa/app.ts`. */
import multer from '@koa/multer';
import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsServe } from 'fastdfs-streams/http';
import { fdfsStorage } from 'fastdfs-streams/multer';
import Koa from 'koa';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF ?? embedded!.options);

const app = new Koa();
// The types of @koa/multer do not know the stream of a file.
const storage = fdfsStorage(client) as object as multer.StorageEngine;
const upload = multer({ storage, limits: { files: 1, fileSize: 1024 ** 3 } });
const serve = fdfsServe(client, { prefix: '/files' });

// Content, with ranges and caching: GET /files/group1/M00/…
app.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/files/')) return await next();
  ctx.respond = false;
  serve(ctx.req, ctx.res);
});

app.use(upload.single('file'));
app.use((ctx) => {
  const { file } = ctx as unknown as { file?: { fileId: string; size: number } };
  if (!file) return ctx.throw(400, 'The form has no field `file`');
  const { fileId, size } = file;
  ctx.body = { fileId, size };
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`POST a form with a field \`file\` to http://127.0.0.1:${port}/`);
});
