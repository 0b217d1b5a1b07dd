/** Downloads into a local file: under a temporary name first, so that no reader of the folder ever finds half a file. */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { onAbort } from '../../core/base/abort.js';
import { replaceFile } from '../../core/base/replace-file.js';
import { checkPath } from '../../core/base/validate.js';
import type { Engine } from '../../core/cluster/engine.js';
import { splitFileId } from '../../core/model/file-id.js';
import { Download } from './download.js';
import { FileSink } from './file-sink.js';
import { checkDownloadFileSettings, type DownloadFileSettings } from './options.js';

/** A file that was downloaded to a local one. */
export interface DownloadedFile {
  /** Where it lies: the path as it was given, or that of the URL. */
  path: string;
  /** Bytes. */
  size: number;
}

/** Writes to a temporary file and renames it at the end, as {@link replaceFile} does. */
export async function downloadToFile(
  engine: Engine,
  fileId: string,
  target: string | URL | undefined,
  settings: DownloadFileSettings | undefined,
): Promise<DownloadedFile> {
  checkDownloadFileSettings(settings);
  const given = target === undefined ? undefined : checkPath('path', target);
  const file = given ?? path.posix.basename(splitFileId(fileId).remoteFilename);
  settings?.signal?.throwIfAborted();
  const write = (handle: FileHandle) => downloadInto(engine, fileId, settings ?? {}, handle);
  // A name that the storage chose must not lead out of the working directory.
  const size = await replaceFile(file, write, { followLink: given !== undefined });
  return { path: file, size };
}

async function downloadInto(
  engine: Engine,
  fileId: string,
  { parallel = 1, ...settings }: DownloadFileSettings,
  file: FileHandle,
): Promise<number> {
  // Devices and pipes have no places to write to.
  if (parallel > 1 && (await file.stat()).isFile()) {
    const { downloadRanges, planRanges } = await import('./ranges.js');
    const plan = planRanges(engine, fileId, { ...settings, parallel });
    if (plan) return await downloadRanges(engine, fileId, settings, file, plan);
  }
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
