/** Resumable uploads to FastDFS. Start it with `npx tsx examples/tus/app.ts`. */
import { createServer } from 'node:http';
import { Server } from '@tus/server';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { allowAnyFileName, fdfsTusStore } from 'fastdfs-streams/tus';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, TUS_SECRET = 'only good for an example', PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();

const tus = new Server({
  path: '/files',
  datastore: fdfsTusStore(FDFS_CONF ?? embedded!.options, { secret: TUS_SECRET, finalize: true }),
  relativeLocation: true,
  // Here the file is complete: keep its id, which is all that is needed to find it again.
  onUploadFinish: async (_req, upload) => {
    console.log(`${upload.metadata?.filename ?? 'A file'} is stored as ${upload.storage!.path}`);
    return {};
  },
});
allowAnyFileName(tus);

const server = createServer((req, res) => tus.handle(req, res));
server.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`Upload with any tus client to http://127.0.0.1:${port}/files`);
});
