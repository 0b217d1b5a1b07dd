/** A bare socket that speaks frames and hides nothing: what a test says is what goes out. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawReply {
  readonly status: number;
  readonly body: Buffer;
}

/** `silence`: nothing came for a while · `closed`: the server ended the connection, by FIN or reset */
export type Outcome = RawReply | 'silence' | 'closed';

const HEADER_BYTES = 10;
const SILENCE_MS = 250;

export function int64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function padded(text: string | Buffer, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  Buffer.from(text).copy(bytes);
  return bytes;
}

export const group16 = (name: string): Buffer => padded(name, 16);

export function frame(
  code: number,
  body: Buffer = Buffer.alloc(0),
  status = 0,
  length: number | bigint = body.length,
): Buffer {
  return Buffer.concat([int64(length), Buffer.of(code, status), body]);
}

export class Raw {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  static async connect(address: string): Promise<Raw> {
    const colon = address.lastIndexOf(':');
    const socket = connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
    });
    const raw = new Raw(socket);
    await once(socket, 'connect');
    return raw;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake?.();
    });
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  /** What has arrived and was not taken as a reply. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  get socket(): Socket {
    return this.#socket;
  }

  write(...pieces: Buffer[]): void {
    for (const piece of pieces) this.#socket.write(piece);
  }

  /** Sends FIN; replies still arrive. */
  end(): void {
    this.#socket.end();
  }

  async reply(silenceMs = SILENCE_MS): Promise<Outcome> {
    const header = await this.#until(HEADER_BYTES, silenceMs);
    if (header !== true) return header;
    const length = Number(this.received.readBigInt64BE(0));
    const status = this.received[9]!;
    const whole = await this.#until(HEADER_BYTES + length, 5_000);
    if (whole !== true) return whole;
    const body = this.received.subarray(HEADER_BYTES, HEADER_BYTES + length);
    this.#chunks = [this.received.subarray(HEADER_BYTES + length)];
    this.#length -= HEADER_BYTES + length;
    return { status, body };
  }

  async request(code: number, body?: Buffer, status = 0): Promise<Outcome> {
    this.write(frame(code, body, status));
    return this.reply(5_000);
  }

  /** The body of a reply that must be there and fine. */
  async ok(code: number, body?: Buffer, status = 0): Promise<Buffer> {
    const reply = await this.request(code, body, status);
    if (typeof reply === 'string' || reply.status !== 0)
      throw new Error(`Command ${code} answered ${JSON.stringify(reply)}`);
    return reply.body;
  }

  /** What an active test says about the connection. */
  async after(): Promise<'open' | 'closed' | 'silence'> {
    // A server that closes does so right after its reply: let the news arrive.
    if (!this.#ended) await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.#ended) return 'closed';
    this.write(frame(111));
    const reply = await this.reply(2_000);
    if (typeof reply === 'string') return reply;
    return reply.status === 0 && reply.body.length === 0 ? 'open' : 'silence';
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Resolves once the connection has ended. */
  async closed(): Promise<void> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #until(bytes: number, silenceMs: number): Promise<true | 'silence' | 'closed'> {
    const deadline = Date.now() + silenceMs;
    while (this.#length < bytes) {
      if (this.#ended) return 'closed';
      const left = deadline - Date.now();
      if (left <= 0) return 'silence';
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return true;
  }
}

/** One request on a connection of its own: `status/bytes/open|closed`, `silence` or `closed`. */
export async function exchange(address: string, code: number, body?: Buffer, status = 0): Promise<string> {
  const raw = await Raw.connect(address);
  try {
    const reply = await raw.request(code, body, status);
    return typeof reply === 'string' ? reply : `${reply.status}/${reply.body.length}/${await raw.after()}`;
  } finally {
    raw.close();
  }
}

/** One request on a connection of its own that must succeed. Returns the body of the reply. */
export async function exchangeOk(address: string, code: number, body?: Buffer): Promise<Buffer> {
  const raw = await Raw.connect(address);
  try {
    return await raw.ok(code, body);
  } finally {
    raw.close();
  }
}
