/** Many streams of one client, all held open half-way at the same time. */
import { once } from 'node:events';
import { createClient } from 'fastdfs-streams';
import { peakRss, serve } from '../own-process.js';

export interface Held {
  kind: 'upload' | 'download';
  trackers: string[];
  count: number;
  /** To download. */
  fileId: string;
  /** Of each file; half of it is moved. */
  bytes: number;
}

export interface HeldMemory {
  /** Before the first stream, in bytes. */
  before: number;
  peak: number;
}

const OPENING_AT_ONCE = 64;
const CHUNK_BYTES = 64 * 1024;

serve<Held, HeldMemory>(async ({ kind, trackers, count, fileId, bytes }) => {
  const client = createClient({ trackers, pool: { maxPerServer: count, acquireTimeoutMs: 60_000 } });
  await client.download(fileId);
  const before = process.memoryUsage.rss();
  const open = {
    upload: async () => {
      const upload = client.createUploadStream({ size: bytes });
      for (let sent = 0; sent < bytes / 2; sent += CHUNK_BYTES) {
        if (!upload.write(Buffer.alloc(CHUNK_BYTES, sent))) await once(upload, 'drain');
      }
      return upload;
    },
    download: async () => {
      const download = client.createDownloadStream(fileId);
      for (let received = 0; received < bytes / 2; ) {
        const chunk = download.read() as Buffer | null;
        if (chunk) received += chunk.length;
        else await once(download, 'readable');
      }
      return download;
    },
  }[kind];
  const streams: { destroy(): void; readonly destroyed: boolean }[] = [];
  let next = 0;
  const lane = async () => {
    while (next++ < count) streams.push(await open());
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, lane));
  if (streams.some(({ destroyed }) => destroyed)) throw new Error('a stream did not stay open');
  const peak = peakRss();
  for (const stream of streams) stream.destroy();
  await client.close();
  return { before, peak };
});
