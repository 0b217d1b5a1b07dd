/** Takes the beginning of a part into memory: most files of forms end in it, and then need no stream. */
import { onAbort } from '../../core/base/abort.js';
import { FastDFSError } from '../../core/base/errors.js';
import type { EngineFile } from './types.js';

export interface Beginning {
  readonly chunks: readonly Buffer[];
  /** The part has ended: this is all of it. */
  readonly whole: boolean;
}

/**
 * Reads until the part ends, or until more than `limit` bytes have come; then the part is paused. Rejects when the part is over
 * its own limit, or with the signal's reason; what is left of the part is the caller's affair.
 */
export function beginningOf(file: EngineFile, limit: number, signal: AbortSignal): Promise<Beginning> {
  const { stream } = file;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = () => {
      stream.off('data', onData);
      stream.off('end', onEnd);
      release();
    };
    const onData = (given: Buffer | string) => {
      // Whoever puts a stream of their own into the place of the part's may send text.
      const chunk = typeof given === 'string' ? Buffer.from(given) : given;
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= limit) return;
      stream.pause();
      settle();
      resolve({ chunks, whole: false });
    };
    const onEnd = () => {
      settle();
      if (stream.truncated) reject(tooLarge(file));
      else resolve({ chunks, whole: true });
    };
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const release = onAbort(signal, (reason) => {
      settle();
      reject(reason);
    });
    stream.on('end', onEnd);
    stream.on('data', onData);
  });
}

/**
 * Over the limit busboy ends a part like any other, and says so only by `truncated`. The error has the code of multer's own,
 * which handlers look for: multer misses the event in some of its versions.
 */
export function tooLarge({ fieldname }: EngineFile): FastDFSError {
  const error = new FastDFSError('FASTDFS_TRUNCATED', 'File too large');
  return Object.defineProperty(Object.assign(error, { field: fieldname }), 'code', {
    value: 'LIMIT_FILE_SIZE',
  });
}
