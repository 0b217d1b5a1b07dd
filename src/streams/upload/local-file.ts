/** Local files as content of uploads. */
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { raceAbort } from '../../core/base/abort.js';
import { ArgumentError, createDirectoryError } from '../../core/base/errors.js';

/** Read from local files in pieces of this size. */
export const READ_BYTES = 256 * 1024;

/** A local file that is open, and what is known of its content. */
export interface LocalFile {
  readonly file: FileHandle;
  /** Reads from it may block for as long as another process likes: pipes, terminals. */
  readonly mayBlock: boolean;
  /** Bytes at the time of opening; undefined for pipes, devices, and files whose content is made while it is read. */
  readonly size: number | undefined;
}

/** A file without blocks on the disk that claims no more than this is read to see whether it is as long. */
const MAX_PROBE_BYTES = 64 * 1024;

/**
 * Opens a file for an upload.
 * @throws Node's own errors, and its EISDIR for a folder
 */
export async function openLocalFile(path: string, signal?: AbortSignal): Promise<LocalFile> {
  // Opening a pipe waits for its writer.
  const file = await raceAbort(open(path, 'r'), signal, (late) => void late.close());
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw createDirectoryError(path, 'read');
    return { file, mayBlock: !stats.isFile(), size: await measure(file, stats) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Returns the size of the file of a stream, or undefined where {@link LocalFile.size} is, and where another file has taken its
 * path: a log that was rotated, a file of another file system than that of Node. Synchronous, because a stream that others
 * read, too, does not wait: what came before an answer would be missing.
 * @param fd of the stream, if it is open
 */
export function measureFileOf(path: string, fd: number | null): number | undefined {
  const stats = statSync(path);
  const opened = fd === null ? stats : fstatSync(fd);
  if (stats.ino !== opened.ino || stats.dev !== opened.dev || !stats.isFile()) return undefined;
  const { size, blocks } = stats;
  if (blocks > 0) return size;
  if (size > MAX_PROBE_BYTES) return undefined;
  const probe = openSync(path, 'r');
  try {
    return readSync(probe, Buffer.allocUnsafe(size + 1), 0, size + 1, 0) === size ? size : undefined;
  } finally {
    closeSync(probe);
  }
}

/** Files whose content is made while it is read, as in /proc and /sys, have no blocks, and a size that is not theirs. */
async function measure(file: FileHandle, stats: Stats): Promise<number | undefined> {
  const { size, blocks } = stats;
  if (!stats.isFile()) return undefined;
  if (blocks > 0) return size;
  if (size > MAX_PROBE_BYTES) return undefined;
  const { bytesRead } = await file.read(Buffer.allocUnsafe(size + 1), 0, size + 1, 0);
  return bytesRead === size ? size : undefined;
}

/**
 * Passes on exactly `size` bytes from `position` on, or all to the end for a size of Infinity. Reads into two buffers in
 * turn: while one is sent the other fills. Fresh buffers for every piece would cost as much as sending them. Only for
 * writers that no longer need a piece when its promise resolves.
 * @throws ArgumentError (`FASTDFS_SIZE_MISMATCH`) when the file ends before
 */
export async function readContent(
  file: FileHandle,
  size: number,
  position: number,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const bufferBytes = Math.max(1, Math.min(READ_BYTES, size));
  let filling = Buffer.allocUnsafeSlow(bufferBytes);
  let sending = Buffer.allocUnsafeSlow(bufferBytes);
  let sent: Promise<void> | undefined;
  for (let read = 0; read < size; ) {
    const { bytesRead } = await file.read(filling, 0, Math.min(bufferBytes, size - read), position + read);
    await sent;
    if (bytesRead === 0) {
      if (size === Number.POSITIVE_INFINITY) return;
      throw new ArgumentError(`The file had ${size} bytes when it was opened, and ends after ${read}`, {
        code: 'FASTDFS_SIZE_MISMATCH',
      });
    }
    read += bytesRead;
    sent = write(filling.subarray(0, bytesRead));
    // Awaited in the next round, unless reading fails before.
    sent.catch(() => undefined);
    [filling, sending] = [sending, filling];
  }
  await sent;
}
