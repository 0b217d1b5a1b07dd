/** Local files as content of uploads. */
import type { FileHandle } from 'node:fs/promises';
import { createDirectoryError } from '../../core/base/local-errors.js';
import type { WriteContent } from './source.js';

/** Read from local files in pieces of this size. */
export const READ_BYTES = 256 * 1024;

/**
 * The content of a file of known length, read into two buffers in turn: while one goes out the other fills. Fresh buffers for
 * every piece would cost as much as sending them. Only for uploads that are through with a piece when its write is done.
 */
export function contentOfFile(file: FileHandle): (write: WriteContent) => Promise<void> {
  return async (write) => {
    let filling = Buffer.allocUnsafeSlow(READ_BYTES);
    let sending = Buffer.allocUnsafeSlow(READ_BYTES);
    let sent: Promise<void> | undefined;
    for (;;) {
      const { bytesRead } = await file.read(filling, 0, READ_BYTES, null);
      await sent;
      if (bytesRead === 0) return;
      sent = write(filling.subarray(0, bytesRead));
      // Awaited in the next round, unless reading fails before.
      sent.catch(() => undefined);
      [filling, sending] = [sending, filling];
    }
  };
}

/** @throws Node's own EISDIR for a directory, before anything is sent */
export async function describe(file: FileHandle, path: string): Promise<{ isFile: boolean; size: number }> {
  const stats = await file.stat();
  if (stats.isDirectory()) throw createDirectoryError(path, 'read');
  return { isFile: stats.isFile(), size: stats.size };
}
