/** `fdfs reindex`: makes a lost index of a blob store again from the keys that its files keep. */

import { rebuildIndex } from '../../adapters/blob-store/index.js';
import { levelIndex, postgresIndex, redisIndex } from '../../adapters/indexes/index.js';
import type { FileListing } from '../../index.js';
import type { Context } from '../context.js';
import { localize } from '../language.js';
import { describeSources, estimateFiles } from './ls.js';

export interface ReindexFlags {
  index: string;
  name?: string;
  dryRun?: boolean;
  removeOrphans?: boolean;
  /** Seconds. */
  minAge?: number;
}

export async function reindex(
  context: Context,
  group: string | undefined,
  { index: location, name, dryRun, removeOrphans, minAge }: ReindexFlags,
): Promise<void> {
  const [client, admin] = [await context.client(), await context.admin()];
  const { signal } = context;
  const index = openIndex(location, name);
  try {
    // An index that cannot be used fails before all files are listed.
    await index.keys('', { limit: 1 });
    const listing = admin.listFiles(group, { signal });
    let done = 0;
    const total = await estimateFiles(context, admin, group);
    const work = rebuildIndex(
      client,
      index,
      withMetadata(listing, () => done++),
      { dryRun, removeOrphans, signal, ...(minAge === undefined ? {} : { minAgeMs: minAge * 1000 }) },
    );
    const result = await context.progress(localize('files'), () => ({ done, total, unit: 'files' }), work);
    const { files, restored, orphans, removed } = result;
    const parts = { files, restored, orphans: orphans.length };
    const counts = dryRun
      ? localize('{files} files keep a key: {restored} keys would be restored, {orphans} orphans', parts)
      : localize('{files} files keep a key: {restored} keys restored, {orphans} orphans', parts);
    context.print(result, [
      ...orphans,
      removeOrphans ? localize('{counts}, {removed} removed', { counts, removed }) : counts,
    ]);
    describeSources(context, listing);
  } finally {
    await index.close();
  }
}

/** Files without metadata keep no key. */
async function* withMetadata(listing: FileListing, onFile: () => void) {
  for await (const file of listing) {
    onFile();
    if (file.hasMetadata) yield file;
  }
}

function openIndex(location: string, name: string | undefined) {
  if (/^rediss?:/.test(location)) return redisIndex(location, { name });
  if (/^postgres(ql)?:/.test(location)) return postgresIndex(location, { table: name });
  return levelIndex(location);
}
