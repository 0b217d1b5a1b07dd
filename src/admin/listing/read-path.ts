/** One store path of one storage, read whole to disk before anything of it is used. */
import { formatAddress } from '../../core/model/address.js';
import { readPathListing } from '../../core/net/path-listing.js';
import { ListedLines } from '../../core/protocol/path-listing.js';
import type { StorageRecord } from '../../core/protocol/records.js';
import { type ClusterAccess, mapStorage } from '../access.js';
import type { LinePartitions } from '../partitions.js';
import type { ListingSource } from './types.js';

export const DEFAULT_SILENCE_MS = 120_000;

/**
 * Adds the ids of a listing to `partitions`, `mark` before each, and behind that of a link the name of its file. A storage waits no longer than a disk takes: one that cannot
 * send for a minute closes the connection, and the caller may need hours.
 */
export async function readPath(
  access: ClusterAccess,
  storage: StorageRecord,
  storePathIndex: number,
  partitions: LinePartitions,
  options: { signal: AbortSignal; silenceTimeoutMs?: number | undefined },
  mark = '',
): Promise<ListingSource> {
  const { signal, silenceTimeoutMs = DEFAULT_SILENCE_MS } = options;
  const { group } = storage;
  const listedAt = new Date();
  const { connectTimeoutMs } = access.engine.options;
  const args = { group, storePathIndex };
  const limits = { connectTimeoutMs, silenceTimeoutMs, signal };
  const prefix = Buffer.from(`${mark}${group}/`);
  let entries = 0;
  let newest = 0;
  for await (const bytes of readPathListing(mapStorage(access, storage), args, limits)) {
    const lines = new ListedLines(bytes);
    while (lines.next()) {
      const full = partitions.addBytes(prefix, bytes, lines.nameStart, lines.end);
      if (full) await full;
      entries++;
      newest = Math.max(newest, lines.loggedAt);
    }
  }
  return {
    group,
    storage: storage.id,
    address: formatAddress(storage),
    storePath: storePathIndex,
    listedAt,
    ...(newest > 0 ? { newestChangeAt: new Date(newest * 1000) } : {}),
    entries,
  };
}
