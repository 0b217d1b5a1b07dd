/** Work that must leave nothing behind: many small operations, and streams that are given up half-way. */
import { once } from 'node:events';
import type { FastDFSClient } from '../../src/index.js';
import { bytes, flood } from './bytes.js';

const LANES = 16;

/** `count` operations: an upload, a download, a look and a delete of small files, over and over. */
export async function smallOperations(client: FastDFSClient, count: number): Promise<void> {
  const content = bytes(1000);
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 4;
      const { fileId } = await client.upload(content);
      if (!(await client.download(fileId)).equals(content)) throw new Error(`${fileId} is another file`);
      await client.exists(fileId);
      await client.delete(fileId);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** `count` streams, uploads and downloads in turn, each aborted or destroyed before it is done. */
export async function abortedStreams(client: FastDFSClient, count: number): Promise<void> {
  const { fileId } = await client.upload(bytes(2_000_000));
  let next = 0;
  const lane = async () => {
    for (let number = next++; number < count; number = next++) {
      const controller = new AbortController();
      const { signal } = controller;
      if (number % 2 === 0) {
        const stream = client.createDownloadStream(fileId, { signal });
        stream.on('error', () => undefined);
        const closed = new Promise((resolve) => stream.once('close', resolve));
        if (number % 4 === 0) await once(stream, 'readable').catch(() => undefined);
        if (number % 8 === 0) controller.abort();
        else stream.destroy();
        await closed;
      } else {
        const known = number % 4 === 1 ? { size: 3_000_000 } : { blockBytes: 100_000 };
        const uploading = client.upload(flood(3_000_000), { ...known, signal });
        setTimeout(() => controller.abort(), number % 7);
        await uploading.then(
          (done) => client.delete(done.fileId),
          () => undefined,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await client.delete(fileId);
}
