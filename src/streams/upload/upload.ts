/** Uploads any source: from memory at once, everything else through an upload stream. */
import type { Engine } from '../../core/cluster/engine.js';
import { uploadBlock } from './buffered-upload.js';
import { openLocalFile, READ_BYTES, readContent } from './local-file.js';
import { checkUploadOptions, type UploadOptions } from './options.js';
import type { SlaveTarget } from './plan.js';
import { feed, measureSource, readMemory, readName, type Source, type WriteContent } from './source.js';
import { UploadStream } from './upload-stream.js';
import type { UploadResult } from './verify.js';

export async function uploadSource(
  engine: Engine,
  source: Source,
  options: UploadOptions,
  slave?: SlaveTarget,
): Promise<UploadResult> {
  const block = readMemory(source);
  if (block !== undefined) return await uploadBlock(engine, block, options, slave);
  const { size, filename } = options;
  const length = size === undefined ? await measureSource(source) : undefined;
  const known = { ...options, size: size ?? length?.bytes, filename: filename ?? readName(source) };
  const create = () => new UploadStream(engine, known, slave);
  const stream = await feed(source, create, length?.ignoreMore ? length.bytes : undefined);
  return stream.result!;
}

/** Of a file that grows while it is read only the bytes go that were there when it was opened; one that shrinks fails. */
export async function uploadLocalFile(
  engine: Engine,
  path: string,
  options: UploadOptions,
): Promise<UploadResult> {
  checkUploadOptions(options);
  const { file, mayBlock, size } = await openLocalFile(path, options.signal);
  try {
    const known = options.size ?? size;
    const named = { ...options, filename: options.filename ?? path, size: known };
    // A size that the caller gave is a promise: then the file is read to its end.
    const wanted = options.size === undefined ? known : Number.POSITIVE_INFINITY;
    const position = mayBlock ? {} : { start: 0 };
    const source =
      wanted === undefined || mayBlock
        ? file.createReadStream({ highWaterMark: READ_BYTES, autoClose: false, ...position })
        : (write: WriteContent) => readContent(file, wanted, 0, write);
    const stream = await feed(source, () => new UploadStream(engine, named));
    return stream.result!;
  } finally {
    const closing = file.close();
    // A read that waits for another process would keep a failed call waiting, too.
    if (mayBlock) closing.catch(() => undefined);
    else await closing;
  }
}
