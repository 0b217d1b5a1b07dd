/** Waiting for a download to be under way, when it can still be said that there is no such file. */
import type { DownloadStream } from '../../index.js';

/**
 * Resolves when the storage has announced the content, and rejects when the stream fails before. What fails it later
 * is told by the stream itself, which keeps a listener from here so that it is never unheard.
 * @returns the bytes to come
 */
export function opened(stream: DownloadStream): Promise<number> {
  return new Promise((resolve, reject) => {
    stream.once('ready', () => resolve(stream.size!));
    stream.on('error', reject);
    stream.once('close', () => reject(new Error('The download was given up')));
  });
}
