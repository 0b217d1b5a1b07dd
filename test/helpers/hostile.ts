/** A server that sends a given answer to every request. */
import { once } from 'node:events';
import net from 'node:net';

/** What one answer is made of: segments, and whether the connection ends behind them. */
export interface Answer {
  segments: readonly Uint8Array[];
  end: boolean;
}

export class HostileServer {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Given in turn; the last one for ever. */
  answers: readonly Answer[] = [];
  /** Requests that got one. */
  answered = 0;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  static async start(): Promise<HostileServer> {
    const server = net.createServer({ noDelay: true });
    const hostile = new HostileServer(server);
    server.on('connection', (socket) => hostile.#serve(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hostile;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let due = false;
    // Once for what arrives in one turn: about one answer to a request.
    socket.on('data', () => {
      if (due) return;
      due = true;
      setImmediate(() => {
        due = false;
        this.#answer(socket);
      });
    });
  }

  #answer(socket: net.Socket): void {
    const answer = this.answers[Math.min(this.answered, this.answers.length - 1)];
    this.answered++;
    if (!answer) return;
    for (const segment of answer.segments) if (!socket.destroyed) socket.write(segment);
    if (answer.end) socket.end();
  }
}

/** A header, and a body of any other length. */
export function reply(length: bigint, body: Uint8Array, status = 0, command = 100): Uint8Array {
  const header = Buffer.alloc(10);
  header.writeBigInt64BE(BigInt.asIntN(64, length), 0);
  header[8] = command;
  header[9] = status;
  return Buffer.concat([header, body]);
}

/** A tracker's answer that names one server: of 39 bytes, or of 40 with a store path. */
export function locationOf(port: number, forUpload: boolean): Uint8Array {
  const body = Buffer.alloc(forUpload ? 40 : 39);
  body.write('group1', 0);
  body.write('127.0.0.1', 16);
  body.writeBigInt64BE(BigInt(port), 31);
  return reply(BigInt(body.length), body);
}
