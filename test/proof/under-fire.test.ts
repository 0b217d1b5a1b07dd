/** A public server in front of FastDFS, and clients who mean it no good: it goes on serving, and keeps nothing of theirs. */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import net from 'node:net';
import { Server as TusServer } from '@tus/server';
import express from 'express';
import multer from 'multer';
import { afterEach, expect, it } from 'vitest';
import { fdfsServe } from '../../src/adapters/http.js';
import { fdfsStorage } from '../../src/adapters/multer.js';
import { FdfsStore } from '../../src/adapters/tus.js';
import type { FastDFSClient } from '../../src/index.js';
import { bytes, sha256 } from '../helpers/bytes.js';
import { MIB, settledMemory } from '../helpers/memory.js';
import { onEmbedded } from '../helpers/servers.js';

const CROWD = 600;
const BOUNDARY = 'half-open';

onEmbedded('under fire', (server) => {
  const sockets: net.Socket[] = [];
  let http: HttpServer | undefined;
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    http?.closeAllConnections();
    if (http) await new Promise((resolve) => http!.close(resolve));
  });

  async function serve(client: FastDFSClient): Promise<number> {
    const app = express();
    const tus = new TusServer({ path: '/tus', datastore: new FdfsStore(client, { secret: 'fire' }) });
    app.post('/u', multer({ storage: fdfsStorage(client) }).single('file'), (req, res) => {
      res.json({ fileId: req.file?.fileId });
    });
    app.use('/f', fdfsServe(client));
    app.use('/tus', (req, res) => {
      req.url = req.originalUrl;
      tus.handle(req, res);
    });
    app.use(((_error, _req, res, _next) => {
      if (res.headersSent) res.destroy();
      else res.status(500).end();
    }) as express.ErrorRequestHandler);
    http = createServer(app).listen(0, '127.0.0.1');
    await once(http, 'listening');
    return (http.address() as net.AddressInfo).port;
  }

  /** Opens a connection, says its piece, and neither reads nor writes again. */
  async function lurk(port: number, piece: string): Promise<void> {
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.pause();
    socket.write(piece);
  }

  it(`${CROWD} half-open requests and readers that never read stop nobody else`, {
    timeout: 120_000,
  }, async () => {
    const client = server.client();
    const large = bytes(16 * MIB);
    const { fileId } = await client.upload(large);
    const port = await serve(client);
    const base = `http://127.0.0.1:${port}`;
    const created = await fetch(`${base}/tus`, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '1000000' },
    });
    const upload = new URL(created.headers.get('location')!, base).pathname;
    const before = await settledMemory();
    const head = 'Host: x\r\n';
    const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n0123456789`;
    const pieces = [
      `GET /f/${fileId} HTTP/1.1\r\nHo`,
      `POST /u HTTP/1.1\r\n${head}Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: 1000000\r\n\r\n${part}`,
      `PATCH ${upload} HTTP/1.1\r\n${head}Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000000\r\n\r\nslow`,
      `GET /f/${fileId} HTTP/1.1\r\n${head}\r\n`,
    ];
    for (let index = 0; index < CROWD; index++) await lurk(port, pieces[index % pieces.length]!);

    for (let round = 0; round < 5; round++) {
      const form = new FormData();
      form.append('file', new Blob([bytes(50_000, round)]), 'good.bin');
      const stored = (await (await fetch(`${base}/u`, { method: 'POST', body: form })).json()) as {
        fileId: string;
      };
      const answer = await fetch(`${base}/f/${stored.fileId}`);
      expect(sha256(Buffer.from(await answer.arrayBuffer()))).toBe(sha256(bytes(50_000, round)));
      await client.delete(stored.fileId);
    }
    for (const path of [
      '/f/group1/M00/00/00/../../../etc/passwd',
      '/f/group1%2F..%2F..',
      `/f/${'a'.repeat(4000)}`,
    ]) {
      expect((await fetch(base + path)).status).toBeGreaterThanOrEqual(400);
    }
    expect(
      (await fetch(`${base}/tus/Z3JvdXAx.forged`, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } }))
        .status,
    ).toBe(404);

    for (const socket of sockets.splice(0)) socket.destroy();
    const inUse = () =>
      Object.values(client.stats()).reduce((sum, { leased, waiting }) => sum + leased + waiting, 0);
    await expect.poll(inUse, { timeout: 40_000 }).toBe(0);
    expect((await settledMemory()) - before).toBeLessThan(32 * MIB);
    const gone = await fetch(base + upload, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } });
    expect(gone.status).toBe(204);
    await client.delete(fileId);
  });
});
