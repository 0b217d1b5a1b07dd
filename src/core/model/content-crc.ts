/** The CRC-32 of content, as storages write it into file ids. */
import { crc32 } from 'node:zlib';
import { legacyCrc32 } from './legacy-crc32.js';

/** Before this only versions with the old sum existed: 2018-06-01, in Unix seconds. */
const NEW_SUM_SINCE = 1_527_811_200;

/** Returns whether a file of this creation second can only have the old sum. */
export function predatesNewCrc(createdSeconds: number): boolean {
  return createdSeconds < NEW_SUM_SINCE;
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
