/** `fdfs append` and `fdfs truncate`: what only appender files can. */
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.js';
import { UsageError } from '../exit.js';
import { openSource, STDIN } from '../local-files.js';
import { parseBytes } from '../values.js';

export async function append(context: Context, fileId: string, file: string | undefined): Promise<void> {
  const client = await context.client();
  const source = await openSource(context, file ?? STDIN);
  const target = client.createAppendStream(fileId, { signal: context.signal });
  try {
    await context.progress(
      source.label,
      () => ({ done: target.bytesConfirmed, total: source.size }),
      pipeline(source.stream, target),
    );
  } catch (error) {
    if (error instanceof Error && target.bytesConfirmed > 0) {
      error.message += `; ${target.bytesConfirmed} bytes had been appended by then`;
    }
    throw error;
  }
  context.print({ fileId, appended: target.bytesConfirmed }, []);
}

export async function truncate(context: Context, fileId: string, size: string | undefined): Promise<void> {
  const bytes = size === undefined ? 0 : readSize(size);
  await (await context.client()).truncate(fileId, bytes, { signal: context.signal });
  context.print({ fileId, size: bytes }, []);
}

function readSize(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new UsageError(`${JSON.stringify(text)} is no size. ${(error as Error).message}`);
  }
}
