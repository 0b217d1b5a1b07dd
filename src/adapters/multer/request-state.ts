/**
 * What the files of one request have in common: as soon as one of them fails, or the client leaves, none of them may
 * stay. Multer sees to that only in part, and each version to another part, so it is seen to here.
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
      // Versions before 2.1 do not look after files that were complete by then.
      for (const fileId of this.#stored) this.remove(fileId).catch(() => undefined);
    };
    // 'aborted' comes first: between the two events a file could become complete.
    req.once('aborted', check);
    req.once('close', check);
    check();
  }

  /** Fires when the request has failed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first reason counts. */
  fail(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Opens the content of a part. When that breaks off or is over the limit, the request fails. */
  read(file: EngineFile): PartReader {
    const part = PartReader.open(file.stream, { signal: this.signal, tooLarge: () => tooLarge(file) });
    part.ended.catch((error) => this.fail(error));
    return part;
  }

  /** What users' functions do is waited for, but not longer than the request lives. */
  race<T>(work: T | Promise<T>): T | Promise<T> {
    if (work instanceof Promise) return raceAbort(work, this.signal);
    this.signal.throwIfAborted();
    return work;
  }

  /** Multer is about to learn of this file. */
  keep(fileId: string): void {
    this.#stored.add(fileId);
  }

  /** Removes a file, once, whoever asks. A file that is gone already is no error. */
  remove(fileId: string): Promise<void> {
    let removal = this.#removals.get(fileId);
    if (!removal) {
      removal = this.#remove(fileId);
      this.#removals.set(fileId, removal);
    }
    return removal;
  }
}

/** A body that nobody reads (some platforms hand it over in another way) tells nothing by its end. */
function leftEarly(req: Readable): boolean {
  return req.readableAborted && req.readableDidRead;
}

/** The error has the code of multer's own, which handlers look for: multer misses the event in some of its versions. */
function tooLarge({ fieldname }: EngineFile): FastDFSError {
  const error = new FastDFSError('FASTDFS_TRUNCATED', 'File too large');
  return Object.defineProperty(Object.assign(error, { field: fieldname }), 'code', {
    value: 'LIMIT_FILE_SIZE',
  });
}
