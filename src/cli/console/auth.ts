/** Who may use the console: HTTP basic authentication, compared in constant time and slowed down after failures. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** So many wrong passwords from one address, then a pause. */
const MAX_FAILURES = 5;
const PAUSE_MS = 30_000;
/** Addresses remembered at a time. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  count: number;
  /** `performance.now()` from which the address may try again. */
  retryAt: number;
}

export type Access = 'allowed' | 'denied' | 'throttled';

export class Authentication {
  readonly #expected: Buffer | undefined;
  readonly #failures = new Map<string, Failures>();

  /** @param credentials `user:password`; undefined where everybody who can connect is allowed */
  constructor(credentials: string | undefined) {
    this.#expected = credentials === undefined ? undefined : digest(credentials);
  }

  check({ headers, socket }: IncomingMessage): Access {
    if (!this.#expected) return 'allowed';
    const address = socket.remoteAddress ?? '';
    const failures = this.#failures.get(address);
    if (failures && failures.count >= MAX_FAILURES && failures.retryAt > performance.now())
      return 'throttled';
    const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
    // A browser asks for the password only after a first request without one.
    if (encoded === undefined) return 'denied';
    if (timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString()), this.#expected)) {
      this.#failures.delete(address);
      return 'allowed';
    }
    if (this.#failures.size >= MAX_ADDRESSES) this.#failures.clear();
    this.#failures.set(address, {
      count: (failures?.count ?? 0) + 1,
      retryAt: performance.now() + PAUSE_MS,
    });
    return 'denied';
  }
}

/** Of equal length for all inputs, as `timingSafeEqual` needs it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
