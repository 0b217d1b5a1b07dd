/** Runs the content of a part into an upload. The part's stream is never destroyed: busboy would hang. */
import type { Duplex } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { FastDFSError } from '../../core/errors.js';
import type { UploadStream } from '../../index.js';
import type { EngineFile } from './types.js';

/**
 * Resolves when the file is stored and the content was whole. Otherwise it rejects, after what there was of the file
 * is gone, and lets the rest of the part run dry.
 * @param signal the upload was made with it, too
 */
export async function feed(
  file: EngineFile,
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

/** Resolves at the end of the content. Over the limit, busboy ends it like any other, and says so only here. */
function contentOf(file: EngineFile, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    file.stream.once('end', () => {
      signal.removeEventListener('abort', stop);
      if (file.stream.truncated) reject(tooLarge(file));
      else resolve();
    });
  });
}

/** Has the code of multer's own error, which handlers look for: multer misses the event in some of its versions. */
function tooLarge({ fieldname }: EngineFile): FastDFSError {
  return Object.assign(new FastDFSError('LIMIT_FILE_SIZE', 'File too large'), { field: fieldname });
}
