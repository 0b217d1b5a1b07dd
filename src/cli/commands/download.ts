/** `fdfs download` */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type DownloadSettings, type FastDFSClient, type Progress, parseFileId } from '../../index.js';
import type { Context, Report } from '../context.js';
import { continueDownload } from '../continue-download.js';
import { escapeControls } from '../escape.js';
import { CliError, UsageError } from '../exit.js';
import { expandFileIds, readFileId } from '../file-ids.js';
import { isFolder, STDIN, STDOUT, safeLocalName, targetFile } from '../local-files.js';
import { type ManifestEntry, readManifest } from '../manifest.js';
import type { ByteRange } from '../values.js';

export interface DownloadFlags {
  range?: ByteRange;
  continue?: boolean;
  keepFilename?: boolean;
  manifest?: string;
  jobs?: number;
}

/** What is downloaded to where. */
interface Item {
  readonly fileId: string;
  readonly target: string;
}

export async function download(context: Context, args: string[], flags: DownloadFlags): Promise<void> {
  if (flags.range && flags.continue) throw new UsageError('--range and --continue exclude each other');
  if (flags.manifest !== undefined) return await downloadManifest(context, args, flags, flags.manifest);
  const { ids, target } = splitArguments(args);
  if (ids.length === 0) throw new UsageError("missing required argument 'fileId'");
  const several = ids.length > 1 || ids.includes(STDIN);
  if (several && target !== undefined && !(await isFolder(target))) {
    throw new UsageError('{path} is not a folder; several files need one', { path: target });
  }
  const client = await context.client();
  if (target === STDOUT) {
    if (flags.continue) throw new UsageError('--continue needs a file, not standard output');
    return await toStdout(context, client, ids[0]!, flags);
  }
  const names = new Set<string>();
  const place = (fileId: string) => placeFile(client, fileId, target, flags, names, context.signal);
  if (!several)
    return (await downloadOne(context, client, { fileId: ids[0]!, target: await place(ids[0]!) }, flags))();
  await context.each(
    expandFileIds(ids),
    (fileId) => ({ fileId }),
    async (fileId) => {
      const item = { fileId, target: await place(fileId) };
      return await downloadOne(context, client, item, flags, true);
    },
    { jobs: flags.jobs ?? 4 },
  );
}

/** All but the last argument are ids; the last one is where to, unless it is an id as well. */
function splitArguments(args: readonly string[]): { ids: string[]; target: string | undefined } {
  const last = args.at(-1);
  const isTarget = args.length > 1 && last !== undefined && !isFileId(last);
  return {
    ids: args.slice(0, isTarget ? -1 : undefined).map((text) => (text === STDIN ? text : readFileId(text))),
    target: isTarget ? last : undefined,
  };
}

function isFileId(text: string): boolean {
  try {
    parseFileId(readFileId(text));
    return true;
  } catch {
    return false;
  }
}

/** Where a file goes. A name from its metadata never takes the place of another file: strangers choose such names. */
async function placeFile(
  client: FastDFSClient,
  fileId: string,
  target: string | undefined,
  { keepFilename }: DownloadFlags,
  taken: Set<string>,
  signal: AbortSignal,
): Promise<string> {
  const inFolder = target === undefined || (await isFolder(target));
  if (!keepFilename || !inFolder) return await targetFile(target, posix.basename(fileId));
  const { filename } = await client.getMetadata(fileId, { signal });
  const name = filename === undefined ? undefined : safeLocalName(filename);
  if (name === undefined) return await targetFile(target, posix.basename(fileId));
  const file = await targetFile(target, name);
  const { lstat } = await import('node:fs/promises');
  const present = await lstat(file).catch(() => undefined);
  if (taken.has(file) || present) {
    throw new CliError('{file} exists already, and is the name of {fileId} in its metadata; name a target', {
      file,
      fileId,
    });
  }
  taken.add(file);
  return file;
}

async function downloadOne(
  context: Context,
  client: FastDFSClient,
  { fileId, target }: Item,
  flags: DownloadFlags,
  quiet = false,
): Promise<Report> {
  let progress: Progress = { transferred: 0 };
  const range = flags.range && (await resolveRange(client, fileId, flags.range, context.signal));
  const settings: DownloadSettings = {
    ...range,
    signal: context.signal,
    onProgress: (now) => {
      progress = now;
    },
  };
  const work = flags.continue
    ? continueDownload(client, fileId, target, settings)
    : client.downloadFile(fileId, target, settings);
  const measure = () => ({ done: progress.transferred, total: progress.total });
  const { size } = await (quiet ? work : context.progress(basename(target), measure, work));
  return () => context.print({ fileId, path: target, size }, escapeControls(target));
}

async function toStdout(
  context: Context,
  client: FastDFSClient,
  fileId: string,
  flags: DownloadFlags,
): Promise<void> {
  context.contentOnStdout = true;
  const range = flags.range && (await resolveRange(client, fileId, flags.range, context.signal));
  const stream = client.createDownloadStream(fileId, {
    ...range,
    signal: context.signal,
    highWaterMark: 1024 * 1024,
  });
  await context.progress(
    posix.basename(fileId),
    () => ({ done: stream.bytesRead, total: stream.size }),
    pipeline(stream, process.stdout, { end: false }),
  );
  context.print({ fileId, path: STDOUT, size: stream.bytesRead }, []);
}

/** Makes the folder of a manifest again. With `--continue` files that are there, whole, are left alone. */
async function downloadManifest(
  context: Context,
  args: readonly string[],
  flags: DownloadFlags,
  manifest: string,
): Promise<void> {
  if (args.length > 1 || flags.range || flags.keepFilename) {
    throw new UsageError('--manifest takes one folder, and neither --range nor --keep-filename');
  }
  const [folder = '.'] = args;
  const entries = await readManifest(manifest);
  const client = await context.client();
  await context.each<ManifestEntry>(
    entries,
    ({ fileId, path }) => ({ fileId, path }),
    async ({ fileId, path }) => {
      const target = join(folder, checkPath(path));
      await mkdir(dirname(target), { recursive: true });
      return await downloadOne(context, client, { fileId, target }, flags, true);
    },
    { jobs: flags.jobs ?? 4 },
  );
}

/** @throws Error for a path that leaves the folder */
function checkPath(path: string): string {
  const parts = path.split('/');
  if (
    path === '' ||
    path.includes('\0') ||
    path.includes('\\') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new CliError('the path {path} of the manifest is not one within a folder', {
      path: JSON.stringify(path),
    });
  }
  return path;
}

/** Only the last bytes need the size. */
async function resolveRange(
  client: FastDFSClient,
  fileId: string,
  { start, end }: ByteRange,
  signal: AbortSignal,
): Promise<{ start: number; end?: number }> {
  if (start !== undefined) return { start, ...(end === undefined ? {} : { end }) };
  const { size } = await client.stat(fileId, { signal });
  return { start: Math.max(0, size - (end ?? 0)) };
}
