/** Clients of a web server who mean it no good: they stop in the middle, go at a crawl, or leave all at once. */
import { once } from 'node:events';
import net from 'node:net';
import { TUS } from './public-server.js';

const BOUNDARY = 'half-open';
const HEAD = 'Host: x\r\n';
/** So many connections are opened at a time. */
const BATCH = 100;

/** The beginnings of requests. */
export const openings = {
  head: (fileId: string) => `GET /f/${fileId} HTTP/1.1\r\nHo`,
  get: (fileId: string) => `GET /f/${fileId} HTTP/1.1\r\n${HEAD}\r\n`,
  form: (length = 1_000_000) =>
    `POST /u HTTP/1.1\r\n${HEAD}Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${length}\r\n\r\n` +
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n0123456789`,
  patch: (path: string, length = 1_000_000) =>
    `PATCH ${path} HTTP/1.1\r\n${HEAD}Tus-Resumable: ${TUS['Tus-Resumable']}\r\nUpload-Offset: 0\r\n` +
    `Content-Type: application/offset+octet-stream\r\nContent-Length: ${length}\r\n\r\nslow`,
};

export class Attackers {
  readonly #port: number;
  readonly #sockets = new Set<net.Socket>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  /** Connections that they have. */
  get present(): number {
    return this.#sockets.size;
  }

  /** Say their piece, and then neither read nor write again. */
  async lurk(pieces: readonly string[]): Promise<void> {
    await this.#each(pieces, async (piece) => {
      const socket = await this.#open();
      socket.pause();
      socket.write(piece);
    });
  }

  /** Slow-loris: a byte of the body from each of them, every so often. */
  async crawl(pieces: readonly string[], everyMs: number): Promise<void> {
    const crawling: net.Socket[] = [];
    await this.#each(pieces, async (piece) => {
      const socket = await this.#open();
      socket.resume();
      socket.write(piece);
      crawling.push(socket);
    });
    this.#every(everyMs, () => {
      for (const socket of crawling) if (socket.writable) socket.write('x');
    });
  }

  /** Ask for a file, and take a byte of it every so often. */
  async sip(pieces: readonly string[], everyMs: number): Promise<void> {
    const sipping: net.Socket[] = [];
    await this.#each(pieces, async (piece) => {
      const socket = await this.#open();
      socket.on('readable', () => undefined);
      socket.write(piece);
      sipping.push(socket);
    });
    this.#every(everyMs, () => {
      for (const socket of sipping) socket.read(1);
    });
  }

  /** Send so much and read what they are sent; and when all of them are in the middle of it they vanish at one moment. */
  async vanish(pieces: readonly string[], content: Uint8Array): Promise<void> {
    const vanishing: net.Socket[] = [];
    await this.#each(pieces, async (piece) => {
      const socket = await this.#open();
      socket.resume();
      vanishing.push(socket);
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.write(piece);
        socket.write(content, () => resolve());
      });
    });
    for (const socket of vanishing) socket.resetAndDestroy();
  }

  /** All of them go. */
  leave(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(): Promise<net.Socket> {
    const socket = net.connect(this.#port, '127.0.0.1').on('error', () => undefined);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    await once(socket, 'connect');
    return socket;
  }

  async #each(pieces: readonly string[], run: (piece: string) => Promise<void>): Promise<void> {
    for (let at = 0; at < pieces.length; at += BATCH)
      await Promise.all(pieces.slice(at, at + BATCH).map(run));
  }

  #every(ms: number, run: () => void): void {
    this.#timers.push(setInterval(run, ms));
  }
}
