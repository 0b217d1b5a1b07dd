/** Many calls at the same moment. */
import { pipeline } from 'node:stream/promises';
import type { FastDFSClient } from '../../src/index.js';
import { bytes, Digest, flood, sha256 } from './bytes.js';

/**
 * `count` small uploads in one go.
 * @returns how far a call was overtaken by later ones at most, and the most connections that were seen
 */
export async function rush(
  client: FastDFSClient,
  count: number,
  connections: () => number,
): Promise<{ overtaken: number; most: number; ids: string[] }> {
  let finished = 0;
  let overtaken = 0;
  let most = 0;
  const uploads = Array.from({ length: count }, async (_, index) => {
    const { fileId } = await client.upload(`number ${index}`);
    overtaken = Math.max(overtaken, finished++ - index);
    if (finished % 100 === 0) most = Math.max(most, connections());
    return fileId;
  });
  const ids = await Promise.all(uploads);
  if (new Set(ids).size !== count) throw new Error('An id was given twice');
  return { overtaken, most, ids };
}

/** `count` streams at once, half of them uploads, half downloads, each of `size` bytes; removes what it made. */
export async function openStreams(
  client: FastDFSClient,
  count: number,
  size: number,
): Promise<{ wrong: number }> {
  const content = bytes(size, 7);
  const expected = sha256(content);
  const { fileId } = await client.upload(content);
  let wrong = 0;
  const made: string[] = [];
  const download = async () => {
    const digest = new Digest();
    await pipeline(client.createDownloadStream(fileId), digest);
    if (digest.sha256 !== expected) wrong++;
  };
  const upload = async () => {
    const stream = client.createUploadStream();
    await pipeline(flood(size), stream);
    made.push(stream.fileId!);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => (index % 2 === 0 ? download() : upload())));
  for (const id of [fileId, ...made]) await client.delete(id);
  return { wrong };
}
