/** What an upload that fails leaves: its file is removed, and the error says what became of it. */
import { FastDFSError, NetworkError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import type { Address } from '../../core/model/address.js';

/** A file that a storage has made. */
export interface Placed {
  readonly fileId: string;
  readonly storage: Address;
}

/** What became of the file of an upload that failed. */
export interface RollbackResult {
  /** There was one, and it has been removed. */
  removed: boolean;
  /** There is one, and it could not be removed. */
  orphan?: string;
  /** There may be one: its request was complete, and the answer with its id was lost. */
  maybeApplied?: boolean;
}

/**
 * How long a failed call waits for the removal of its file, in milliseconds. A storage that hangs must not hang its
 * caller; the removal goes on in the background.
 */
const ROLLBACK_GRACE_MS = 5_000;

/** Removes the file of an upload, if there is one. Never rejects. */
export async function rollback(engine: Engine, placed: Placed | undefined): Promise<RollbackResult> {
  if (!placed) return { removed: false };
  const outcome = await engine.discard(placed.fileId, placed.storage);
  return outcome === 'left' ? { removed: false, orphan: placed.fileId } : { removed: outcome === 'removed' };
}

/** Waits for the answer to an upload that is given up, and removes the file that it names. Never rejects. */
export async function rollbackPending(engine: Engine, sending: Promise<Placed>): Promise<RollbackResult> {
  try {
    return await rollback(engine, await sending);
  } catch (error) {
    return { removed: false, maybeApplied: isMaybeApplied(error) };
  }
}

export function isMaybeApplied(error: unknown): boolean {
  return error instanceof FastDFSError && error.maybeApplied;
}

/** Removes the file and returns the error that the call fails with. */
export async function rollbackFor(engine: Engine, placed: Placed, error: unknown): Promise<unknown> {
  return describeRollback(error, await rollback(engine, placed));
}

/** Waits for a rollback, but not for longer than {@link ROLLBACK_GRACE_MS}; the file may still be there then. */
export function waitWithGrace(rollback: Promise<RollbackResult>): Promise<RollbackResult> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ROLLBACK_GRACE_MS, { removed: false, maybeApplied: true });
    rollback.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Returns the error with what became of the file. A file that could not be removed is named: by the error itself, or, where
 * that is not an error of this package or names the file of another upload already, by a new one around it.
 */
export function describeRollback(error: unknown, result: RollbackResult): unknown {
  if (error instanceof FastDFSError) {
    if (result.removed) error.maybeApplied = false;
    if (result.maybeApplied) error.maybeApplied = true;
  }
  const orphan = result.orphan;
  if (orphan === undefined) return error;
  if (error instanceof FastDFSError && (error.orphan ?? orphan) === orphan) {
    error.orphan = orphan;
    return error;
  }
  return new NetworkError(
    'FASTDFS_ORPHAN',
    `The upload failed, and its file ${orphan} could not be removed`,
    {
      orphan,
      fileId: orphan,
      cause: error ?? undefined,
    },
  );
}
