/** Sums of pieces give the sum of the whole, however it was cut. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc32 } from '../../../src/core/files/combine-crc.js';

it('of any content, cut anywhere', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(5000), (content, at) => {
      const [first, second] = [content.subarray(0, at), content.subarray(at)];
      expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(content));
    }),
  );
});

it('of many pieces, and beyond 4 GiB', () => {
  const zeros = Buffer.alloc(1024 * 1024);
  const piece = crc32(zeros);
  let looped = 0;
  let doubled = piece;
  for (let count = 0; count < 64; count++) looped = combineCrc32(looped, piece, zeros.length);
  for (let bytes = zeros.length; bytes < 64 * zeros.length; bytes *= 2)
    doubled = combineCrc32(doubled, doubled, bytes);
  expect(looped).toBe(doubled);
  let all = 0;
  for (let count = 0; count < 64; count++) all = crc32(zeros, all);
  expect(looped).toBe(all);
  // 2^33 bytes behind others are 2^32 bytes twice.
  const once = combineCrc32(0x1234_5678, 0, 2 ** 32);
  expect(combineCrc32(0x1234_5678, 0, 2 ** 33)).toBe(combineCrc32(once, 0, 2 ** 32));
});
