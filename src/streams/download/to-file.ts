/** Downloads into a local file: under a temporary name first, so that no reader of the folder ever finds half a file. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { onAbort } from '../../core/base/abort.js';
import { createDirectoryError } from '../../core/base/local-errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { splitFileId } from '../../core/model/file-id.js';
import { Download } from './download.js';
import { FileSink } from './file-sink.js';
import { checkDownloadSettings, type DownloadSettings } from './options.js';

/** A file that was downloaded to a local one. */
export interface DownloadedFile {
  /** Where it lies, as it was given. */
  path: string;
  /** Bytes. */
  size: number;
}

/**
 * Writes to a temporary name in the same folder and renames at the end: a file that was there before stays until the
 * new one is whole. Devices and pipes cannot be replaced and are written to.
 */
export async function downloadToFile(
  engine: Engine,
  fileId: string,
  target: string | undefined,
  settings: DownloadSettings | undefined,
): Promise<DownloadedFile> {
  checkDownloadSettings('downloadFile()', settings);
  const file = target ?? path.posix.basename(splitFileId(fileId).remoteFilename);
  const present = await stat(file).catch(() => undefined);
  if (present?.isDirectory()) throw createDirectoryError(file, 'open');
  const replace = present === undefined || present.isFile();
  const name = `.${path.basename(file)}.${randomBytes(6).toString('hex')}.part`;
  const written = replace ? path.join(path.dirname(file), name) : file;
  settings?.signal?.throwIfAborted();
  try {
    const handle = await open(written, replace ? 'wx' : 'w');
    const size = await downloadInto(engine, fileId, settings ?? {}, handle).finally(() => handle.close());
    if (replace) await rename(written, file);
    return { path: file, size };
  } catch (error) {
    if (replace) await rm(written, { force: true });
    // The caller knows the file, and not its temporary name.
    if ((error as { path?: unknown }).path === written) Object.assign(error as Error, { path: file });
    throw error;
  }
}

async function downloadInto(
  engine: Engine,
  fileId: string,
  settings: DownloadSettings,
  file: FileHandle,
): Promise<number> {
  const stop = new AbortController();
  const fail = (error: unknown) => stop.abort(error);
  const release = onAbort(settings.signal, fail);
  const sink = new FileSink(file, fail, () => download.resume());
  const download = new Download(engine, fileId, { ...settings, signal: stop.signal }, sink);
  try {
    await download.run();
    await sink.finish();
    stop.signal.throwIfAborted();
    return sink.written;
  } finally {
    release();
    await sink.finish();
  }
}
