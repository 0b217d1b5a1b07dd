/** Uploads to FastDFS with Koa and @koa/multer. Start it with `npx tsx examples/koa/app.ts`. */
import multer from '@koa/multer';
import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsStorage } from 'fastdfs-streams/multer';
import Koa from 'koa';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF ?? embedded!.options);

const app = new Koa();
// The types of @koa/multer know nothing of a file's stream.
const storage = fdfsStorage(client) as object as multer.StorageEngine;
const upload = multer({ storage, limits: { files: 1, fileSize: 1024 ** 3 } });

app.use(upload.single('file'));
app.use((ctx) => {
  const { fileId, size } = ctx.file as unknown as { fileId: string; size: number };
  ctx.body = { fileId, size };
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`POST a form with a field \`file\` to http://127.0.0.1:${port}/`);
});
