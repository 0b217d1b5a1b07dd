/**
 * The CRC-32 of FastDFS before 5.12 (June 2018). Files keep it when a storage is upgraded. PROTOCOL: CRC-32 before FastDFS
 * 5.12.
 */

const POLYNOMIAL = 0xedb8_8320 | 0;

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
