/** `fdfs download` */
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DownloadOptions, FastDFSClient } from '../../index.js';
import type { Context } from '../context.js';
import { STDOUT, save, targetFile } from '../local-files.js';
import type { ByteRange } from '../values.js';

const BUFFER_BYTES = 1024 * 1024;

export async function download(
  context: Context,
  fileId: string,
  path: string | undefined,
  flags: { range?: ByteRange },
): Promise<void> {
  context.contentOnStdout = path === STDOUT;
  const client = await context.client();
  const range = flags.range && (await resolveRange(client, fileId, flags.range, context.signal));
  const options: DownloadOptions = { ...range, signal: context.signal, highWaterMark: BUFFER_BYTES };
  const name = posix.basename(fileId);
  const target = context.contentOnStdout ? STDOUT : await targetFile(path, name);
  const stream = client.createDownloadStream(fileId, options);
  await context.progress(
    name,
    () => ({ done: stream.bytesRead, total: stream.size }),
    context.contentOnStdout ? pipeline(stream, process.stdout, { end: false }) : save(stream, target),
  );
  context.print({ fileId, path: target, size: stream.bytesRead }, target);
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
