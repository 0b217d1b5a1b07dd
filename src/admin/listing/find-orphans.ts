/** Compares the files of the cluster with those that an application knows, in parts that fit in memory. */
import {
  type Checks,
  checkOptions,
  enumOption,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup, splitFileId } from '../../core/model/file-id.js';
import { MAX_TIMER_MS } from '../../core/model/limits.js';
import { type ClusterAccess, joinSignals } from '../access.js';
import { adminChecks } from '../checks.js';
import { mapConcurrently } from '../concurrent.js';
import type { AdminOptions } from '../types.js';
import { createFilter, filterChecks } from './filter.js';
import { type JoinedPart, ListingJoin } from './join.js';
import { confirmFiles } from './list-files.js';
import { describeLone, isDecodable, isYoung } from './names.js';
import type { FileFilter, ListedFile } from './types.js';

/** Options of `findOrphans()`. The filter chooses which unknown files are orphans. */
export interface FindOrphansOptions extends AdminOptions, FileFilter {
  /** Only this group; known ids of other groups are ignored. Default: all. */
  group?: string | undefined;
  /**
   * `with-master`: a slave file is known when its master is. `separate`: the list of known ids has slave files, too.
   * Default `with-master`.
   */
  slaves?: 'with-master' | 'separate' | undefined;
  /** Milliseconds without a byte after which the listing of a storage is given up. Default 120000. */
  silenceTimeoutMs?: number | undefined;
}

/**
 * - `orphan`: the cluster has a file that is not known
 * - `missing`: a known file is not in the cluster
 * - `invalid`: a known id is not a file id
 */
export type OrphanItem =
  | { readonly problem: 'orphan'; readonly fileId: string; readonly file: ListedFile }
  | { readonly problem: 'missing'; readonly fileId: string }
  | { readonly problem: 'invalid'; readonly fileId: string };

const ASKING = 16;

const orphanChecks: Checks<FindOrphansOptions> = {
  ...adminChecks,
  ...filterChecks,
  group: stringOption,
  slaves: enumOption('with-master', 'separate'),
  silenceTimeoutMs: integerOption(1, MAX_TIMER_MS),
};

/** @throws ArgumentError at once for a wrong option */
export function findOrphans(
  access: ClusterAccess,
  known: Iterable<string> | AsyncIterable<string>,
  options: FindOrphansOptions,
): AsyncGenerator<OrphanItem, void, undefined> {
  checkOptions('findOrphans()', options, orphanChecks);
  if (options.group !== undefined) checkGroup(options.group);
  access.trackers.select(options);
  return generate(access, known, options, createFilter(options));
}

async function* generate(
  access: ClusterAccess,
  known: Iterable<string> | AsyncIterable<string>,
  options: FindOrphansOptions,
  matches: (file: ListedFile) => boolean,
): AsyncGenerator<OrphanItem, void, undefined> {
  const signal = joinSignals(access, options.signal);
  const join = new ListingJoin(access, { ...options, signal });
  try {
    for await (const text of known) {
      signal.throwIfAborted();
      const fileId = text.trim();
      if (fileId === '') continue;
      if (!isFileId(fileId)) yield { problem: 'invalid', fileId };
      else if (options.group === undefined || fileId.startsWith(`${options.group}/`)) {
        const full = join.add(fileId);
        if (full) await full;
      }
    }
    for await (const part of join.read()) {
      yield* compare(access, part, matches, { ...options, signal });
    }
  } finally {
    await join.close();
  }
}

async function* compare(
  access: ClusterAccess,
  { cluster, known, files }: JoinedPart,
  matches: (file: ListedFile) => boolean,
  { slaves = 'with-master', signal }: FindOrphansOptions & { signal: AbortSignal },
): AsyncGenerator<OrphanItem, void, undefined> {
  const ids = new Set(known);
  const storage = cluster?.storages[0];
  if (cluster && storage && files.length > 0) {
    const part = { ...cluster, storage, signal };
    // Files in trunk files stay in the listing when they are deleted, whether they are known or not.
    const there = new Set((await confirmFiles(access, part, files, undefined)).map(({ fileId }) => fileId));
    const isKnown = ({ fileId, slaveOf }: ListedFile) =>
      ids.has(fileId) || (slaves === 'with-master' && slaveOf !== undefined && ids.has(slaveOf));
    const unknown = files.filter((file) => there.has(file.fileId) && !isKnown(file) && matches(file));
    for (const file of await confirmFiles(access, part, unknown, false)) {
      yield { problem: 'orphan', fileId: file.fileId, file };
    }
    for (const fileId of there) ids.delete(fileId);
  }
  const missing = mapConcurrently(ids, ASKING, async (fileId) => {
    if (cluster && isYoung(describeLone(fileId)) && (await access.client.exists(fileId, { signal })))
      return undefined;
    return fileId;
  });
  for await (const fileId of missing) if (fileId !== undefined) yield { problem: 'missing', fileId };
}

function isFileId(text: string): boolean {
  try {
    splitFileId(text);
    return isDecodable(text);
  } catch {
    return false;
  }
}
