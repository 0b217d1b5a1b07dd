/** A tus server over one store, and clients that behave well (tus-js-client) or as badly as a test wants (sockets). */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Server, type ServerOptions, type Upload as StoredUpload } from '@tus/server';
import { Upload, type UploadOptions } from 'tus-js-client';
import { afterEach } from 'vitest';
import { type FdfsStore, type FdfsStoreOptions, fdfsTusStore } from '../../../src/adapters/tus/index.js';
import type { FastDFSClient } from '../../../src/index.js';
import type { TestServer } from '../../helpers/servers.js';

const PATH = '/files';
const TUS = { 'Tus-Resumable': '1.0.0' };

export class TusServer {
  /** What `onUploadFinish` was given, in order. */
  readonly finished: { path: string; metadata: StoredUpload['metadata']; size: number | undefined }[] = [];
  /** Every error that became an answer. */
  readonly errors: unknown[] = [];
  readonly tus: Server;
  readonly #http: HttpServer;

  private constructor(store: FdfsStore, options: Partial<ServerOptions>) {
    this.tus = new Server({
      path: PATH,
      datastore: store,
      relativeLocation: true,
      onUploadFinish: async (_req, { storage, metadata, size }) => {
        this.finished.push({ path: storage!.path, metadata, size });
        return {};
      },
      onResponseError: (_req, error) => {
        this.errors.push(error);
        return undefined;
      },
      ...options,
    });
    this.#http = createServer((req, res) => this.tus.handle(req, res));
  }

  static async start(store: FdfsStore, options: Partial<ServerOptions> = {}): Promise<TusServer> {
    const server = new TusServer(store, options);
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}${PATH}`;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  urlOf(id: string): string {
    return `${this.endpoint}/${id}`;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** Makes an upload. @returns its id */
  async create(length: number | undefined, metadata?: string): Promise<string> {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: {
        ...TUS,
        ...(length === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) }),
        ...(metadata === undefined ? {} : { 'Upload-Metadata': metadata }),
      },
    });
    if (response.status !== 201) throw new Error(`POST: ${response.status} ${await response.text()}`);
    return idOf(response.headers.get('location')!);
  }

  patch(id: string, offset: number, body: Uint8Array | Readable, headers: Record<string, string> = {}) {
    return fetch(this.urlOf(id), {
      method: 'PATCH',
      headers: {
        ...TUS,
        'Upload-Offset': String(offset),
        'Content-Type': 'application/offset+octet-stream',
        ...headers,
      },
      body,
      duplex: 'half',
    } as RequestInit);
  }

  head(id: string) {
    return fetch(this.urlOf(id), { method: 'HEAD', headers: TUS });
  }

  async offset(id: string): Promise<number> {
    return Number((await this.head(id)).headers.get('upload-offset'));
  }

  remove(id: string) {
    return fetch(this.urlOf(id), { method: 'DELETE', headers: TUS });
  }

  get(id: string, signal?: AbortSignal) {
    return fetch(this.urlOf(id), signal ? { signal } : {});
  }

  /** Begins a PATCH of `length` bytes by hand; the body is up to the test. */
  async beginPatch(id: string, offset: number, length: number): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      `PATCH ${PATH}/${id} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\n` +
        `Content-Type: application/offset+octet-stream\r\nContent-Length: ${length}\r\n\r\n`,
    );
    return socket;
  }
}

export function idOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

export interface ClientUpload {
  readonly upload: Upload;
  /** The upload id, once the upload is complete. */
  readonly done: Promise<string>;
}

/** Starts an upload with tus-js-client. */
export function start(content: Buffer | Readable, options: UploadOptions): ClientUpload {
  let upload!: Upload;
  const done = new Promise<string>((resolve, reject) => {
    upload = new Upload(content, {
      retryDelays: null,
      ...options,
      onSuccess: () => resolve(idOf(upload.url!)),
      onError: reject,
    });
    upload.start();
  });
  return { upload, done };
}

export const SECRET = 'one secret for all nodes';
export const KIB = 1024;

export interface Rig {
  http: TusServer;
  store: FdfsStore;
  client: FastDFSClient;
}

/** Tus servers of a test, each with a client of its own, as if they were other processes. */
export function nodes(
  server: TestServer,
): (options?: FdfsStoreOptions, tus?: Partial<ServerOptions>) => Promise<Rig> {
  const open: TusServer[] = [];
  afterEach(async () => {
    for (const http of open.splice(0)) await http.stop();
  });
  return async (options = {}, tus = {}) => {
    const client = server.client({ retry: { retries: 0 } });
    const store = fdfsTusStore(client, { secret: SECRET, blockBytes: 64 * KIB, ...options });
    const http = await TusServer.start(store, tus);
    open.push(http);
    return { http, store, client };
  };
}

export function fileIdOf(uploadId: string): string {
  return Buffer.from(uploadId.split('.')[0]!, 'base64url').toString();
}
