import type { FastDFSClient } from '../../src/index.js';

/** Returns how many connections of a client calls have or wait for. */
export function countInUse(client: FastDFSClient): number {
  return Object.values(client.stats()).reduce((sum, { leased, waiting }) => sum + leased + waiting, 0);
}
