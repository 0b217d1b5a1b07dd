/** Waits for a download to start: the last moment at which a missing file can still be answered as one. */
import type { DownloadStream } from '../../index.js';

/**
 * Resolves when the storage has announced the content, and rejects when the stream fails before. Later failures are
 * 'error' events of the stream; the listener that stays on it keeps them from ending the process.
 * @returns the number of bytes to come
 */
export function waitForReady(stream: DownloadStream): Promise<number> {
  return new Promise((resolve, reject) => {
    stream.once('ready', () => resolve(stream.size!));
    stream.on('error', reject);
    stream.once('close', () => reject(new Error('The download was closed before it started')));
  });
}
