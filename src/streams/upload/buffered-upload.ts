/** Uploads content that is at hand: no stream, no session, two round trips at most and one with a warm cache. */

import { onAbort } from '../../core/base/abort.js';
import type { Engine } from '../../core/cluster/engine.js';
import type { Metadata } from '../../core/model/metadata.js';
import type { Block } from '../append/block-buffer.js';
import type { Destination, Placed } from './destination.js';
import { settleUpload, Tally, takeBack, type UploadResult } from './verify.js';

export interface ContentUpload {
  verify: boolean;
  metadata: Metadata | undefined;
  signal: AbortSignal | undefined;
}

/** As long as this an aborted call waits for the removal of a file that it may already have made. */
const CLEANUP_GRACE_MS = 5_000;

export async function uploadContent(
  engine: Engine,
  destination: Destination,
  { chunks, size }: Block,
  { verify, metadata, signal }: ContentUpload,
): Promise<UploadResult> {
  signal?.throwIfAborted();
  const sending = destination.send(size === 0 ? [] : chunks, size);
  // Summed up while the storage has something to do already.
  const sent = new Tally(verify);
  for (const chunk of chunks) sent.add(chunk);
  const placed = signal ? await untilAborted(engine, sending, signal) : await sending;
  return await settleUpload(engine, placed, sent, metadata, { signal });
}

/**
 * The signal's reason wins over an answer that is still to come; the file behind that answer is removed. Where that fails
 * the error names the file, as an upload stream does it.
 */
function untilAborted(engine: Engine, sending: Promise<Placed>, signal: AbortSignal): Promise<Placed> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, (reason) => {
      const giveUp = () => reject(reason);
      const removal = sending.then(({ fileId, storage }) => takeBack(engine, fileId, storage, reason));
      engine.track(removal).then(reject, giveUp);
      setTimeout(giveUp, CLEANUP_GRACE_MS).unref();
    });
    sending
      .then(
        (placed) => !signal.aborted && resolve(placed),
        (error) => !signal.aborted && reject(error),
      )
      .finally(release);
  });
}
