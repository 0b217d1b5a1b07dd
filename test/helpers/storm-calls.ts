/** The ways in which a storm sends and fetches content. */
import { once } from 'node:events';
import type { FastDFSClient } from '../../src/index.js';
import { collect, pieces } from './bytes.js';
import type { Random } from './random.js';

/** Content that can be made again. */
export interface Part {
  size: number;
  seed: number;
}

export interface Call {
  client: FastDFSClient;
  signal: AbortSignal | undefined;
}

export interface UploadCall extends Call {
  random: Random;
  content: Buffer;
  group?: string;
}

export const UPLOADS = ['memory', 'memory', 'known', 'unknown', 'appender', 'destroyed'] as const;

/** @returns the file id; undefined where the upload was given up on purpose */
export async function sendUpload(
  kind: (typeof UPLOADS)[number],
  { client, signal, random, content, group }: UploadCall,
): Promise<string | undefined> {
  const options = { ...(signal ? { signal } : {}), ...(group ? { group } : {}) };
  const piece = random.int(500, 70_000);
  switch (kind) {
    case 'memory': {
      const metadata = random.chance(0.1) ? { metadata: { number: String(content.length) } } : {};
      return (await client.upload(content, { ...options, ...metadata, ext: 'bin' })).fileId;
    }
    case 'known':
      return (await client.upload(pieces(content, piece), { ...options, size: content.length })).fileId;
    case 'unknown': {
      const blockBytes = random.int(8 * 1024, 64 * 1024);
      return (await client.upload(pieces(content, piece), { ...options, blockBytes })).fileId;
    }
    case 'appender':
      return (await client.upload(content, { ...options, appender: true })).fileId;
    case 'destroyed': {
      const size = random.chance(0.5) ? { size: content.length + 1 } : { blockBytes: 16 * 1024 };
      const stream = client.createUploadStream({ ...options, ...size });
      stream.on('error', () => undefined);
      const closed = once(stream, 'close').catch(() => undefined);
      stream.write(content.subarray(0, content.length / 2));
      await new Promise((resolve) => setTimeout(resolve, random.int(0, 5)));
      stream.destroy();
      await closed;
      return undefined;
    }
  }
}

export interface DownloadCall extends Call {
  random: Random;
  fileId: string;
  /** Of the whole file. */
  content: Buffer;
}

type DownloadWay = (call: DownloadCall) => Promise<{ wanted: Buffer; got: Buffer }>;

const whole: DownloadWay = async ({ client, signal, fileId, content }) => {
  return { wanted: content, got: await client.download(fileId, { signal }) };
};

const range: DownloadWay = async ({ client, signal, random, fileId, content }) => {
  if (content.length === 0) return { wanted: content, got: await client.download(fileId, { signal }) };
  const start = random.int(0, content.length - 1);
  const end = random.int(start, content.length - 1);
  const got = await client.download(fileId, { start, end, signal });
  return { wanted: content.subarray(start, end + 1), got };
};

const streamed: DownloadWay = async ({ client, signal, fileId, content }) => {
  return {
    wanted: content,
    got: await collect(client.createDownloadStream(fileId, signal ? { signal } : {})),
  };
};

/** Leaves in the middle: what came until then must be the beginning. */
const left: DownloadWay = async ({ client, signal, random, fileId, content }) => {
  const chunks: Buffer[] = [];
  let pending = random.int(1, 3);
  for await (const chunk of client.createDownloadStream(fileId, signal ? { signal } : {})) {
    chunks.push(chunk as Buffer);
    if (--pending === 0) break;
  }
  const got = Buffer.concat(chunks);
  return { wanted: content.subarray(0, got.length), got };
};

export const DOWNLOADS: readonly DownloadWay[] = [whole, range, range, streamed, left];
