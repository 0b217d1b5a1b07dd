/**
 * Injected faults: which request or connection fails, when, and how often. This file selects; the connection
 * carries out. Taking a fault uses it up.
 */
import { ArgumentError } from '../../core/base/errors.js';
import { readCommandCode } from './command-codes.js';

/** What happens to a connection or request; see {@link FaultOptions}. */
export type FaultAction = 'reset' | 'stall' | 'close' | 'status' | 'slow' | 'garbage';
/** When it happens; see {@link FaultOptions}. */
export type FaultPhase = 'connect' | 'request' | 'reply';

/** What is to fail, when, how, and how often. */
export interface FaultOptions {
  /** Only this command, by name (`'UPLOAD_FILE'`) or code. Default: any. */
  command?: string | number;
  /** `'tracker'`, `'storage'`, `'tracker/0'` or `'group1/0'`. Default: any server. */
  server?: string;
  /**
   * - `connect`: on accept, before anything is read
   * - `request`: while the request arrives; nothing is executed
   * - `reply`: the request is executed, its reply is disturbed
   *
   * Default: `request`; for the action `slow` always `reply`.
   */
  phase?: FaultPhase;
  /**
   * In phase `request`: fire after this many bytes of the request's body; a shorter request passes. Default:
   * once the request is there, or the first 256 KiB of it.
   * In phase `reply`: after this many bytes of the reply, header included. Default: 0.
   */
  afterBytes?: number;
  /**
   * - `reset`: RST · `close`: FIN · `stall`: the connection stays open and silent
   * - `status`: answers `status` · `garbage`: answers with bytes of another protocol and closes
   * - `slow`: sends the reply byte by byte, the first 256 of them a millisecond apart
   */
  action: FaultAction;
  /** Status byte of the action `status`, 1 to 255. Required there. */
  status?: number;
  /** How often it fires; `Infinity` is allowed. Default: 1. */
  times?: number;
}

export interface Fault {
  readonly phase: FaultPhase;
  readonly action: FaultAction;
  readonly afterBytes: number | undefined;
  readonly status: number;
}

/** Name and role of a server. */
export interface ServerId {
  readonly role: 'tracker' | 'storage';
  /** `tracker/0`, `group1/0` */
  readonly name: string;
}

/** What a client reads when it takes an HTTP port for a FastDFS port. */
export const GARBAGE: Buffer = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request',
);

interface Entry extends Fault {
  readonly code: number | undefined;
  readonly server: string | undefined;
  left: number;
}

export class Faults {
  #entries: Entry[] = [];

  /** Adds a fault. @throws ArgumentError naming the option that is not valid */
  add(options: FaultOptions): void {
    const { action, server, times = 1, status = 0, afterBytes } = options;
    const phase = action === 'slow' ? 'reply' : (options.phase ?? 'request');
    const code = options.command === undefined ? undefined : readCommandCode(options.command);
    if (options.command !== undefined && code === undefined) {
      throw new ArgumentError(`inject: command ${JSON.stringify(options.command)} is unknown`);
    }
    if (!['reset', 'stall', 'close', 'status', 'slow', 'garbage'].includes(action)) {
      throw new ArgumentError(`inject: action ${JSON.stringify(action)} is unknown`);
    }
    if (action === 'status' && !(Number.isInteger(status) && status > 0 && status < 256)) {
      throw new ArgumentError('inject: action status needs a status from 1 to 255');
    }
    if (phase === 'connect' && (action === 'status' || code !== undefined)) {
      throw new ArgumentError('inject: phase connect comes before any command and cannot answer a status');
    }
    if (!(times > 0)) throw new ArgumentError('inject: times must be at least 1');
    if (afterBytes !== undefined && !(Number.isInteger(afterBytes) && afterBytes >= 0)) {
      throw new ArgumentError('inject: afterBytes must be a whole number of bytes');
    }
    this.#entries.push({ action, phase, afterBytes, status, code, server, left: times });
  }

  clear(): void {
    this.#entries = [];
  }

  /**
   * Returns the first matching fault and uses it up; undefined when none matches.
   * @param length bytes of the request's body or of the whole reply: a fault that waits for more does not match
   */
  take(server: ServerId, phase: FaultPhase, code?: number, length = 0): Fault | undefined {
    if (this.#entries.length === 0) return undefined;
    const found = this.#entries.find(
      (entry) =>
        entry.phase === phase &&
        (entry.code === undefined || entry.code === code) &&
        (entry.server === undefined || entry.server === server.role || entry.server === server.name) &&
        (entry.afterBytes ?? 0) <= length,
    );
    if (found) {
      found.left -= 1;
      if (found.left <= 0) this.#entries.splice(this.#entries.indexOf(found), 1);
    }
    return found;
  }
}
