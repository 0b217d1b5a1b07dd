/** Removes files: one, or many at once. PROTOCOL: delete file. */
import { FastDFSError, isAbsent } from '../base/errors.js';
import {
  booleanOption,
  CALL_OPTIONS,
  type CallOptions,
  type Checks,
  checkOptions,
  integerOption,
} from '../base/validate.js';
import type { Engine } from '../cluster/engine.js';
import { splitFileId } from '../model/file-id.js';
import { MAX_CONCURRENCY } from '../model/limits.js';
import { deleteFile as deleteCommand } from '../protocol/storage-commands.js';

/** How a file is deleted. */
export interface DeleteOptions extends CallOptions {
  /** A file that does not exist is no error. Default false. */
  ignoreNotFound?: boolean | undefined;
}

/** How many files are deleted. */
export interface DeleteManyOptions extends CallOptions {
  /** Most deletions at a time. Default 16. */
  concurrency?: number | undefined;
}

/** What became of one of many files: why it could not be deleted, where it could not. */
export type DeleteOutcome = 'deleted' | 'absent' | FastDFSError;

const DELETE_OPTIONS: Checks<DeleteOptions> = { ...CALL_OPTIONS, ignoreNotFound: booleanOption };
const DELETE_MANY_OPTIONS: Checks<DeleteManyOptions> = {
  ...CALL_OPTIONS,
  concurrency: integerOption(1, MAX_CONCURRENCY),
};
const DEFAULT_CONCURRENCY = 16;

export async function deleteFile(
  engine: Engine,
  fileId: string,
  options: DeleteOptions | undefined,
): Promise<void> {
  checkOptions('delete()', options, DELETE_OPTIONS);
  try {
    await deleteOne(engine, fileId, options);
  } catch (error) {
    if (!(options?.ignoreNotFound && isAbsent(error))) throw error;
  }
}

export async function deleteMany(
  engine: Engine,
  fileIds: Iterable<string> | AsyncIterable<string>,
  options: DeleteManyOptions | undefined,
): Promise<Map<string, DeleteOutcome>> {
  checkOptions('deleteMany()', options, DELETE_MANY_OPTIONS);
  const { concurrency = DEFAULT_CONCURRENCY, signal } = options ?? {};
  const outcomes = new Map<string, DeleteOutcome>();
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  for await (const fileId of fileIds) {
    signal?.throwIfAborted();
    if (failure) break;
    if (outcomes.has(fileId)) continue;
    // Holds the place in the order of the ids, and keeps an id that comes twice from being deleted twice.
    outcomes.set(fileId, 'absent');
    const work: Promise<void> = attempt(engine, fileId, signal)
      .then((outcome) => void outcomes.set(fileId, outcome))
      .catch((error) => {
        failure ??= { error };
      })
      .finally(() => running.delete(work));
    running.add(work);
    if (running.size >= concurrency) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
  return outcomes;
}

/** @throws the signal's reason, and nothing else */
async function attempt(
  engine: Engine,
  fileId: string,
  signal: AbortSignal | undefined,
): Promise<DeleteOutcome> {
  try {
    await deleteOne(engine, fileId, { signal });
    return 'deleted';
  } catch (error) {
    if (isAbsent(error)) return 'absent';
    if (error instanceof FastDFSError && !signal?.aborted) return error;
    throw error;
  }
}

async function deleteOne(engine: Engine, fileId: string, options: CallOptions | undefined): Promise<void> {
  const name = splitFileId(fileId);
  await engine.callAtSource(name, deleteCommand, name, { signal: options?.signal, fileId });
}
