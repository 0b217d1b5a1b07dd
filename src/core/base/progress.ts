/** Progress of a transfer, as callers see it. */

/** How far a transfer has got. */
export interface Progress {
  /** Content bytes so far: handed to a storage, or received from one. */
  transferred: number;
  /** Content bytes in all, where that is known. */
  total?: number;
}

/** Receives how far a transfer has got. */
export type OnProgress = (progress: Progress) => void;

/**
 * Calls `onProgress`, if there is one.
 * @param fail receives what it throws, or what a promise that it returns rejects with
 */
export function reportProgress(
  onProgress: OnProgress | undefined,
  transferred: number,
  total: number | undefined,
  fail: (error: unknown) => void,
): void {
  if (!onProgress) return;
  try {
    const returned: unknown = onProgress(total === undefined ? { transferred } : { transferred, total });
    if (returned instanceof Promise) returned.catch(fail);
  } catch (error) {
    fail(error);
  }
}
