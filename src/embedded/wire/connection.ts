/**
 * One accepted socket: requests in, replies out, with back-pressure both ways. It knows frames and the moment at
 * which a server looks at its socket again; it knows no command. Everything that can go wrong with the client is
 * one thing here: {@link Gone}.
 */
import type { Socket } from 'node:net';
import { HEADER_BYTES, RESPONSE_COMMAND } from '../../core/protocol/constants.js';
import { writeHeader } from '../../core/protocol/header.js';
import { type Fault, GARBAGE } from './faults.js';

/** Bytes of a request, header included, that a storage wants to see before it acts; its buffer is this large. */
export const FIRST_BLOCK = 256 * 1024;
/** A slow reply waits a millisecond after each of its first bytes; a long one has to end some time. */
const SLOWEST_BYTES = 256;
/** A stalled server swallows this much before the client's writes get stuck; so it still sees most clients leave. */
const STALL_BYTES = 8 * 1024 * 1024;
/** More than this is left in the socket while nobody asks for it. */
const HIGH_WATER = FIRST_BLOCK;

/** The client left, or the connection was given up on purpose. Nothing more can be said to it. */
export class Gone extends Error {
  constructor() {
    super('The connection is gone');
    this.name = 'Gone';
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
  #gone = false;
  #stalled = false;
  #swallowed = 0;
  #timeout = 0;
  #wake: (() => void) | undefined;
  #replyFault: Fault | undefined;
  #sent = 0;
  #slowBytes = 0;

  /** @param pipelining false: as storages do, bytes that came before the last answer wait for newer ones */
  constructor(socket: Socket, options: { pipelining: boolean; networkTimeoutMs: number }) {
    this.#socket = socket;
    this.#pipelining = options.pipelining;
    this.#networkTimeoutMs = options.networkTimeoutMs;
    socket.on('data', (chunk) => {
      if (this.#stalled) return this.#swallow(chunk.length);
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
      this.#gone = true;
      this.#notify();
    });
    socket.on('error', () => {}); // 'close' follows and is what counts
    socket.on('timeout', () => socket.destroy());
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Half-closed by the client: what has been asked is still answered. */
  get ended(): boolean {
    return this.#ended;
  }

  get remoteAddress(): string {
    const address = this.#socket.remoteAddress ?? '';
    return address.startsWith('::ffff:') ? address.slice(7) : address;
  }

  /** The next request; undefined when the client has left between two. */
  async nextHeader(): Promise<RequestHeader | undefined> {
    const idle = this.#answeredAt >= 0;
    if (!this.#pipelining) {
      while (idle && this.#arrivals === this.#answeredAt && !this.#ended && !this.#gone)
        await this.#arrival(false);
    }
    while (this.#buffered === 0) {
      if (this.#gone || this.#ended) return undefined;
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

  /** Exactly `count` bytes, at most {@link FIRST_BLOCK}. */
  async take(count: number): Promise<Buffer> {
    while (this.#buffered < count) {
      if (this.#gone || this.#ended) throw new Gone();
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

  /** Whatever is there, at least one byte and at most `max`, uncopied. */
  async takeSome(max: number): Promise<Buffer[]> {
    while (this.#buffered === 0) {
      if (this.#gone || this.#ended) throw new Gone();
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
    if (this.#gone) throw new Gone();
    if (last) this.#answeredAt = this.#arrivals;
    if (this.#replyFault !== undefined) return this.#sendDisturbed(chunk, this.#replyFault);
    if (!this.#socket.write(chunk)) await this.#drained();
  }

  /** Carries a fault out; only `slow` and `status`, which are no end, come back from it. */
  async suffer(fault: Fault): Promise<void> {
    switch (fault.action) {
      case 'reset':
        this.#socket.resetAndDestroy();
        throw new Gone();
      case 'close':
        this.finish();
        throw new Gone();
      case 'garbage':
        this.#socket.write(GARBAGE);
        this.finish();
        throw new Gone();
      case 'stall':
        return this.#stall();
      default:
    }
  }

  /** Closes after what has been sent. Bytes of the client that nobody read turn the close into a reset. */
  finish(): void {
    if (this.#gone) return;
    const unread = this.#buffered > 0;
    this.#socket.end(() => {
      if (unread) this.#socket.resetAndDestroy();
      else this.#socket.destroy();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Says nothing more until the client leaves. */
  async #stall(): Promise<never> {
    this.#stalled = true;
    this.#setTimeout(0);
    if (this.#ended) this.#socket.destroy();
    else this.#socket.resume();
    if (!this.#gone) await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    throw new Gone();
  }

  #swallow(bytes: number): void {
    this.#swallowed += bytes;
    if (this.#swallowed > STALL_BYTES) this.#socket.pause();
  }

  async #sendDisturbed(chunk: Buffer, fault: Fault): Promise<void> {
    const quiet = Math.min(Math.max((fault.afterBytes ?? 0) - this.#sent, 0), chunk.length);
    this.#sent += chunk.length;
    if (quiet > 0 && !this.#socket.write(chunk.subarray(0, quiet))) await this.#drained();
    if (quiet === chunk.length) return;
    if (fault.action !== 'slow') {
      if (quiet > 0) await new Promise((resolve) => setImmediate(resolve)); // lets the client see the first part
      return this.suffer(fault);
    }
    for (let at = quiet; at < chunk.length; at++) {
      if (this.#gone) throw new Gone();
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
    if (this.#gone) throw new Gone();
  }

  /** Waits for the next event of the socket; a client that is in the middle of something may not take for ever. */
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
