/**
 * A port in front of a server that can stop to accept: its queue is full then, and the system lets further attempts to
 * connect go unanswered, as a host that hangs does, or a firewall that drops. A thread of its own does the accepting, so
 * that it can be held up.
 */
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

const ACCEPTING = `
const net = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const held = new Int32Array(workerData.held);
const server = net.createServer((client) => {
  const upstream = net.connect(workerData.port, workerData.host);
  for (const [from, to] of [[client, upstream], [upstream, client]]) {
    from.on('error', () => {});
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => parentPort.postMessage(server.address().port));
parentPort.on('message', () => {
  parentPort.postMessage('deaf');
  Atomics.wait(held, 0, 1);
});
`;
/** A connection on this machine takes less, unless it is not accepted. */
const PATIENCE_MS = 100;
const MOST_FILLERS = 16;

export class DeafListener {
  readonly port: number;
  readonly #worker: Worker;
  readonly #held: Int32Array;
  readonly #fillers: net.Socket[] = [];

  private constructor(worker: Worker, held: Int32Array, port: number) {
    this.#worker = worker;
    this.#held = held;
    this.port = port;
  }

  static async before(address: string): Promise<DeafListener> {
    const [host, port] = address.split(':') as [string, string];
    const held = new SharedArrayBuffer(4);
    const worker = new Worker(ACCEPTING, { eval: true, workerData: { held, host, port: Number(port) } });
    const [own] = (await once(worker, 'message')) as [number];
    return new DeafListener(worker, new Int32Array(held), own);
  }

  /** From now on no connection is accepted. */
  async deafen(): Promise<void> {
    Atomics.store(this.#held, 0, 1);
    this.#worker.postMessage('stop');
    await once(this.#worker, 'message');
    while (await this.#connects())
      if (this.#fillers.length > MOST_FILLERS) throw new Error('The queue of the listener has no end');
  }

  /** Accepts again; resolves when it does. */
  async hear(): Promise<void> {
    this.#release();
    while (!(await this.#connects()));
    for (const socket of this.#fillers.splice(0)) socket.destroy();
  }

  async close(): Promise<void> {
    this.#release();
    await this.#worker.terminate();
  }

  #release(): void {
    for (const socket of this.#fillers.splice(0)) socket.destroy();
    Atomics.store(this.#held, 0, 0);
    Atomics.notify(this.#held, 0);
  }

  async #connects(): Promise<boolean> {
    const socket = net.connect(this.port, '127.0.0.1').on('error', () => undefined);
    this.#fillers.push(socket);
    return await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      () => true,
      () => {
        socket.destroy();
        return false;
      },
    );
  }
}
