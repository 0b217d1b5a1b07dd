/**
 * Publishes what goes over the wire on channels of `node:diagnostics_channel`: one event when a command or a new connection starts, and
 * one when it has ended or failed. Without subscribers nothing is counted or allocated.
 */
import { channel } from 'node:diagnostics_channel';

/**
 * One command on one connection. The object is the same in `start` and in `end` or `error`, so that it can be the key of
 * a WeakMap.
 */
export interface CommandEvent {
  /** Name of the command in the protocol: `UPLOAD_FILE`, `QUERY_FETCH_ALL`, … */
  readonly command: string;
  /** What the server is. */
  readonly role: 'tracker' | 'storage';
  /** `host:port` of the server. */
  readonly address: string;
  /** The file that the command is about; undefined for a new one. */
  readonly fileId: string | undefined;
  /** Attempts that this call has made before, here or at other servers. 0 without failures. */
  readonly retries: number;
  /** Content bytes handed to the socket. Headers and parameters do not count. Final in `end` and `error`. */
  bytesSent: number;
  /** Content bytes received. */
  bytesReceived: number;
  /** Milliseconds from the request to the end of the reply, waiting for a connection not included. 0 in `start`. */
  durationMs: number;
  /** What the call fails with, or with which it goes on to the next attempt; only in `error`. */
  error: unknown;
}

/** A connection being made. The object is the same in `start` and in `end` or `error`. */
export interface ConnectEvent {
  /** What the server is. */
  readonly role: 'tracker' | 'storage';
  /** `host:port` of the server. */
  readonly address: string;
  /** Milliseconds until the connection stood, or had failed. 0 in `start`. */
  durationMs: number;
  /** Only in `error`. */
  error: unknown;
}

interface Settled {
  durationMs: number;
  error: unknown;
}

class Channels<Event extends Settled> {
  readonly #start;
  readonly #end;
  readonly #error;

  constructor(what: string) {
    this.#start = channel(`fastdfs-streams:${what}:start`);
    this.#end = channel(`fastdfs-streams:${what}:end`);
    this.#error = channel(`fastdfs-streams:${what}:error`);
  }

  get watched(): boolean {
    return this.#start.hasSubscribers || this.#end.hasSubscribers || this.#error.hasSubscribers;
  }

  start(event: Event): void {
    this.#start.publish(event);
  }

  end(event: Event): void {
    this.#end.publish(event);
  }

  fail(event: Event, error: unknown): void {
    event.error = error;
    this.#error.publish(event);
  }
}

const commands = new Channels<CommandEvent>('command');
const connects = new Channels<ConnectEvent>('connect');

export function commandsAreWatched(): boolean {
  return commands.watched;
}

/** A command under way that somebody listens to. */
export class WatchedCommand {
  readonly #event: CommandEvent;
  readonly #startedAt = performance.now();

  constructor(about: Pick<CommandEvent, 'command' | 'role' | 'address' | 'fileId' | 'retries'>) {
    this.#event = { ...about, bytesSent: 0, bytesReceived: 0, durationMs: 0, error: undefined };
    commands.start(this.#event);
  }

  end(bytesSent: number, bytesReceived: number): void {
    commands.end(this.#settled(bytesSent, bytesReceived));
  }

  fail(error: unknown, bytesSent: number, bytesReceived: number): void {
    commands.fail(this.#settled(bytesSent, bytesReceived), error);
  }

  #settled(bytesSent: number, bytesReceived: number): CommandEvent {
    const durationMs = performance.now() - this.#startedAt;
    return Object.assign(this.#event, { bytesSent, bytesReceived, durationMs });
  }
}

/** Publishes the events of a connection that is being made. */
export async function watchConnect<T>(
  role: ConnectEvent['role'],
  address: string,
  connect: () => Promise<T>,
): Promise<T> {
  if (!connects.watched) return await connect();
  const event: ConnectEvent = { role, address, durationMs: 0, error: undefined };
  const startedAt = performance.now();
  connects.start(event);
  try {
    const connection = await connect();
    event.durationMs = performance.now() - startedAt;
    connects.end(event);
    return connection;
  } catch (error) {
    event.durationMs = performance.now() - startedAt;
    connects.fail(event, error);
    throw error;
  }
}
