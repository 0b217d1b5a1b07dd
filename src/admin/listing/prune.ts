/** Removes old files, and slaves with their masters; by default only says what it would remove. */
import { ArgumentError, isAbsent } from '../../core/base/errors.js';
import {
  booleanOption,
  type Checks,
  checkOptions,
  functionOption,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import { MAX_TIMER_MS } from '../../core/model/limits.js';
import type { ClusterAccess } from '../access.js';
import { adminChecks } from '../checks.js';
import { mapConcurrently } from '../concurrent.js';
import type { AdminOptions } from '../types.js';
import { createFilter, filterChecks } from './filter.js';
import { confirmFiles, readParts } from './parts.js';
import type { FileFilter, ListedFile } from './types.js';

/** Options of `prune()`. */
export interface PruneOptions extends AdminOptions, Omit<FileFilter, 'olderThan'> {
  /** Only files created before this moment: a Date, or an age such as `'90d'`. Required. */
  olderThan: Date | string;
  /** Only this group. Default: all. */
  group?: string | undefined;
  /** Remove nothing, only report. Default true. */
  dryRun?: boolean | undefined;
  /** Files to remove at a time. Default 8. */
  concurrency?: number | undefined;
  /** Milliseconds without a byte after which the listing of a storage is given up. Default 120000. */
  silenceTimeoutMs?: number | undefined;
  /** Called for each file that was removed, or would be. Default: none. */
  onFile?: ((file: ListedFile) => void) | undefined;
}

/** What `prune()` has removed, or would remove. */
export interface PruneReport {
  /** Nothing was removed. */
  readonly dryRun: boolean;
  /** The files, slaves before their masters. */
  readonly fileIds: readonly string[];
  /** Bytes of those files whose id says their size. */
  readonly bytes: number;
  /** Files that could not be removed, and why. */
  readonly failures: ReadonlyArray<{ readonly fileId: string; readonly error: Error }>;
}

const DEFAULT_CONCURRENCY = 8;

const pruneChecks: Checks<PruneOptions> = {
  ...adminChecks,
  ...filterChecks,
  group: stringOption,
  dryRun: booleanOption,
  concurrency: integerOption(1, 64),
  silenceTimeoutMs: integerOption(1, MAX_TIMER_MS),
  onFile: functionOption,
};

/** @throws ArgumentError for a wrong option, before anything is read */
export async function prune(access: ClusterAccess, options: PruneOptions): Promise<PruneReport> {
  checkOptions('prune()', options, pruneChecks);
  if (options?.olderThan === undefined) {
    throw new ArgumentError("prune() needs `olderThan`: a Date, or an age such as '90d'");
  }
  if (options.group !== undefined) checkGroup(options.group);
  const {
    group,
    tracker,
    signal,
    silenceTimeoutMs,
    dryRun = true,
    concurrency = DEFAULT_CONCURRENCY,
  } = options;
  const matches = createFilter(options);
  const fileIds: string[] = [];
  const failures: Array<{ fileId: string; error: Error }> = [];
  let bytes = 0;
  const accept = (file: ListedFile) => {
    fileIds.push(file.fileId);
    bytes += file.size ?? 0;
    options.onFile?.(file);
  };
  for await (const part of readParts(access, group, { tracker, signal, silenceTimeoutMs }, [])) {
    const chosen = choose(part.files, matches, options.kind === 'slave');
    const files = await confirmFiles(access, part, chosen, undefined);
    if (dryRun) {
      for (const file of files) accept(file);
      continue;
    }
    // A master stays while one of its slaves could not be removed, so that the next run finds both.
    const kept = new Set<string | undefined>();
    for (const batch of [files.filter(isSlaveOf), files.filter((file) => !isSlaveOf(file))]) {
      const removable = batch.filter(({ fileId }) => !kept.has(fileId));
      const removed = mapConcurrently(removable, concurrency, (file) => remove(access, file, part.signal));
      for await (const { file, error } of removed) {
        if (!error) accept(file);
        else {
          failures.push({ fileId: file.fileId, error });
          kept.add(file.slaveOf);
        }
      }
    }
  }
  return { dryRun, fileIds, bytes, failures };
}

function isSlaveOf({ slaveOf }: ListedFile): boolean {
  return slaveOf !== undefined;
}

/** Slaves go with their master; alone only where slaves are asked for, or where the master has been removed before. */
function choose(
  files: readonly ListedFile[],
  matches: (file: ListedFile) => boolean,
  onlySlaves: boolean,
): ListedFile[] {
  if (onlySlaves) return files.filter(matches);
  const masters = new Set<string>();
  for (const file of files) if (file.slaveOf === undefined && matches(file)) masters.add(file.fileId);
  const slaves = files.filter(({ slaveOf }) => slaveOf !== undefined && masters.has(slaveOf));
  return [...slaves, ...files.filter(({ fileId }) => masters.has(fileId))];
}

async function remove(
  { client }: ClusterAccess,
  file: ListedFile,
  signal: AbortSignal,
): Promise<{ file: ListedFile; error?: Error }> {
  try {
    await client.delete(file.fileId, { signal });
    return { file };
  } catch (error) {
    if (isAbsent(error)) return { file };
    signal.throwIfAborted();
    return { file, error: error as Error };
  }
}
