/** Runs the content of a part into an upload. The part's stream is never destroyed: busboy would hang. */
import type { Duplex } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { onAbort } from '../../core/base/abort.js';
import type { UploadStream } from '../../index.js';
import { tooLarge } from './beginning.js';
import type { EngineFile } from './types.js';

/**
 * Resolves when the file is stored and the content was whole. Otherwise it rejects, after what there was of the file
 * is gone, and lets the rest of the part run dry.
 * @param beginning what has been read of the part already
 * @param signal the upload was made with it, too
 */
export async function feed(
  file: EngineFile,
  beginning: readonly Buffer[],
  transforms: readonly Duplex[],
  upload: UploadStream,
  signal: AbortSignal,
): Promise<void> {
  const source = file.stream;
  const chain = [...transforms, upload];
  const first = chain[0]!;
  upload.on('error', () => undefined);
  const whole = contentOf(file, signal);
  const stored = transforms.length === 0 ? finished(upload) : pipeline(chain);
  // A transform may have enough before the part ends: whether the part is whole must be awaited all the same.
  stored.then(
    () => drain(file),
    () => drain(file),
  );
  whole.then(
    () => first.end(),
    (error) => first.destroy(error),
  );
  for (const chunk of beginning) first.write(chunk);
  source.pipe(first, { end: false });
  try {
    await Promise.all([whole, stored]);
  } catch (error) {
    drain(file);
    upload.destroy(error as Error);
    if (!upload.closed) await new Promise((resolve) => upload.once('close', resolve));
    throw error;
  }
}

/** Throws away what is left of a part, so that the form goes on. */
export function drain({ stream }: EngineFile): void {
  stream.unpipe();
  stream.resume();
}

/** Resolves at the end of the content, which may have come with the last piece of its beginning. */
function contentOf(file: EngineFile, signal: AbortSignal): Promise<void> {
  const { stream } = file;
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, reject);
    const end = () => {
      release();
      if (stream.truncated) reject(tooLarge(file));
      else resolve();
    };
    if (stream.readableEnded) end();
    else stream.once('end', end);
  });
}
