/**
 * The state that the files of one request share: as soon as one of them fails, or the client leaves, none of them may stay.
 * Multer ensures that only in part, and each version another part.
 */
import type { Readable } from 'node:stream';
import { raceAbort } from '../../core/base/abort.js';
import { FastDFSError, NetworkError } from '../../core/base/errors.js';
import { PartReader } from '../shared/part-reader.js';
import type { EngineFile } from './types.js';

export class RequestState {
  readonly #controller = new AbortController();
  readonly #stored = new Set<string>();
  readonly #removals = new Map<string, Promise<void>>();
  readonly #remove: (fileId: string) => Promise<void>;

  constructor(req: Readable, remove: (fileId: string) => Promise<void>) {
    this.#remove = remove;
    const check = () => {
      if (!leftEarly(req)) return;
      this.fail(
        new NetworkError('FASTDFS_REQUEST_ABORTED', 'The client left before its request was complete'),
      );
      // Versions before 2.1 leave files that were complete by then.
      for (const fileId of this.#stored) this.remove(fileId).catch(() => undefined);
    };
    // 'aborted' comes first: between the two events a file could become complete.
    req.once('aborted', check);
    req.once('close', check);
    check();
  }

  /** Aborts when the request has failed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Fails the request; the first reason counts. */
  fail(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Opens the content of a part. When that breaks off or is over the limit, the request fails. */
  open(file: EngineFile): PartReader {
    const part = PartReader.open(file.stream, { signal: this.signal, tooLarge: () => tooLarge(file) });
    part.ended.catch((error) => this.fail(error));
    return part;
  }

  /** Waits for what users' functions do, but not longer than the request lives. */
  race<T>(work: T | Promise<T>): T | Promise<T> {
    if (work instanceof Promise) return raceAbort(work, this.signal);
    this.signal.throwIfAborted();
    return work;
  }

  /** Records a file that multer is about to be given. */
  keep(fileId: string): void {
    this.#stored.add(fileId);
  }

  /** Removes a file, once, however often it is called. A file that does not exist is no error. */
  remove(fileId: string): Promise<void> {
    let removal = this.#removals.get(fileId);
    if (!removal) {
      removal = this.#remove(fileId);
      this.#removals.set(fileId, removal);
    }
    return removal;
  }

  /**
   * Removes several files.
   * @throws the first failure, after all have been tried
   */
  async removeAll(fileIds: readonly string[]): Promise<void> {
    const removals = fileIds.map((fileId) => this.remove(fileId));
    await Promise.allSettled(removals);
    await Promise.all(removals);
  }
}

/** The end of a body that was never read (some platforms pass it in another way) says nothing. */
function leftEarly(req: Readable): boolean {
  return req.readableAborted && req.readableDidRead;
}

/** The error looks like multer's own, which handlers know by `name`, `code` and `field`: some of its versions miss the event. */
function tooLarge({ fieldname }: EngineFile): FastDFSError {
  const error = new FastDFSError('FASTDFS_TRUNCATED', 'File too large');
  const like = { name: 'MulterError', code: 'LIMIT_FILE_SIZE', field: fieldname };
  for (const [key, value] of Object.entries(like)) {
    Object.defineProperty(error, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: key !== 'name',
    });
  }
  return error;
}
