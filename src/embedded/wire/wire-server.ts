/**
 * A listening socket and the loop over its requests: header, fault, handler, reply, and whether the connection
 * stays open. Trackers and storages differ in the handler that they pass in.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { HEADER_BYTES } from '../../core/protocol/constants.js';
import { CODE } from './command-codes.js';
import { Connection, ConnectionClosed, FIRST_BLOCK, type RequestHeader } from './connection.js';
import type { Fault, Faults, ServerId } from './faults.js';
import { readStatus, STATUS } from './status.js';

/** How often a storage drops the reply to a client that has sent FIN: 12 to 21 times of 25 on the real server. */
const HALF_CLOSED_LOSS = 0.6;

export interface SmallReply {
  readonly status: number;
  readonly body?: Buffer;
}

/** A reply whose body is too long for memory. `pump` sends exactly `length` bytes, the last piece marked. */
export interface StreamedReply {
  readonly status: 0;
  readonly length: number;
  pump(send: (chunk: Buffer, last: boolean) => Promise<void>): Promise<void>;
  /** The declared length is not the real one: the connection ends after the last piece. */
  readonly endless?: boolean;
}

/** A header that no client can use, and nothing behind it. */
export interface BrokenReply {
  readonly status: number;
  /** Negative. */
  readonly declaredLength: number;
  /** How many bytes of the header go out; after less than all of them the connection stays silent. */
  readonly headerBytes: number;
}

export type Reply = SmallReply | StreamedReply | BrokenReply;

export interface Handler {
  /** Bytes of the body to wait for before the request is checked; undefined: close without a reply. */
  firstBytes(header: RequestHeader): number | undefined;
  /** Answers one request; an error that it throws becomes a status. */
  handle(header: RequestHeader, first: Buffer, connection: Connection): Promise<Reply> | Reply;
  closesAfter(status: number): boolean;
}

export interface WireServerOptions {
  readonly id: ServerId;
  readonly faults: Faults;
  readonly handler: Handler;
  /** Trackers answer requests that are in their buffer already; storages do not read the socket again. */
  readonly pipelining: boolean;
  readonly networkTimeoutMs: number;
  /** Further connections are closed at once. */
  readonly maxConnections: number;
  /** Called for every request with its code. */
  readonly onRequest: (code: number) => void;
}

/** Connections of one server, as its statistics report them. */
export interface ConnectionCounts {
  current: number;
  max: number;
}

export class WireServer {
  readonly #options: WireServerOptions;
  readonly #sockets = new Set<Socket>();
  /** Loops over requests that have not ended; some still have a file open after their socket has closed. */
  readonly #loops = new Set<Promise<void>>();
  #server: Server | undefined;
  #port = 0;
  readonly connections: ConnectionCounts = { current: 0, max: 0 };

  constructor(options: WireServerOptions) {
    this.#options = options;
  }

  get id(): ServerId {
    return this.#options.id;
  }

  /** The port listened on; kept when the server is stopped, so that it comes back on the same. */
  get port(): number {
    return this.#port;
  }

  /** @param port 0: any free one, or the one it had before */
  async listen(host: string, port: number): Promise<void> {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      if (this.connections.current >= this.#options.maxConnections) return socket.destroy();
      const loop = this.#serve(socket).finally(() => this.#loops.delete(loop));
      this.#loops.add(loop);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: port || this.#port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    this.#server = server;
  }

  /** Stops listening and cuts every connection, as a killed process does. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await Promise.all(this.#loops);
  }

  async #serve(socket: Socket): Promise<void> {
    const { pipelining, networkTimeoutMs, faults, id } = this.#options;
    this.#sockets.add(socket);
    this.connections.current += 1;
    this.connections.max = Math.max(this.connections.max, this.connections.current);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.connections.current -= 1;
    });
    const connection = new Connection(socket, { pipelining, networkTimeoutMs });
    try {
      const fault = faults.take(id, 'connect');
      if (fault) {
        await setImmediate(); // a client in this process sees its connection succeed first
        await connection.applyFault(fault);
      }
      while (await this.#exchange(connection));
      connection.finish();
    } catch (error) {
      // A closed connection needs no reply; any other error is a defect of this server, which a reset makes visible.
      if (error instanceof ConnectionClosed) connection.finish();
      else connection.destroy();
    }
  }

  /** Handles one request. Returns false when the connection ends here. */
  async #exchange(connection: Connection): Promise<boolean> {
    const { handler, faults, id } = this.#options;
    const header = await connection.nextHeader();
    if (header === undefined || header.command === CODE.QUIT) return false;
    const { command, length } = header;
    this.#options.onRequest(command);
    const firstBytes = handler.firstBytes(header);
    if (firstBytes === undefined) return false;
    const fault = faults.take(id, 'request', command, length);
    if (fault) return this.#fail(connection, fault, firstBytes);
    const first = await connection.take(firstBytes);
    let reply: Reply;
    try {
      reply = await handler.handle(header, first, connection);
    } catch (error) {
      if (error instanceof ConnectionClosed) throw error;
      reply = { status: readStatus(error) };
    }
    return this.#answer(connection, command, reply);
  }

  async #answer(connection: Connection, command: number, reply: Reply): Promise<boolean> {
    const { handler, faults, id } = this.#options;
    if ('declaredLength' in reply) {
      const { status, declaredLength, headerBytes: afterBytes } = reply;
      connection.disturbReply({ phase: 'reply', action: 'stall', afterBytes, status });
      await connection.reply(status, declaredLength);
      connection.disturbReply(undefined);
      return true;
    }
    const length = 'pump' in reply ? reply.length : (reply.body?.length ?? 0);
    // A storage answers a half-closed client at random, and its outcome is lost then.
    if (connection.ended && !this.#options.pipelining && Math.random() < HALF_CLOSED_LOSS) return false;
    const fault = faults.take(id, 'reply', command, HEADER_BYTES + length);
    if (fault?.action === 'status') {
      await connection.reply(fault.status, 0);
      return !handler.closesAfter(fault.status);
    }
    connection.disturbReply(fault);
    if ('pump' in reply) await this.#pump(connection, reply);
    else await connection.reply(reply.status, length, reply.body);
    connection.disturbReply(undefined);
    if ('pump' in reply && reply.endless) return false;
    return !handler.closesAfter(reply.status);
  }

  /** Header and first piece travel together: a small download is one segment. */
  async #pump(connection: Connection, reply: StreamedReply): Promise<void> {
    let started = false;
    await reply.pump((chunk, last) => {
      if (started) return connection.send(chunk, last);
      started = true;
      return connection.reply(STATUS.OK, reply.length, chunk);
    });
    if (!started) await connection.reply(STATUS.OK, 0);
  }

  /** Reads the request up to the fault's position, then carries the fault out. */
  async #fail(connection: Connection, fault: Fault, firstBytes: number): Promise<boolean> {
    let left = fault.afterBytes ?? firstBytes;
    while (left > 0) left -= (await connection.take(Math.min(left, FIRST_BLOCK))).length;
    await connection.applyFault(fault);
    await connection.reply(fault.status, 0);
    return !this.#options.handler.closesAfter(fault.status);
  }
}
