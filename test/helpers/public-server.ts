/** What stands between FastDFS and everybody: an Express app with a form, resumable uploads, and files with and without tokens. */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as TusServer } from '@tus/server';
import express from 'express';
import multer from 'multer';
import { fdfsServe } from '../../src/adapters/http/index.js';
import { fdfsStorage } from '../../src/adapters/multer/index.js';
import { fdfsTusStore } from '../../src/adapters/tus/index.js';
import type { FastDFSClient } from '../../src/index.js';

export const SECRET = 'FastDFS1234567890';
export const TUS = { 'Tus-Resumable': '1.0.0' };
/** Small, so that a client that leaves after a few bytes leaves half a file. */
const BLOCK_BYTES = 32 * 1024;

export class PublicServer {
  readonly #http: Server;

  private constructor(http: Server) {
    this.#http = http;
  }

  /** `POST /u` a form, `/tus` resumable uploads, `GET /f/…` files, `GET /s/…` files for who has a token. */
  static async over(client: FastDFSClient): Promise<PublicServer> {
    const app = express();
    const store = fdfsTusStore(client, { secret: SECRET, blockBytes: BLOCK_BYTES });
    const tus = new TusServer({ path: '/tus', datastore: store, relativeLocation: true });
    const upload = multer({ storage: fdfsStorage(client, { blockBytes: BLOCK_BYTES }) });
    app.post('/u', upload.single('file'), (req, res) => {
      res.json({ fileId: req.file?.fileId });
    });
    app.use('/f', fdfsServe(client));
    app.use('/s', fdfsServe(client, { secret: SECRET, clockSkewMs: 5000 }));
    app.use('/tus', (req, res) => {
      req.url = req.originalUrl;
      tus.handle(req, res);
    });
    app.use(((_error, _req, res, _next) => {
      if (res.headersSent) res.destroy();
      else res.status(500).end();
    }) as express.ErrorRequestHandler);
    const http = createServer(app);
    http.listen({ port: 0, host: '127.0.0.1', backlog: 2048 });
    await once(http, 'listening');
    return new PublicServer(http);
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Stores a form with one file; returns its id. */
  async post(content: Uint8Array): Promise<string> {
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(content)]), 'good.bin');
    const answer = await fetch(`${this.base}/u`, { method: 'POST', body: form });
    const { fileId } = (await answer.json()) as { fileId?: string };
    if (fileId === undefined) throw new Error(`POST /u: ${answer.status}`);
    return fileId;
  }

  async get(path: string): Promise<Buffer> {
    const answer = await fetch(this.base + path);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** Begins a resumable upload; returns its path. */
  async begin(length: number): Promise<string> {
    const headers = { ...TUS, 'Upload-Length': String(length) };
    const answer = await fetch(`${this.base}/tus`, { method: 'POST', headers });
    if (answer.status !== 201) throw new Error(`POST /tus: ${answer.status}`);
    return new URL(answer.headers.get('location')!, this.base).pathname;
  }

  /** One request with the path as it is written, which `fetch` would tidy up; returns the status. */
  async status(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
    const asked = request({ port: this.port, host: '127.0.0.1', method, path, headers, agent: false });
    asked.end();
    const [answer] = await once(asked, 'response', { signal: AbortSignal.timeout(10_000) });
    answer.resume();
    return answer.statusCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }
}
