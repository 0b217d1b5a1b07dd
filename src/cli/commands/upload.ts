/** `fdfs upload` */
import { basename } from 'node:path';
import type { FastDFSClient, Metadata, Progress, UploadOptions, UploadResult } from '../../index.js';
import type { Context } from '../context.js';
import { UsageError } from '../exit.js';
import { STDIN, standardInput } from '../local-files.js';

export interface UploadFlags {
  appender?: boolean;
  meta?: Metadata;
  group?: string;
  ext?: string;
  filename?: string;
  keepFilename?: boolean;
  size?: number;
}

export async function upload(context: Context, files: string[], flags: UploadFlags): Promise<void> {
  const sources = files.length === 0 ? [STDIN] : files;
  if (sources.length > 1 && flags.size !== undefined) throw new UsageError('--size is for one file only');
  if (sources.length > 1 && flags.filename !== undefined)
    throw new UsageError('--filename is for one file only');
  if (sources.filter((source) => source === STDIN).length > 1) {
    throw new UsageError('standard input (-) can be uploaded only once');
  }
  const client = await context.client();
  await context.each(sources, 'source', async (source) => {
    const result = await uploadOne(context, client, source, flags);
    context.print({ source, ...result }, result.fileId);
  });
}

async function uploadOne(
  context: Context,
  client: FastDFSClient,
  source: string,
  { meta, ...flags }: UploadFlags,
): Promise<UploadResult> {
  let progress: Progress = { transferred: 0 };
  const options: UploadOptions = {
    ...(flags satisfies UploadOptions),
    ...(meta ? { metadata: meta } : {}),
    signal: context.signal,
    onProgress: (now) => {
      progress = now;
    },
  };
  const fromStdin = source === STDIN;
  return await context.progress(
    fromStdin ? (flags.filename ?? 'standard input') : basename(source),
    () => ({ done: progress.transferred, total: progress.total }),
    fromStdin ? client.upload(standardInput(context), options) : client.uploadFile(source, options),
  );
}
