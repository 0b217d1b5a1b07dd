/** A page to upload files to FastDFS, and to watch the cluster behind it. Start it with `npm start`. */
import { randomBytes } from 'node:crypto';
import express from 'express';
import { createClient, FastDFSAdmin } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsServe } from 'fastdfs-streams/http';
import { fdfsStorage } from 'fastdfs-streams/multer';
import multer from 'multer';
import { clusterRoutes, describeCluster } from './cluster.js';
import { eventStream } from './events.js';
import { FileList } from './file-list.js';
import { fileRoutes, LINK_SECONDS } from './file-routes.js';
import { failures, notFound, safeHeaders, sameOrigin } from './guards.js';
import { pageRoutes } from './page-routes.js';
import { resumableUploads } from './resumable.js';

// A cluster of your own (FDFS_CONF or FDFS_TRACKERS), or else FastDFS servers inside this process.
const { FDFS_CONF, FDFS_TRACKERS, PORT = '3000' } = process.env;
const embedded =
  FDFS_CONF || FDFS_TRACKERS ? undefined : await EmbeddedFastDFS.start({ groups: { group1: 2, group2: 1 } });
const client = createClient(FDFS_CONF || { trackers: FDFS_TRACKERS?.split(',') ?? embedded!.trackers });
const admin = new FastDFSAdmin(client);

// Signs links and the ids of unfinished uploads: with one of your own both outlive this process.
const secret = process.env.SECRET || randomBytes(24).toString('hex');
const limits = { files: 1, fileSize: 4 * 1024 ** 3 };
const list = new FileList();

const app = express().disable('x-powered-by').use(safeHeaders, sameOrigin);

// The file is in FastDFS, whole and verified, before the handler runs; a failed upload leaves nothing there.
const storage = fdfsStorage(client, { url: '/f', keepFilename: true });
app.post('/u', multer({ storage, limits }).single('file'), (req, res) => {
  if (!req.file) {
    res.status(400).json({ error: 'The form has no field `file`' });
    return;
  }
  const { fileId, url, originalname, contentType, size, crc32, etag } = req.file;
  list.add({ key: req.body.key, fileId: fileId!, name: originalname, type: contentType });
  res.status(201).json({ fileId, url, originalname, contentType, size, crc32, etag });
});

// The same with pauses: a broken connection costs only what was on its way.
app.all(['/tus', '/tus/:id'], resumableUploads(client, { secret, maxSize: limits.fileSize, list }));

// Content, with ranges. `/f` is for users of this page; `/s` for everybody with a link.
app.use('/f', fdfsServe(client));
const link = { secret, ttlSeconds: LINK_SECONDS, queryFilename: true };
app.use('/s', fdfsServe(client, { ...link, cacheControl: 'private, no-store' }));

const events = eventStream({
  list,
  cluster: (signal) => admin.watch({ intervalMs: 1_000, signal }),
  describe: (health) => describeCluster(health, embedded),
});
app.get('/events', events.handler);
app.use('/files', fileRoutes(client, list, secret));
app.use(
  '/cluster',
  clusterRoutes(embedded, async () => events.show(await admin.health())),
);
app.use(pageRoutes(), notFound, failures);

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) {
    const { code } = error as NodeJS.ErrnoException;
    console.error(code === 'EADDRINUSE' ? `Port ${PORT} is in use: PORT=3001 npm start` : error.message);
    void stop();
    process.exitCode = 1;
    return;
  }
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : PORT;
  const cluster = embedded
    ? `embedded FastDFS at ${embedded.trackers}`
    : `FastDFS at ${FDFS_CONF || FDFS_TRACKERS}`;
  console.log(`FastDFS example: http://127.0.0.1:${port} (${cluster})`);
});

async function stop(): Promise<void> {
  server.close();
  server.closeAllConnections();
  await admin.close();
  await client.close();
  await embedded?.stop();
}
process.once('SIGINT', stop).once('SIGTERM', stop);
