/** Uploads content that is in memory: no stream, no session, two round trips at most. */
import { onAbort } from '../../core/base/abort.js';
import { reportProgress } from '../../core/base/progress.js';
import type { Engine } from '../../core/cluster/engine.js';
import type { Block } from '../append/block-buffer.js';
import { assertContentSize, type UploadOptions } from './options.js';
import { planUpload, type SlaveTarget } from './plan.js';
import { type Placed, rollbackFor, waitWithGrace } from './rollback.js';
import { ContentDigest, complete, type UploadResult } from './verify.js';

export async function uploadBlock(
  engine: Engine,
  { chunks, size }: Block,
  options: UploadOptions,
  slave?: SlaveTarget,
): Promise<UploadResult> {
  const { metadata, verify, destination } = planUpload(engine, options, slave);
  assertContentSize(options, size);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const sending = destination(signal).send(size === 0 ? [] : chunks, size);
  // Computed while the request is on its way.
  const sent = new ContentDigest(engine, verify);
  for (const chunk of chunks) sent.add(chunk);
  const placed = signal ? await settleOrAbort(engine, sending, signal) : await sending;
  const onVerified = () => reportOnce(onProgress, size);
  return await complete(engine, placed, sent, { metadata, signal, onVerified });
}

/** @throws what `onProgress` throws */
async function reportOnce(onProgress: UploadOptions['onProgress'], size: number): Promise<void> {
  if (!onProgress) return;
  await new Promise<void>((resolve, reject) => {
    reportProgress(onProgress, size, size, reject);
    resolve();
  });
}

/**
 * The signal's reason wins over an answer that is still to come; the file behind that answer is removed. Where that fails
 * the error names the file, as that of an upload stream does.
 */
function settleOrAbort(engine: Engine, sending: Promise<Placed>, signal: AbortSignal): Promise<Placed> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, (reason) => {
      const removal = engine.track(
        sending.then(
          (placed) => rollbackFor(engine, placed, reason),
          () => reason,
        ),
      );
      waitWithGrace(removal).then((error) => reject(error ?? reason), reject);
    });
    sending
      .then(
        (placed) => !signal.aborted && resolve(placed),
        (error) => !signal.aborted && reject(error),
      )
      .finally(release);
  });
}
