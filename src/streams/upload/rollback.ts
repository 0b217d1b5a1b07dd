/** One upload under way, whatever its way of getting there: bytes in, one file out, or nothing at all. */

import type { Engine } from '../../core/cluster/engine.js';
import type { Placed } from './destination.js';

/** What became of the file of an upload that was given up. */
export interface Aborted {
  /** There was one, and it is gone. */
  removed: boolean;
  /** There is one, and it could not be removed. */
  orphan?: string;
}

export interface UploadSession {
  /** Hears of a failure when it happens, whether or not anybody writes. What {@link write} and {@link finish} tell is the same. */
  onFailure: ((error: unknown) => void) | undefined;
  /** Takes content. Calls back when there is room for more, or with what went wrong. */
  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void;
  /** All content has been written; resolves when the storage has confirmed the file. */
  finish(): Promise<Placed>;
  /** Ends the upload and removes what there is of it. Never rejects. */
  abort(reason: unknown): Promise<Aborted>;
}

/** Removes the file that an upload has made, if any. */
export async function removePlaced(engine: Engine, placed: Placed | undefined): Promise<Aborted> {
  if (!placed) return { removed: false };
  const outcome = await engine.discard(placed.fileId, placed.storage);
  return outcome === 'left' ? { removed: false, orphan: placed.fileId } : { removed: outcome === 'removed' };
}
