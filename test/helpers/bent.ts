/** An embedded cluster behind proxies that know where a request and a reply begin, so that a test can bend one of them. */
import type net from 'node:net';
import type { EmbeddedFastDFS } from '../../src/embedded/index.js';
import type { FastDFSOptions } from '../../src/index.js';
import { GROUP } from './operations.js';
import { TcpProxy } from './proxy.js';

/** Passes a whole reply on, as it likes. */
export type Bend = (reply: Buffer, send: (chunk: Buffer) => void, socket: net.Socket) => void;

interface State {
  code: number;
  /** Bytes of the request that have arrived. */
  asked: number;
  answer: Buffer;
}

interface Bent {
  code: number;
  reply?: Bend;
  /** The connection is lost once this many bytes of the request have passed. */
  cutRequestAt?: number;
}

const HEADER_BYTES = 10;

export class BentCluster {
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #states = new WeakMap<net.Socket, State>();
  readonly #begun = new Map<number, number>();
  #bent: Bent | undefined;

  /** In front of the first tracker and of the one storage of {@link GROUP}. */
  static async before(fdfs: EmbeddedFastDFS): Promise<BentCluster> {
    const bent = new BentCluster();
    for (const address of [fdfs.trackers[0]!, fdfs.storageAddress(GROUP)]) {
      const [host, port] = address.split(':') as [string, string];
      const proxy = await TcpProxy.to(host, Number(port));
      proxy.hooks = {
        request: (chunk, send, socket) => bent.#request(chunk, send, socket),
        reply: (chunk, send, socket) => bent.#reply(chunk, send, socket),
      };
      bent.#proxies.set(port, proxy);
    }
    return bent;
  }

  /** Leads a client through the proxies. */
  readonly mapAddress: NonNullable<FastDFSOptions['mapAddress']> = ({ host, port }) => {
    const proxy = this.#proxies.get(String(port));
    return proxy ? { host: '127.0.0.1', port: proxy.port } : { host, port };
  };

  /** From now on every such request or reply, until {@link straighten}. */
  bend(bent: Bent): void {
    this.#bent = bent;
  }

  straighten(): void {
    this.#bent = undefined;
  }

  /** Requests with this code that clients have started to send, whether or not they reached a server. */
  requests(code: number): number {
    return this.#begun.get(code) ?? 0;
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #state(socket: net.Socket): State {
    let state = this.#states.get(socket);
    if (!state) {
      state = { code: 0, asked: 0, answer: Buffer.alloc(0) };
      this.#states.set(socket, state);
    }
    return state;
  }

  #request(chunk: Buffer, send: (chunk: Buffer) => void, socket: net.Socket): void {
    const state = this.#state(socket);
    if (state.asked === 0) {
      state.code = chunk[8]!;
      this.#begun.set(state.code, this.requests(state.code) + 1);
    }
    const before = state.asked;
    state.asked += chunk.length;
    const cutAt = this.#bent?.code === state.code ? this.#bent.cutRequestAt : undefined;
    if (cutAt === undefined || state.asked < cutAt) {
      send(chunk);
      return;
    }
    send(chunk.subarray(0, Math.max(0, cutAt - before)));
    socket.destroy();
  }

  #reply(chunk: Buffer, send: (chunk: Buffer) => void, socket: net.Socket): void {
    const state = this.#state(socket);
    state.answer = Buffer.concat([state.answer, chunk]);
    const { answer } = state;
    if (answer.length < HEADER_BYTES) return;
    if (answer.length < HEADER_BYTES + Number(answer.readBigInt64BE(0))) return;
    state.asked = 0;
    state.answer = Buffer.alloc(0);
    if (this.#bent?.reply && this.#bent.code === state.code) this.#bent.reply(answer, send, socket);
    else send(answer);
  }
}

/** The same reply with another length in its header. */
export function withLength(of: (length: bigint) => bigint): Bend {
  return (reply, send) => {
    reply.writeBigInt64BE(of(reply.readBigInt64BE(0)), 0);
    send(reply);
  };
}

/** Other bytes instead of the reply. */
export function instead(bytes: Buffer): Bend {
  return (_, send) => send(bytes);
}

/** The first bytes of the reply, and then nothing more: the connection is lost. */
export function cutAt(bytes: number): Bend {
  return (reply, send, socket) => {
    send(reply.subarray(0, bytes));
    socket.end();
  };
}

/** Two segments. */
export function splitAt(bytes: number): Bend {
  return (reply, send) => {
    send(reply.subarray(0, bytes));
    setTimeout(() => send(reply.subarray(bytes)), 1);
  };
}
