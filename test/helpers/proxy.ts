/** A TCP proxy between client and server that a test can bend: delay, flip, cut. */
import { once } from 'node:events';
import net from 'node:net';

export interface ProxyHooks {
  /** Changes or withholds what the server sends. Default: passes it on. */
  reply?(chunk: Buffer, send: (chunk: Buffer) => void, socket: net.Socket): void;
  /** Changes or withholds what the client sends. Default: passes it on. */
  request?(chunk: Buffer, send: (chunk: Buffer) => void, socket: net.Socket): void;
}

export class TcpProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  hooks: ProxyHooks = {};

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /** Listens on a free port and connects every client to `host:port`. */
  static async to(host: string, port: number, hooks: ProxyHooks = {}): Promise<TcpProxy> {
    const server = net.createServer();
    const proxy = new TcpProxy(server);
    proxy.hooks = hooks;
    server.on('connection', (client) => proxy.#join(client, net.connect(port, host)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #join(client: net.Socket, upstream: net.Socket): void {
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    const toServer = (chunk: Buffer) => upstream.write(chunk);
    const toClient = (chunk: Buffer) => client.write(chunk);
    client.on('data', (chunk) =>
      this.hooks.request ? this.hooks.request(chunk, toServer, client) : toServer(chunk),
    );
    upstream.on('data', (chunk) =>
      this.hooks.reply ? this.hooks.reply(chunk, toClient, client) : toClient(chunk),
    );
  }
}
