/** One keep-alive connection to a web server: as much of HTTP as the servers of this bench speak. */
import { once } from 'node:events';
import net from 'node:net';

const BLOCK = Buffer.alloc(256 * 1024, 'fastdfs ');
const BOUNDARY = 'bench-bench-bench';
const PART_HEAD = Buffer.from(
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n',
);
const PART_END = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

interface Reply {
  resolve(): void;
  reject(error: Error): void;
  /** Bytes of the body that are still to come; undefined before the head. */
  left?: number;
  length: number;
  text: string;
}

export class HttpConnection {
  readonly #socket: net.Socket;
  #reply: Reply | undefined;
  #head: Buffer = Buffer.alloc(0);

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#reply?.reject(error));
    socket.on('close', () => this.#reply?.reject(new Error('connection closed')));
  }

  static async open(host: string, port: number): Promise<HttpConnection> {
    const socket = net.connect({ host, port, noDelay: true });
    await once(socket, 'connect');
    return new HttpConnection(socket);
  }

  async download(path: string, bytes: number): Promise<void> {
    const answer = this.#answer();
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
    const { length } = await answer;
    if (length !== bytes) throw new Error(`${length} bytes instead of ${bytes}`);
  }

  /** @returns the body of the answer */
  async upload(path: string, bytes: number): Promise<string> {
    const answer = this.#answer();
    const length = PART_HEAD.length + bytes + PART_END.length;
    this.#socket.cork();
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${length}\r\n` +
        `Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\n\r\n`,
    );
    this.#socket.write(PART_HEAD);
    this.#socket.uncork();
    for (let left = bytes; left > 0; left -= BLOCK.length) {
      if (!this.#socket.write(BLOCK.subarray(0, left))) await once(this.#socket, 'drain');
    }
    this.#socket.write(PART_END);
    return (await answer).text;
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const reply: Reply = { reject, length: 0, text: '', resolve: () => resolve(reply) };
      this.#reply = reply;
    });
  }

  #take(chunk: Buffer): void {
    const reply = this.#reply!;
    let body = chunk;
    if (reply.left === undefined) {
      this.#head = this.#head.length ? Buffer.concat([this.#head, chunk]) : chunk;
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#head.toString('latin1', 0, end);
      body = this.#head.subarray(end + 4);
      this.#head = Buffer.alloc(0);
      reply.length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      reply.left = reply.length;
      if (!head.startsWith('HTTP/1.1 200')) reply.reject(new Error(head.split('\r\n')[0]!));
    }
    reply.left -= body.length;
    if (reply.length < 1024) reply.text += body.toString('latin1');
    if (reply.left === 0) reply.resolve();
  }
}
