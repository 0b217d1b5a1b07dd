/**
 * The CRC-32 of content, as storages write it into file ids. Before FastDFS 5.12 (June 2018) they computed another one, and
 * files keep it when a storage is upgraded. PROTOCOL: CRC-32 before FastDFS 5.12.
 */
import { crc32 } from 'node:zlib';

const POLYNOMIAL = 0xedb8_8320 | 0;

/** Before this only versions with the old sum existed: 2018-06-01, in Unix seconds. */
const NEW_SUM_SINCE = 1_527_811_200;

let table: Int32Array | undefined;

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    return value;
  });
}

/**
 * Computes the CRC-32 of FastDFS before 5.12, whose register was signed and shifted arithmetically.
 * @param value of the content before this chunk
 * @returns unsigned
 */
export function legacyCrc32(chunk: Uint8Array, value = 0): number {
  table ??= makeTable();
  let register = ~value;
  for (let index = 0; index < chunk.length; index++) {
    register = table[(register ^ chunk[index]!) & 0xff]! ^ (register >> 8);
  }
  return ~register >>> 0;
}

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
