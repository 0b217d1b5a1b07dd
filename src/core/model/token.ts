/**
 * The token that web servers in front of storages ask for (`?token=…&ts=…`): the MD5 of remote filename, secret
 * and time. It covers the name without its group. PROTOCOL: anti-steal token.
 */
import { ArgumentError } from '../base/errors.js';
import { describeValue } from '../base/validate.js';
import { DEFAULT_TOKEN_TTL_SECONDS, MAX_TIMESTAMP } from './limits.js';

const TOKEN_CHARS = 32;
/** The checkers put name, secret and time into one buffer of this many bytes, 12 of them for the time. */
const CHECKER_BUFFER_BYTES = 320;
const CHECKER_TIME_BYTES = 12;

/** Loads `node:crypto` with the first token, as it would be a tenth of what the import of this package costs. */
const getCrypto = () => process.getBuiltinModule('node:crypto');

/** A store path (`M00/…`) behind a first part: that part is a group. */
const WITH_GROUP = /^[^/]*\/(?=M[0-9A-Fa-f]{2}\/)/;

/**
 * The token for one file at one time.
 * @param name file id, or remote filename; of a file id only the part behind the group counts
 * @param secret `http.anti_steal.secret_key` of the web servers
 * @param timestampSeconds unix time in whole seconds, which goes into the url as `ts`; 0 never expires
 * @returns 32 lower-case hex digits
 * @throws ArgumentError for a time that is not an integer of 32 bits, and for a name and secret too long for the checkers
 */
export function createToken(name: string, secret: string, timestampSeconds: number): string {
  if (typeof name !== 'string' || typeof secret !== 'string') {
    throw new ArgumentError('A token needs a file name and a secret, both strings');
  }
  if (!isTimestamp(timestampSeconds)) {
    throw new ArgumentError(
      `The time of a token must be whole seconds in 32 bits, not ${describeValue(timestampSeconds)}`,
    );
  }
  const remoteFilename = name.replace(WITH_GROUP, '');
  if (!fitsChecker(remoteFilename, secret)) {
    throw new ArgumentError(
      `File name and secret must have at most ${CHECKER_BUFFER_BYTES - CHECKER_TIME_BYTES} bytes together to make a token`,
    );
  }
  return getCrypto().createHash('md5').update(`${remoteFilename}${secret}${timestampSeconds}`).digest('hex');
}

function fitsChecker(remoteFilename: string, secret: string): boolean {
  return (
    Buffer.byteLength(remoteFilename) + Buffer.byteLength(secret) + CHECKER_TIME_BYTES <= CHECKER_BUFFER_BYTES
  );
}

/** A token as it came with a request, and what to judge it by. */
export type VerifyTokenInput = (
  | {
      /** The file, by its id. */
      fileId: string;
      /** Not beside `fileId`. */
      remoteFilename?: undefined;
    }
  | {
      /** The file, by its name within its group. */
      remoteFilename: string;
      /** Not beside `remoteFilename`. */
      fileId?: undefined;
    }
) & {
  /** As received. Anything but a string of 32 bytes is `malformed`. */
  token: unknown;
  /** As received: unix seconds in 32 bits, a number or decimal digits. 0 never expires. Anything else is `malformed`. */
  ts: unknown;
  /** `http.anti_steal.secret_key`; an empty one is refused. */
  secret: string;
  /** The time to judge by. Default: now. */
  now?: Date | undefined;
  /** How long a token is accepted after its `ts`, in seconds; an age equal to it still passes. Default 600. */
  ttlSeconds?: number | undefined;
  /**
   * How far the clocks of maker and checker may differ, in milliseconds: a token may be older than `ttlSeconds`
   * by this much, and one from further in the future is refused. Default: as the C checker does it, that is no
   * grace in age and any time in the future.
   */
  clockSkewMs?: number | undefined;
};

/**
 * What `verifyToken()` finds. `malformed`: no token or time at all; `mismatch`: of another file, secret or
 * time; `expired` and `not-yet-valid`: older than it may be, or from the future.
 */
export type TokenVerdict =
  | {
      /** The token is good. */
      ok: true;
    }
  | {
      /** The token is not good. */
      ok: false;
      /** Why. */
      reason: 'malformed' | 'expired' | 'mismatch' | 'not-yet-valid';
    };

/**
 * Judges a token. What a request can get wrong is a verdict, never an error; comparing takes the same time
 * whatever differs. Upper-case hex is a mismatch, as for the web servers.
 * @throws ArgumentError for an empty secret, or limits that are no non-negative numbers
 */
export function verifyToken(input: VerifyTokenInput): TokenVerdict {
  const { token, secret, clockSkewMs, ttlSeconds = DEFAULT_TOKEN_TTL_SECONDS, now = new Date() } = input;
  if (typeof secret !== 'string' || secret === '') {
    throw new ArgumentError('Checking a token needs a secret: with an empty one anybody could make tokens');
  }
  checkLimit('ttlSeconds', ttlSeconds);
  if (clockSkewMs !== undefined) checkLimit('clockSkewMs', clockSkewMs);
  const nowMs = now instanceof Date ? now.getTime() : Number.NaN;
  if (Number.isNaN(nowMs)) throw new ArgumentError('`now` must be a valid Date');

  const ts = parseTimestamp(input.ts);
  if (ts === undefined || typeof token !== 'string' || Buffer.byteLength(token) !== TOKEN_CHARS) {
    return { ok: false, reason: 'malformed' };
  }
  const given: unknown = input.fileId ?? input.remoteFilename;
  const name = typeof given === 'string' ? given.replace(WITH_GROUP, '') : undefined;
  if (name === undefined || !fitsChecker(name, secret)) return { ok: false, reason: 'malformed' };

  if (ts !== 0) {
    const ageSeconds = Math.floor(nowMs / 1000) - ts;
    const skewSeconds = (clockSkewMs ?? 0) / 1000;
    if (ageSeconds > ttlSeconds + skewSeconds) return { ok: false, reason: 'expired' };
    if (clockSkewMs !== undefined && -ageSeconds > skewSeconds) return { ok: false, reason: 'not-yet-valid' };
  }
  const expected = createToken(name, secret, ts);
  return getCrypto().timingSafeEqual(Buffer.from(token), Buffer.from(expected))
    ? { ok: true }
    : { ok: false, reason: 'mismatch' };
}

function parseTimestamp(ts: unknown): number | undefined {
  const seconds = typeof ts === 'string' && /^-?\d{1,16}$/.test(ts) ? Number(ts) : ts;
  return isTimestamp(seconds) ? seconds : undefined;
}

function isTimestamp(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_TIMESTAMP;
}

function checkLimit(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new ArgumentError(`\`${name}\` must be a number of 0 or more, not ${String(value)}`);
  }
}
