/** `fdfs append`, `fdfs modify`, `fdfs truncate` and `fdfs finalize`: what only appender files can. */
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.js';
import { addNote, UsageError } from '../exit.js';
import { type LocalSource, openSource } from '../local-files.js';
import { parseBytes } from '../values.js';
import { type Message, message, type Text } from '../words.js';

export async function append(context: Context, fileId: string, file: string): Promise<void> {
  const client = await context.client();
  const source = await openSource(context, file);
  const target = client.createAppendStream(fileId, { signal: context.signal });
  await write(context, source, target, (bytes) =>
    message('{bytes} bytes had been appended by then', { bytes }),
  );
  context.print({ fileId, appended: target.bytesConfirmed }, []);
}

export async function modify(context: Context, fileId: string, offset: string, file: string): Promise<void> {
  const start = readSize(offset);
  const client = await context.client();
  const source = await openSource(context, file);
  const target = client.createModifyStream(fileId, { start, signal: context.signal });
  await write(context, source, target, (bytes) =>
    message('{bytes} bytes had been written by then', { bytes }),
  );
  context.print({ fileId, start, written: target.bytesConfirmed }, []);
}

async function write(
  context: Context,
  source: LocalSource,
  target: Writable & { readonly bytesConfirmed: number },
  describe: (bytes: number) => Message,
): Promise<void> {
  try {
    await context.progress(
      source.label,
      () => ({ done: target.bytesConfirmed, total: source.size }),
      pipeline(source.stream, target),
    );
  } catch (error) {
    if (target.bytesConfirmed > 0) addNote(error, describe(target.bytesConfirmed));
    throw error;
  }
}

export async function truncate(context: Context, fileId: string, size: string | undefined): Promise<void> {
  const bytes = size === undefined ? 0 : readSize(size);
  await (await context.client()).truncate(fileId, bytes, { signal: context.signal });
  context.print({ fileId, size: bytes }, []);
}

/** Prints the new id: the old one is not valid any more. */
export async function finalize(
  context: Context,
  fileId: string,
  { by }: { by?: 'copy' | 'rename' },
): Promise<void> {
  const client = await context.client();
  const finalized = await client.finalize(fileId, { by, signal: context.signal });
  context.printKept({ fileId: finalized, appenderFileId: fileId }, finalized);
}

function readSize(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    const hint: Message = { text: (error as Error).message as Text, parts: {} };
    throw new UsageError('{value} is not a number of bytes. {hint}', { value: JSON.stringify(text), hint });
  }
}
