/** One upload under way, whatever its way of getting there: bytes in, one file out, or nothing at all. */
import type { Placed } from '../core/destination.js';

export interface UploadSession {
  /** Takes content. Calls back when there is room for more, or with what went wrong. */
  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void;
  /** All content has been written; resolves when the storage has confirmed the file. */
  finish(): Promise<Placed>;
  /**
   * Ends the upload and removes what there is of it. Never rejects.
   * @returns the file that could not be removed, if any
   */
  abort(reason: unknown): Promise<string | undefined>;
}
