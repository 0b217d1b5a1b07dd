/**
 * One accepted socket: requests in, replies out, with back-pressure both ways. It knows frames and the moment at
 * which a server reads its socket again; it knows no command. Every failure of the client becomes one error:
 * {@link ConnectionClosed}.
 */

import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import { writeHeader } from '../../core/protocol/command.js';
import { HEADER_BYTES, RESPONSE_COMMAND } from '../../core/protocol/constants.js';
import { type Fault, GARBAGE } from './faults.js';

/** Bytes of a request, header included, that a storage wants to see before it acts; its buffer is this large. */
export const FIRST_BLOCK = 256 * 1024;
/** A slow reply waits a millisecond after each of these first bytes; the rest follows faster, so that it ends. */
const SLOWEST_BYTES = 256;
/** A stalled server discards this much before the client's writes block, so that it still notices most disconnects. */
const STALL_BYTES = 8 * 1024 * 1024;
/** The socket is paused while more than this waits to be taken. */
const HIGH_WATER = FIRST_BLOCK;

/** The client disconnected, or the server ended the connection on purpose. Nothing more can be sent. */
export class ConnectionClosed extends Error {
  constructor() {
    super('The connection is closed');
    this.name = 'ConnectionClosed';
  }
}

export interface RequestHeader {
  /** Signed 64-bit as declared; imprecise beyond 2^53. */
  readonly length: number;
  /** The low 32 bits of the length, signed: all that a tracker looks at. */
  readonly low: number;
  readonly command: number;
  readonly status: number;
}

export class Connection {
  readonly #socket: Socket;
  readonly #pipelining: boolean;
  readonly #networkTimeoutMs: number;
  #queue: Buffer[] = [];
  #buffered = 0;
  #arrivals = 0;
  #answeredAt = -1;
  #ended = false;
  #closed = false;
  #stalled = false;
  #discarded = 0;
  #timeout = 0;
  #wake: (() => void) | undefined;
  #replyFault: Fault | undefined;
  #sent = 0;
  #slowBytes = 0;

  /** @param options `pipelining: false`: bytes that came before the last reply wait for newer ones, as on storages */
  constructor(socket: Socket, options: { pipelining: boolean; networkTimeoutMs: number }) {
    this.#socket = socket;
    this.#pipelining = options.pipelining;
    this.#networkTimeoutMs = options.networkTimeoutMs;
    socket.on('data', (chunk) => {
      if (this.#stalled) return this.#discard(chunk.length);
      this.#queue.push(chunk);
      this.#buffered += chunk.length;
      this.#arrivals += 1;
      if (this.#buffered > HIGH_WATER) socket.pause();
      this.#notify();
    });
    socket.on('end', () => {
      this.#ended = true;
      if (this.#stalled) socket.destroy();
      this.#notify();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#notify();
    });
    socket.on('error', () => {}); // 'close' follows and is what counts
    socket.on('timeout', () => socket.destroy());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Half-closed by the client: it can still read replies. */
  get ended(): boolean {
    return this.#ended;
  }

  get remoteAddress(): string {
    const address = this.#socket.remoteAddress ?? '';
    return address.startsWith('::ffff:') ? address.slice(7) : address;
  }

  /** Reads the next request's header; undefined when the client disconnected between two requests. */
  async nextHeader(): Promise<RequestHeader | undefined> {
    const idle = this.#answeredAt >= 0;
    if (!this.#pipelining) {
      while (idle && this.#arrivals === this.#answeredAt && !this.#ended && !this.#closed)
        await this.#arrival(false);
    }
    while (this.#buffered === 0) {
      if (this.#closed || this.#ended) return undefined;
      await this.#arrival(!idle);
    }
    const bytes = await this.take(HEADER_BYTES);
    return {
      length: Number(bytes.readBigInt64BE(0)),
      low: bytes.readInt32BE(4),
      command: bytes[8]!,
      status: bytes[9]!,
    };
  }

  /** Takes exactly `count` bytes, at most {@link FIRST_BLOCK}. */
  async take(count: number): Promise<Buffer> {
    while (this.#buffered < count) {
      if (this.#closed || this.#ended) throw new ConnectionClosed();
      await this.#arrival(true);
    }
    const first = this.#queue[0];
    if (count === 0 || first === undefined) return Buffer.alloc(0);
    this.#buffered -= count;
    if (first.length > count) {
      this.#queue[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first.length === count) return this.#queue.shift()!;
    return this.#join(count);
  }

  /** Takes what has arrived, at least one byte and at most `max`, without a copy. */
  async takeSome(max: number): Promise<Buffer[]> {
    while (this.#buffered === 0) {
      if (this.#closed || this.#ended) throw new ConnectionClosed();
      await this.#arrival(true);
    }
    if (this.#buffered <= max) {
      const all = this.#queue;
      this.#queue = [];
      this.#buffered = 0;
      return all;
    }
    return [await this.take(Math.min(max, this.#queue[0]!.length))];
  }

  /** Arms a fault for the reply that follows. */
  disturbReply(fault: Fault | undefined): void {
    this.#replyFault = fault;
    this.#sent = 0;
    this.#slowBytes = 0;
  }

  /** Sends header and body of a small reply, or the header and the first piece of a long one. */
  async reply(status: number, length: number, body?: Buffer): Promise<void> {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeHeader(header, length, RESPONSE_COMMAND, status);
    const whole = (body?.length ?? 0) === length;
    if (whole) this.#answeredAt = this.#arrivals;
    if (body === undefined || body.length === 0) return this.send(header);
    if (this.#replyFault === undefined && body.length > 4096) {
      this.#socket.cork();
      this.#socket.write(header);
      const done = this.send(body);
      this.#socket.uncork();
      return done;
    }
    return this.send(Buffer.concat([header, body]));
  }

  /** Further pieces of a reply. Resolves when the socket wants more. */
  async send(chunk: Buffer, last = false): Promise<void> {
    if (this.#closed) throw new ConnectionClosed();
    if (last) this.#answeredAt = this.#arrivals;
    if (this.#replyFault !== undefined) return this.#sendDisturbed(chunk, this.#replyFault);
    if (!this.#socket.write(chunk)) await this.#drained();
  }

  /** Carries a fault out. Returns for `slow` and `status` only: the others end the connection. */
  async applyFault(fault: Fault): Promise<void> {
    switch (fault.action) {
      case 'reset':
        this.#socket.resetAndDestroy();
        throw new ConnectionClosed();
      case 'close':
        this.finish();
        throw new ConnectionClosed();
      case 'garbage':
        this.#socket.write(GARBAGE);
        this.finish();
        throw new ConnectionClosed();
      case 'stall':
        return this.#stall();
      default:
    }
  }

  /** Closes once everything is sent. Unread bytes of the client turn the close into a reset. */
  finish(): void {
    if (this.#closed) return;
    const unread = this.#buffered > 0;
    this.#socket.end(() => {
      if (unread) this.#socket.resetAndDestroy();
      else this.#socket.destroy();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends nothing more until the client disconnects. */
  async #stall(): Promise<never> {
    this.#stalled = true;
    this.#setTimeout(0);
    if (this.#ended) this.#socket.destroy();
    else this.#socket.resume();
    if (!this.#closed) await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    throw new ConnectionClosed();
  }

  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#discarded > STALL_BYTES) this.#socket.pause();
  }

  async #sendDisturbed(chunk: Buffer, fault: Fault): Promise<void> {
    const quiet = Math.min(Math.max((fault.afterBytes ?? 0) - this.#sent, 0), chunk.length);
    this.#sent += chunk.length;
    if (quiet > 0 && !this.#socket.write(chunk.subarray(0, quiet))) await this.#drained();
    if (quiet === chunk.length) return;
    if (fault.action !== 'slow') {
      if (quiet > 0) await new Promise((resolve) => setImmediate(resolve)); // delivers the first part on its own
      return this.applyFault(fault);
    }
    for (let at = quiet; at < chunk.length; at++) {
      if (this.#closed) throw new ConnectionClosed();
      this.#socket.write(chunk.subarray(at, at + 1));
      if (this.#slowBytes++ < SLOWEST_BYTES) await new Promise((resolve) => setTimeout(resolve, 1));
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
    if (this.#closed) throw new ConnectionClosed();
  }

  /** Waits for the next event of the socket. @param limited in the middle of a request, where the time-out applies */
  async #arrival(limited: boolean): Promise<void> {
    this.#setTimeout(limited ? this.#networkTimeoutMs : 0);
    if (this.#socket.isPaused()) this.#socket.resume();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #setTimeout(ms: number): void {
    if (ms === this.#timeout) return;
    this.#timeout = ms;
    this.#socket.setTimeout(ms);
  }

  #join(count: number): Buffer {
    const joined = Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#queue[0]!;
      const copied = chunk.copy(joined, filled, 0, count - filled);
      filled += copied;
      if (copied === chunk.length) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(copied);
    }
    return joined;
  }
}
