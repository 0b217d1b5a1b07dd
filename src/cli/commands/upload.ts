/** `fdfs upload` and `fdfs upload-slave` */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FastDFSClient, Metadata, Progress, UploadOptions, UploadResult } from '../../index.js';
import type { Context } from '../context.js';
import { escapeControls } from '../escape.js';
import { UsageError } from '../exit.js';
import { readFileId } from '../file-ids.js';
import { localize } from '../language.js';
import { openSource, STDIN, standardInput } from '../local-files.js';
import { ManifestWriter, readManifest } from '../manifest.js';
import { type WalkedFile, walk } from '../walk.js';

export interface UploadFlags {
  appender?: boolean;
  meta?: Metadata;
  group?: string;
  ext?: string;
  filename?: string;
  keepFilename?: boolean;
  size?: number;
  recursive?: boolean;
  manifest?: string;
  jobs?: number;
}

export async function upload(context: Context, files: string[], flags: UploadFlags): Promise<void> {
  const { recursive, manifest, jobs, ...options } = flags;
  if (recursive) return await uploadFolder(context, files, flags);
  if (manifest !== undefined) throw new UsageError('--manifest is for --recursive');
  if (files.length > 1 && flags.size !== undefined) throw new UsageError('--size is for one file only');
  if (files.length > 1 && flags.filename !== undefined)
    throw new UsageError('--filename is for one file only');
  if (files.filter((file) => file === STDIN).length > 1) {
    throw new UsageError('standard input (-) can be uploaded only once');
  }
  if (files.includes('')) throw new UsageError('the name of a file is empty; standard input is -');
  const client = await context.client();
  const several = files.length > 1;
  await context.each(
    files,
    (source) => ({ source }),
    async (source) => {
      const result = await send(
        context,
        labelFor(source, flags),
        options,
        sendFile(context, client, source),
        {
          quiet: jobs !== undefined && jobs > 1,
        },
      );
      // With its name each line says what it is, whatever failed before it.
      const line = several ? `${result.fileId}\t${escapeControls(source)}` : result.fileId;
      return () => context.printKept({ source, ...result }, line);
    },
    { jobs, ...(several ? { failed: (source: string) => `-\t${escapeControls(source)}` } : {}) },
  );
}

export async function uploadSlave(
  context: Context,
  masterId: string,
  prefix: string,
  file: string,
  flags: UploadFlags,
): Promise<void> {
  const client = await context.client();
  const { stream, label, size } = await openSource(context, file);
  const named = file === STDIN ? {} : { filename: basename(file) };
  const result = await send(
    context,
    label,
    { ...named, ...(size === undefined ? {} : { size }), ...flags },
    (options) => client.uploadSlave(readFileId(masterId), prefix, stream, options),
  );
  context.printKept({ source: file, ...result }, result.fileId);
}

/** Uploads the files of folders; those that the manifest has with the same size and time are left out. */
async function uploadFolder(context: Context, folders: string[], flags: UploadFlags): Promise<void> {
  const { recursive: _, manifest, jobs, size, filename, ...options } = flags;
  if (size !== undefined || filename !== undefined) {
    throw new UsageError('--size and --filename are for one file only');
  }
  if (folders.length !== 1) throw new UsageError('--recursive takes one folder');
  const [folder = ''] = folders;
  const kind = await stat(folder);
  if (!kind.isDirectory())
    throw new UsageError('{path} is not a folder; --recursive takes one', { path: folder });
  const client = await context.client();
  const before = manifest === undefined ? [] : await readManifest(manifest).catch(emptyIfMissing);
  const known = new Map(before.map((entry) => [entry.path, entry]));
  const writer = manifest === undefined ? undefined : await ManifestWriter.open(manifest);
  let skipped = 0;
  async function* changed(): AsyncGenerator<WalkedFile, void, undefined> {
    for await (const found of walk(folder, (error, file) => context.fail(error, { source: file }))) {
      const { size, mtimeMs } = known.get(found.path) ?? {};
      if (size === found.stats.size && mtimeMs === found.stats.mtimeMs) skipped++;
      else yield found;
    }
  }
  const uploading = context.each(
    changed(),
    ({ path }) => ({ path }),
    async ({ file, path, stats }) => {
      const result = await send(context, path, options, sendFile(context, client, file), { quiet: true });
      const { fileId, crc32 } = result;
      const entry = {
        path,
        fileId,
        size: result.size,
        ...(crc32 === undefined ? {} : { crc32 }),
        mtimeMs: stats.mtimeMs,
      };
      await writer?.add(entry);
      return () => context.printKept(entry, `${fileId}\t${escapeControls(path)}`);
    },
    { jobs: jobs ?? 4, failed: ({ path }) => `-\t${escapeControls(path)}` },
  );
  await uploading.finally(() => writer?.[Symbol.asyncDispose]());
  if (skipped > 0 && !context.options.quiet && !context.options.json) {
    context.warn(
      skipped === 1
        ? localize('1 unchanged file is in the manifest and left out')
        : localize('{count} unchanged files are in the manifest and left out', { count: skipped }),
    );
  }
}

function emptyIfMissing(error: NodeJS.ErrnoException): [] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}

/** Sends the content with the options that are common to all uploads. */
type Send = (options: UploadOptions) => Promise<UploadResult>;

async function send(
  context: Context,
  label: string,
  { meta, ...flags }: UploadFlags,
  upload: Send,
  { quiet = false } = {},
): Promise<UploadResult> {
  let progress: Progress = { transferred: 0 };
  const work = upload({
    ...(flags satisfies UploadOptions),
    ...(meta ? { metadata: meta } : {}),
    signal: context.signal,
    onProgress: (now) => {
      progress = now;
    },
  });
  if (quiet) return await work;
  return await context.progress(label, () => ({ done: progress.transferred, total: progress.total }), work);
}

function sendFile(context: Context, client: FastDFSClient, source: string): Send {
  return (options) =>
    source === STDIN ? client.upload(standardInput(context), options) : client.uploadFile(source, options);
}

function labelFor(source: string, { filename }: UploadFlags): string {
  return source === STDIN ? (filename ?? localize('standard input')) : basename(source);
}
