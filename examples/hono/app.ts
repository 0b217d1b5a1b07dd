/** Uploads to FastDFS and downloads from it with Hono, on Node, Bun and Deno. Start it with `npx tsx examples/hono/app.ts`. */
import { serve } from '@hono/node-server';
import { createClient, FastDFSError } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsFetch } from 'fastdfs-streams/fetch';
import { Hono } from 'hono';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF ?? embedded!.options);

const app = new Hono();

// A file of a form. Its length is known, so it goes to FastDFS as one upload.
app.post('/', async (c) => {
  const file = (await c.req.formData()).get('file');
  if (!(file instanceof File)) return c.json({ error: 'The form has no field `file`' }, 400);
  const { fileId, size } = await client.upload(file, { filename: file.name });
  return c.json({ fileId, size }, 201);
});

// A body as it arrives: never in memory as a whole.
app.put('/:name', async (c) => {
  const { body } = c.req.raw;
  const { fileId, size } = await client.upload(body ?? '', { filename: c.req.param('name') });
  return c.json({ fileId, size }, 201);
});

// Content, with ranges and caching: GET /files/group1/M00/…
app.mount('/files', fdfsFetch(client));

app.onError((error, c) => {
  console.error(error);
  const status = error instanceof FastDFSError ? error.status : 500;
  return c.json({ error: status === 404 ? 'Not found' : 'Failed' }, status as 500);
});

const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`POST a form with a field \`file\` to http://127.0.0.1:${port}/`);
});

async function stop(): Promise<void> {
  server.close();
  await client.close();
  await embedded?.stop();
}
process.once('SIGINT', stop).once('SIGTERM', stop);
