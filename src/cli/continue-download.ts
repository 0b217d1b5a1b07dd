/** Downloads that go on where an earlier run stopped. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { DownloadSettings, FastDFSClient } from '../index.js';
import { moveOver } from './local-files.js';

/**
 * Keeps what has arrived beside the target until it is whole, also when the program is killed. A target that has the right size
 * and checksum is left alone. Ordinary files are compared with the checksum in their id at the end, and downloaded again when
 * they differ; of appender and slave files the size is all that can be compared.
 */
export async function continueDownload(
  client: FastDFSClient,
  fileId: string,
  target: string,
  settings: DownloadSettings,
): Promise<{ path: string; size: number }> {
  const { signal, onProgress } = settings;
  const file = await client.stat(fileId, { signal });
  const checksum = file.kind === 'normal' ? file.crc32 : undefined;
  const { size } = file;
  if (checksum !== undefined && (await isWhole(target, size, checksum))) return { path: target, size };
  const partial = join(
    dirname(target),
    `.fdfs-${createHash('sha256').update(fileId).digest('hex').slice(0, 24)}.part`,
  );
  const present = (await stat(partial).catch(() => undefined))?.size ?? 0;
  const start = present <= size ? present : 0;
  if (start < size || size === 0) {
    const stream = client.createDownloadStream(fileId, { start, signal });
    const timer = setInterval(
      () => onProgress?.({ transferred: start + stream.bytesRead, total: size }),
      100,
    );
    try {
      await pipeline(stream, createWriteStream(partial, { flags: start === 0 ? 'w' : 'a' }));
    } finally {
      clearInterval(timer);
    }
  }
  if (checksum !== undefined && !(await isWhole(partial, size, checksum))) {
    // Other bytes than the file has, or a checksum of a kind that only the client knows.
    await rm(partial, { force: true });
    return await client.downloadFile(fileId, target, settings);
  }
  await moveOver(partial, target);
  return { path: target, size };
}

async function isWhole(path: string, size: number, checksum: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile() || stats.size !== size) return false;
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) sum = crc32(chunk, sum);
  return sum === checksum;
}
