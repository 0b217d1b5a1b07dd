/** This package, with the options that everybody has who sets none, but for the pool where that is said. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createClient, type FastDFSOptions } from 'fastdfs-streams';
import type { Contender } from './index.js';
import { READ_BYTES, sink } from './local.js';

export function ours(trackers: string[], pool?: FastDFSOptions['pool']): Contender {
  const client = createClient({ trackers, pool });
  return {
    upload: async (content) => (await client.upload(content)).fileId,
    download: (fileId) => client.download(fileId),
    uploadFile: async (path) => (await client.uploadFile(path)).fileId,
    uploadUnknown: async (path) => (await client.upload(hidden(path))).fileId,
    downloadFile: (fileId, path) => client.downloadFile(fileId, path),
    drain: (fileId) => pipeline(client.createDownloadStream(fileId), sink()),
    close: () => client.close(),
  };
}

/** A generator hides the length. */
async function* hidden(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) yield chunk as Buffer;
}
