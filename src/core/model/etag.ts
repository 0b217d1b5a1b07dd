/** Entity tags of files whose content is known by its size and checksum. */

/** Returns a strong entity tag, quoted: size and CRC-32 in hexadecimal, `"<size>-<crc32>"`. */
export function formatEtag(size: number, crc32: number): string {
  return `"${size.toString(16)}-${crc32.toString(16).padStart(8, '0')}"`;
}
