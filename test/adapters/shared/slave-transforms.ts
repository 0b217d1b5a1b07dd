/** What the tests of slaves make theirs of. */
import { PassThrough, Transform } from 'node:stream';
import sharp from 'sharp';

export const copy = () => new PassThrough();

/** Passes content on, each piece after so many milliseconds. */
export const slow = (ms: number) =>
  new Transform({ transform: (chunk, _, done) => setTimeout(done, ms, null, chunk) });

/** Passes content on until so much has come, and then fails. */
export const failAfter = (size: number) => () => {
  let left = size;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      left -= chunk.length;
      callback(left < 0 ? new Error('bad picture') : null, chunk);
    },
  });
};

/** Makes a PNG of 640 × 480. */
export function makePicture(): Promise<Buffer> {
  return sharp({ create: { width: 640, height: 480, channels: 3, background: '#268' } })
    .png()
    .toBuffer();
}
