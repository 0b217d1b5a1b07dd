import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bytes, collect, sha256 } from '../helpers/bytes.js';
import { onEachServer } from '../helpers/servers.js';

const MIB = 1024 * 1024;

onEachServer('slow readers', (server) => {
  it('stops the socket for a slow reader and gives every byte all the same', async () => {
    const client = server.client();
    const content = bytes(12 * MIB);
    const { fileId } = await client.upload(content);
    const stream = client.createDownloadStream(fileId);
    const slow = new Transform({
      highWaterMark: 16 * 1024,
      transform(chunk, _encoding, callback) {
        setTimeout(callback, 1, null, chunk);
      },
    });
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, stream.readableLength);
    }, 1);
    const received = await collect(stream.pipe(slow));
    clearInterval(watch);
    expect(sha256(received)).toBe(sha256(content));
    expect(most).toBeLessThan(2 * MIB);
    await client.delete(fileId);
  });

  it('many at once, each stopping and going on when it likes, get their own bytes', async () => {
    const client = server.client();
    const contents = Array.from({ length: 24 }, (_, index) => bytes(300_000 + index * 7_919));
    const files = await Promise.all(contents.map((content) => client.upload(content)));
    await Promise.all(
      files.map(async ({ fileId }, index) => {
        const chunks: Buffer[] = [];
        for await (const chunk of client.createDownloadStream(fileId)) {
          chunks.push(chunk as Buffer);
          // Long enough for the others to read, and for its own socket to stop.
          await delay((index * 5 + chunks.length * 3) % 8);
        }
        expect(sha256(Buffer.concat(chunks))).toBe(sha256(contents[index]!));
      }),
    );
    await Promise.all(files.map(({ fileId }) => client.delete(fileId)));
  });
});
