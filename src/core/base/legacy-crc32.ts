/**
 * The CRC-32 of FastDFS before 5.12, which shifted a signed register: ids made by those versions carry it for ever.
 * PROTOCOL: CRC-32 before FastDFS 5.12.
 */

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

/** Start value of a sum that is continued by {@link updateLegacyCrc32}. */
export const LEGACY_CRC32_START = -1;

/** Adds bytes to a sum. */
export function updateLegacyCrc32(state: number, bytes: Uint8Array): number {
  let crc = state;
  for (let at = 0; at < bytes.length; at++) crc = TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >> 8);
  return crc;
}

/** Returns the finished sum, unsigned. */
export function finishLegacyCrc32(state: number): number {
  return ~state >>> 0;
}
