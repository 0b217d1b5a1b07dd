/** One upload under way, whichever way its content goes: bytes in, one file out, or nothing at all. */
import type { Placed, RollbackResult } from './rollback.js';

export interface UploadSession {
  /** Takes content. Calls back when it can take more, or with the error that ended the upload. */
  write(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void;
  /** All content has been written; resolves when the storage has confirmed the file. */
  finish(): Promise<Placed>;
  /** Ends the upload and removes what there is of it. Never rejects. */
  rollback(reason: unknown): Promise<RollbackResult>;
}

/** What a session reports while it runs. */
export interface UploadEvents {
  /** It has failed. The next {@link UploadSession.write} fails, too, but may be far away. */
  onFailure(error: unknown): void;
  /** So many content bytes have been handed to the storage, of `total` where that is known. */
  onSent(transferred: number, total?: number): void;
}
