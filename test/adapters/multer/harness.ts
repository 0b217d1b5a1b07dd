/** A small server around one multer version, and clients that post to it as well or as badly as a test wants. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type multer from 'multer';
import type { FdfsStorage } from '../../../src/adapters/multer/index.js';
import { post as postForm } from '../shared/form-harness.js';

export const VERSIONS: readonly string[] = [
  'multer-1.4.4',
  'multer-1.4.5',
  'multer-2.0.2',
  'multer-2.1.1',
  'multer-2.2.0',
  'multer-2.3.0',
  'multer',
];

export async function loadMulter(name: string): Promise<typeof multer> {
  return ((await import(name)) as { default: typeof multer }).default;
}

/** What `next` was called with, and what the request had then. */
export interface Outcome {
  error: (Error & { code?: string; storageErrors?: unknown[] }) | undefined;
  files: Express.Multer.File[];
  body: Record<string, unknown>;
}

type Middleware = (multerVersion: typeof multer, storage: multer.StorageEngine) => express.RequestHandler;

/** Listens on a free port; `POST /` runs the middleware, and answers with what became of the files. */
export class UploadServer {
  /** Every call of `next`, in order. */
  readonly outcomes: Outcome[] = [];
  /** How often multer's callback was called, one entry for each file. */
  readonly callbacks: number[] = [];
  readonly #server = createServer();
  readonly #changed = new EventTarget();
  #pending = 0;

  static async start(
    version: typeof multer,
    storage: FdfsStorage,
    middleware: Middleware,
  ): Promise<UploadServer> {
    const server = new UploadServer();
    const handler = middleware(version, server.#recorded(storage));
    const app = express();
    app.post('/', (req, res, next) => {
      handler(req, res, (error) => {
        server.#record(req, error as Outcome['error']);
        next(error);
      });
    });
    app.post('/', (req, res) => {
      res.json({ files: collectFiles(req) });
    });
    app.use(((error: { code?: string; message: string }, _req, res, _next) => {
      res.status(500).json({ code: error.code, message: error.message });
    }) satisfies express.ErrorRequestHandler);
    server.#server.on('request', app).listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when `next` has been called and multer waits for nothing more from the storage. */
  async settled(calls = 1): Promise<void> {
    await this.#until(() => this.outcomes.length >= calls && this.#pending === 0);
  }

  /** Resolves when multer waits for nothing more, whether or not it has called `next`. */
  async idle(files: number): Promise<void> {
    await this.#until(() => this.callbacks.length >= files && this.#pending === 0);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) await once(this.#changed, 'change', { signal: AbortSignal.timeout(10_000) });
  }

  #record(req: express.Request, error: Outcome['error']): void {
    this.outcomes.push({ error, files: collectFiles(req), body: req.body as Record<string, unknown> });
    this.#notify();
  }

  #notify(): void {
    this.#changed.dispatchEvent(new Event('change'));
  }

  /** The storage, with its calls and callbacks counted. */
  #recorded(storage: FdfsStorage): multer.StorageEngine {
    return {
      _handleFile: (req, file, callback) => {
        const index = this.callbacks.push(0) - 1;
        this.#pending += 1;
        storage._handleFile(req, file, (error, info) => {
          this.callbacks[index]! += 1;
          this.#pending -= 1;
          callback(error, info);
          this.#notify();
        });
      },
      _removeFile: (req, file, callback) => {
        this.#pending += 1;
        storage._removeFile(req, file, (error) => {
          this.#pending -= 1;
          callback(error);
          this.#notify();
        });
      },
    };
  }
}

function collectFiles(req: express.Request): Express.Multer.File[] {
  return req.file ? [req.file] : ((req.files as Express.Multer.File[] | undefined) ?? []);
}

export interface Answer {
  status: number;
  json: { files?: Express.Multer.File[]; code?: string; message?: string };
}

/** Posts a form and reads the answer of an `UploadServer`. */
export async function post(port: number, ...pieces: (string | Uint8Array)[]): Promise<Answer> {
  const { status, json } = await postForm(port, pieces);
  return { status, json: json() };
}
