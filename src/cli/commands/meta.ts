/** `fdfs meta get` and `fdfs meta set` */
import type { Metadata } from '../../index.js';
import type { Context } from '../context.js';
import { escapeControls } from '../escape.js';
import { UsageError } from '../exit.js';
import { collectPair } from '../values.js';

/** A terminal gets control characters escaped, a pipe or file gets them unchanged. */
export async function getMeta(context: Context, fileId: string): Promise<void> {
  const metadata = await (await context.client()).getMetadata(fileId, { signal: context.signal });
  const shown = process.stdout.isTTY ? escapeControls : (text: string) => text;
  const lines = Object.entries(metadata).map(([name, value]) => `${shown(name)}=${shown(value)}`);
  context.print({ fileId, metadata }, lines);
}

export async function setMeta(
  context: Context,
  fileId: string,
  pairs: string[],
  flags: { merge?: boolean },
): Promise<void> {
  const metadata = readPairs(pairs);
  const mode = flags.merge ? 'merge' : 'overwrite';
  await (await context.client()).setMetadata(fileId, metadata, { mode, signal: context.signal });
  context.print({ fileId, mode, metadata }, []);
}

function readPairs(pairs: readonly string[]): Metadata {
  let metadata: Metadata = {};
  for (const pair of pairs) {
    if (pair.indexOf('=') < 1)
      throw new UsageError('{pair} is not metadata; write name=value', { pair: JSON.stringify(pair) });
    metadata = collectPair(pair, metadata);
  }
  return metadata;
}
