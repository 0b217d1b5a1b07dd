/** Uploads to FastDFS with multer, and downloads from it as streams. Start it with `npm start`. */
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import express, { type ErrorRequestHandler, type Request, type Response } from 'express';
import { createClient, FastDFSError } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsStorage } from 'fastdfs-streams/multer';
import multer from 'multer';

// A cluster of your own (FDFS_CONF or FDFS_TRACKERS), or else FastDFS servers inside this process.
const { FDFS_CONF, FDFS_TRACKERS, PORT = '3000' } = process.env;
const embedded = FDFS_CONF || FDFS_TRACKERS ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF || { trackers: FDFS_TRACKERS?.split(',') ?? embedded!.trackers });

const app = express();
const upload = multer({
  storage: fdfsStorage(client, { url: '/f', keepFilename: true }),
  limits: { files: 1, fileSize: 4 * 1024 ** 3 },
});

app.get('/', (_req, res) => {
  res.sendFile(path.join(import.meta.dirname, 'page.html'));
});

// The file is in FastDFS, whole and verified, before the handler runs; a failed upload leaves nothing there.
app.post('/u', upload.single('file'), (req, res) => {
  if (!req.file) {
    res.status(400).json({ error: 'The form has no field `file`' });
    return;
  }
  const { fileId, url, originalname, contentType, size, crc32, etag } = req.file;
  res.status(201).json({ fileId, url, originalname, contentType, size, crc32, etag });
});

app.get('/f/:group/*name', async (req: Request<{ group: string; name: string[] }>, res: Response) => {
  const fileId = [req.params.group, ...req.params.name].join('/');
  const { size } = await client.stat(fileId, { source: 'server' });
  res.type(path.extname(fileId) || 'bin').set({
    'Content-Length': String(size),
    // Strangers chose these files: a browser may show pictures, but must run nothing.
    'Content-Security-Policy': 'sandbox',
    'X-Content-Type-Options': 'nosniff',
  });
  if (req.method === 'HEAD') res.end();
  else await pipeline(client.createDownloadStream(fileId), res);
});

const STATUS: Record<string, number> = {
  FASTDFS_NOT_FOUND: 404,
  FASTDFS_BAD_FILE_ID: 400,
  FASTDFS_NO_SPACE: 507,
  LIMIT_FILE_SIZE: 413,
};
const onError: ErrorRequestHandler = (error, _req, res, _next) => {
  const other = error instanceof multer.MulterError ? 400 : error instanceof FastDFSError ? 502 : 500;
  if (res.headersSent || res.destroyed) res.destroy();
  else
    res.status(STATUS[error.code] ?? error.status ?? other).json({ error: error.message, code: error.code });
};
app.use(onError);

const server = app.listen(Number(PORT), '127.0.0.1', (error) => {
  if (error) throw error;
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
  await client.close();
  await embedded?.stop();
}
process.once('SIGINT', stop).once('SIGTERM', stop);
