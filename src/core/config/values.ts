/** How the C library reads texts: which characters are blank, what is a number, what is true. */

/** Only these are trimmed; other white space of Unicode belongs to the text. */
const BLANKS_AROUND = /^[ \t\r\n]+|[ \t\r\n]+$/g;

export function trimBlanks(text: string): string {
  return text.replace(BLANKS_AROUND, '');
}

/** Reads a number as C `atoi`: leading digits count, the rest is ignored, no digits are 0. */
export function atoi(text: string): number {
  const digits = /^[ \t]*([+-]?\d+)/.exec(text)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** Returns true for `true`, `yes`, `on` in any case and for `1`; everything else, `01` included, is false. */
export function isTrue(text: string): boolean {
  return text === '1' || /^(true|yes|on)$/i.test(text);
}

/** Cuts the text to what fits into `limit` bytes, as servers keep it. */
export function cutBytes(text: string, limit: number): string {
  return Buffer.byteLength(text) <= limit ? text : Buffer.from(text).subarray(0, limit).toString('utf8');
}
