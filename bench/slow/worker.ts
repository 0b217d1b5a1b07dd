/** Downloads a file to a local one by way of the proxy. Answers with the seconds that it took. */
import { rmSync } from 'node:fs';
import { createClient } from 'fastdfs-streams';
import { serve } from '../own-process.js';

export interface SlowDownload {
  trackers: string[];
  /** Port of the proxy that is taken for every storage. */
  port: number;
  fileId: string;
  target: string;
  parallel: number;
}

serve<SlowDownload, number>(async ({ trackers, port, fileId, target, parallel }) => {
  const client = createClient({
    trackers,
    mapAddress: ({ role, ...address }) => (role === 'storage' ? { host: '127.0.0.1', port } : address),
  });
  try {
    const started = performance.now();
    await client.downloadFile(fileId, target, { parallel });
    return (performance.now() - started) / 1000;
  } finally {
    await client.close();
    rmSync(target, { force: true });
  }
});
