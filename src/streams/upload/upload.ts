/** Uploads any source: from memory at once, everything else through an upload stream. */

import { onAbort } from '../../core/base/abort.js';
import { type OnProgress, reportProgress } from '../../core/base/progress.js';
import { checkPath } from '../../core/base/validate.js';
import type { Engine } from '../../core/cluster/engine.js';
import type { Block } from '../append/block-buffer.js';
import { openLocalFile, READ_BYTES, readContent } from './local-file.js';
import {
  assertContentSize,
  checkUploadOptions,
  type SlaveTarget,
  type UploadOptions,
  UploadPlan,
} from './plan.js';
import { describeRollback, type Placed, rollbackPending, waitWithGrace } from './rollback.js';
import { feed, measureSource, readName, type Source, type WriteContent } from './source.js';
import { UploadStream } from './upload-stream.js';
import { ContentDigest, complete, type UploadResult } from './verify.js';

export function uploadSource(
  engine: Engine,
  source: Source,
  options: UploadOptions,
  slave?: SlaveTarget,
): Promise<UploadResult> {
  const block = readMemory(source);
  return block === undefined
    ? uploadStreamed(engine, source, options, slave)
    : uploadBlock(engine, block, options, slave);
}

async function uploadStreamed(
  engine: Engine,
  source: Source,
  options: UploadOptions,
  slave: SlaveTarget | undefined,
): Promise<UploadResult> {
  const { size, filename } = options;
  const length = size === undefined ? measureSource(source) : undefined;
  const known = { ...options, size: size ?? length?.bytes, filename: filename ?? readName(source) };
  const create = () => new UploadStream(engine, known, slave);
  const stream = await feed(source, create, length?.ignoreMore ? length.bytes : undefined);
  return stream.result!;
}

/** Returns the content itself, if it is in memory. */
export function readMemory(source: Source): Block | undefined {
  const content = typeof source === 'string' ? Buffer.from(source) : source;
  if (content instanceof Uint8Array) return { chunks: [content], size: content.length };
  if (!Array.isArray(content) || !content.every((item) => item instanceof Uint8Array)) return undefined;
  return { chunks: [...content], size: content.reduce((sum, { length }) => sum + length, 0) };
}

/** Of a file that grows while it is read only the bytes go that were there when it was opened; one that shrinks fails. */
export async function uploadLocalFile(
  engine: Engine,
  source: string | URL,
  options: UploadOptions,
): Promise<UploadResult> {
  checkUploadOptions(options);
  const path = checkPath('path', source);
  const { file, mayBlock, size } = await openLocalFile(path, options.signal);
  try {
    const known = options.size ?? size;
    const named = { ...options, filename: options.filename ?? path, size: known };
    // A size that the caller gave is a promise: then the file is read to its end.
    const wanted = options.size === undefined ? known : Number.POSITIVE_INFINITY;
    const position = mayBlock ? {} : { start: 0 };
    const content =
      wanted === undefined || mayBlock
        ? file.createReadStream({ highWaterMark: READ_BYTES, autoClose: false, ...position })
        : (write: WriteContent) => readContent(file, wanted, 0, write);
    const stream = await feed(content, () => new UploadStream(engine, named));
    return stream.result!;
  } finally {
    const closing = file.close();
    // A read that waits for another process would keep a failed call waiting, too.
    if (mayBlock) closing.catch(() => undefined);
    else await closing;
  }
}

/** Uploads content that is in memory: no stream, no session, two round trips at most. */
export async function uploadBlock(
  engine: Engine,
  { chunks, size }: Block,
  options: UploadOptions,
  slave?: SlaveTarget,
): Promise<UploadResult> {
  const plan = new UploadPlan(engine, options, slave);
  assertContentSize(options, size);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const sending = plan.destination(signal).send(size === 0 ? [] : chunks, size);
  // Computed while the request is on its way.
  const sent = new ContentDigest(engine, plan.verify);
  sent.addAll(chunks);
  const placed = signal ? await settleOrAbort(engine, sending, signal) : await sending;
  const onVerified = onProgress && (() => reportOnce(onProgress, size));
  return await complete(engine, placed, sent, { metadata: plan.metadata, signal, onVerified });
}

/** @throws what `onProgress` throws */
async function reportOnce(onProgress: OnProgress, size: number): Promise<void> {
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
      const removal = engine.track(rollbackPending(engine, sending));
      waitWithGrace(removal).then((result) => reject(describeRollback(reason, result)), reject);
    });
    sending
      .then(
        (placed) => !signal.aborted && resolve(placed),
        (error) => !signal.aborted && reject(error),
      )
      .finally(release);
  });
}
