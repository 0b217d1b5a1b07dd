/** The local ends of transfers, the same for every contender that has none of its own. */
import { Writable } from 'node:stream';

/** Bytes that are read from a local file at a time. */
export const READ_BYTES = 256 * 1024;

/** Servers take 256 unless configured otherwise; above this, contenders that have no pool share connections. */
export const MOST_CONNECTIONS = 200;

/** Takes everything and keeps nothing. */
export function sink(): Writable {
  return new Writable({ highWaterMark: 1024 * 1024, write: (_chunk, _encoding, done) => done() });
}
