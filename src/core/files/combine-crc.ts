/** The CRC-32 of two pieces of content that follow one another, from the sums of both: polynomials over GF(2), lowest bit last. */

/** The polynomial of CRC-32, without its highest term. */
const POLYNOMIAL = 0xedb8_8320;
const ONE = 0x8000_0000;
const BITS = 32;
/** x^8: a byte of zeros behind content multiplies its sum by this. */
const ZERO_BYTE = 0x0080_0000;

/** @param secondBytes length of the second piece */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let shift = ONE;
  let power = ZERO_BYTE;
  for (let left = secondBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(shift, power);
    power = multiply(power, power);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}

/** The product modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 1; bit <= BITS; bit++) {
    if ((a >>> (BITS - bit)) & 1) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}
