/** Back-pressure of downloads, and connections that slow readers make room on. */
import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/admin/concurrent.js';
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

  describe.each([
    ['an ordinary file', false],
    ['an appender file', true],
  ])('readers of %s that pause', (_, appender) => {
    const content = bytes(8 * MIB);

    it('make room as soon as another call waits for their connection, and continue later', async () => {
      const client = server.client({ pool: { maxPerServer: 1 }, group: 'group2' });
      const { fileId } = await client.upload(content, { appender });
      const iterator = client.createDownloadStream(fileId)[Symbol.asyncIterator]();
      const read: Buffer[] = [(await iterator.next()).value];
      const started = performance.now();
      expect((await client.download(fileId, { end: 9 })).equals(content.subarray(0, 10))).toBe(true);
      expect(performance.now() - started).toBeLessThan(5000);
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) read.push(next.value);
      expect(sha256(Buffer.concat(read))).toBe(sha256(content));
      await client.delete(fileId);
    });

    it('sixteen of them at 20 kB/s do not hold up other calls', async () => {
      const client = server.client({ pool: { maxPerServer: 16 }, group: 'group2' });
      const { fileId } = await client.upload(content, { appender });
      const stop = new AbortController();
      const readers = Array.from({ length: 16 }, async () => {
        for await (const chunk of client.createDownloadStream(fileId, { signal: stop.signal })) {
          await sleep((chunk as Buffer).length / 20, stop.signal);
        }
      });
      const ended = Promise.allSettled(readers);
      await delay(300);
      for (let round = 0; round < 5; round++) {
        const started = performance.now();
        expect(await client.exists(fileId)).toBe(true);
        expect(performance.now() - started).toBeLessThan(3000);
      }
      stop.abort(new Error('enough'));
      for (const { status } of await ended) expect(status).toBe('rejected');
      await client.delete(fileId);
    });
  });

  it('of an appender file that changes while they pause fail instead of mixing two versions', async () => {
    const client = server.client({ pool: { maxPerServer: 1 }, group: 'group2' });
    const { fileId } = await client.upload(bytes(8 * MIB), { appender: true });
    const iterator = client.createDownloadStream(fileId)[Symbol.asyncIterator]();
    await iterator.next();
    await client.append(fileId, 'more');
    const reading = (async () => {
      while (!(await iterator.next()).done);
    })();
    await expect(reading).rejects.toMatchObject({
      name: 'TimeoutError',
      code: 'FASTDFS_READER_IDLE',
      phase: 'idle',
      retryable: false,
    });
    await client.delete(fileId);
  });
});
