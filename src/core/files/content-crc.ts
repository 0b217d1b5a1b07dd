/**
 * The CRC-32 of content, as storages write it into file ids, and the check of content against it. It may be the one of FastDFS
 * before 5.12, which is computed along only where it is to be expected; where it turns out later that it decides, the file is
 * read once more.
 */
import { crc32 } from 'node:zlib';
import type { Engine } from '../cluster/engine.js';
import type { Address } from '../model/address.js';
import type { FileIdParts, SplitFileId } from '../model/file-id.js';
import { legacyCrc32 } from '../model/legacy-crc32.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { type ContentSink, ReceiveExchange } from '../net/receive-exchange.js';
import { downloadFile } from '../protocol/storage-commands.js';

/** Before this only versions with the old sum existed: 2018-06-01, in Unix seconds. */
const NEW_SUM_SINCE = 1_527_811_200;

/** Returns whether a file of this creation second can only have the old sum. */
export function predatesNewCrc(createdSeconds: number): boolean {
  return createdSeconds < NEW_SUM_SINCE;
}

export function formatCrc32(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

/** Sums up content as it passes. */
export class ContentCrc {
  /** CRC-32 as everywhere, unsigned. */
  value = 0;
  /** The old sum, unsigned; undefined where it is not computed. */
  legacy: number | undefined;

  /** @param withLegacy computes the old sum, too; it takes several times as long */
  constructor(withLegacy: boolean) {
    this.legacy = withLegacy ? 0 : undefined;
  }

  add(chunk: Uint8Array): void {
    this.value = crc32(chunk, this.value);
    if (this.legacy !== undefined) this.legacy = legacyCrc32(chunk, this.legacy);
  }

  /** Returns whether a storage that has this content may have written `stored` into its id. */
  matches(stored: number): boolean {
    return stored === this.value || stored === this.legacy;
  }
}

/** The sums of content in hand; `legacy` where it was computed along. */
export type ContentSums = Pick<ContentCrc, 'value' | 'legacy'>;

/** Starts the sum of content that is on its way. */
export function startCrc(engine: Engine, createdSeconds = Number.POSITIVE_INFINITY): ContentCrc {
  return new ContentCrc(engine.hasLegacyCrc || predatesNewCrc(createdSeconds));
}

/**
 * Checks whether the file that `stored` names has the content that was summed up.
 * @param storage the one that took an upload: no other may have the file yet
 */
export function matchesContent(
  engine: Engine,
  sums: ContentSums,
  stored: FileIdParts,
  options: ExchangeOptions,
  storage?: Address,
): true | Promise<boolean> {
  return stored.crc32 === sums.value || matchesByOldSum(engine, sums, stored, options, storage);
}

async function matchesByOldSum(
  engine: Engine,
  sums: ContentSums,
  stored: FileIdParts,
  options: ExchangeOptions,
  storage: Address | undefined,
): Promise<boolean> {
  if (sums.legacy === undefined) {
    const again = await sumContent(engine, stored, options, { legacy: true, storage });
    // Other bytes than the caller's prove nothing.
    if (again.value !== sums.value || !again.matches(stored.crc32)) return false;
  } else if (stored.crc32 !== sums.legacy) {
    return false;
  }
  engine.hasLegacyCrc = true;
  return true;
}

/** Reads the whole file for its sum, or for both of its sums. */
export async function sumContent(
  engine: Engine,
  { group, remoteFilename, size }: SplitFileId & { readonly size: number },
  options: ExchangeOptions,
  { legacy, storage }: { readonly legacy: boolean; readonly storage?: Address | undefined },
): Promise<ContentCrc> {
  if (size === 0) return new ContentCrc(legacy);
  const receive = async (address: Address, retries = 0) => {
    const crc = new ContentCrc(legacy);
    const { pool, connection } = await engine.checkout(address, options.signal);
    const args = { group, remoteFilename, offset: 0, bytes: size };
    const call = { ...options, retries };
    await new ReceiveExchange(pool, connection, downloadFile, args, createSink(crc), call).done;
    return crc;
  };
  if (storage) return await receive(storage);
  return await engine.read({ group, remoteFilename }, options, receive);
}

function createSink(crc: ContentCrc): ContentSink {
  return {
    retainsChunks: false,
    resumable: false,
    allocate: () => undefined,
    onLength: () => undefined,
    onContent: (slice) => {
      crc.add(slice);
      return true;
    },
  };
}
