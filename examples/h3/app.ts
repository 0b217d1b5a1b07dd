/** Uploads to FastDFS and downloads from it with h3, the server of Nitro and Nuxt. Start it with `npx tsx examples/h3/app.ts`. */
import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsFetch } from 'fastdfs-streams/fetch';
import { H3, HTTPError, serve } from 'h3';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF ?? embedded!.options);
const files = fdfsFetch(client, { prefix: '/files' });

const app = new H3();

app.post('/', async (event) => {
  const file = (await event.req.formData()).get('file');
  if (!(file instanceof File)) throw new HTTPError('The form has no field `file`', { status: 400 });
  const { fileId, size } = await client.upload(file, { filename: file.name });
  event.res.status = 201;
  return { fileId, size };
});

app.put('/:name', async (event) => {
  const { fileId, size } = await client.upload(event.req.body ?? '', {
    filename: event.context.params!.name!,
  });
  event.res.status = 201;
  return { fileId, size };
});

// Content, with ranges and caching: GET /files/group1/M00/…
app.all('/files/**', (event) => files(event.req as Request));

const server = serve(app, { port: Number(PORT), hostname: '127.0.0.1', silent: true });
await server.ready();
console.log(`POST a form with a field \`file\` to ${server.url}`);
