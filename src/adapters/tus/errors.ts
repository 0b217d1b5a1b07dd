/** What a tus server answers for errors: the client learns a status and general words, the hook `onResponseError` everything. */
import { ERRORS } from '@tus/server';
import type { FastDFSClient } from '../../client.js';
import { FastDFSError } from '../../core/base/errors.js';
import { isMissing } from '../shared/is-missing.js';

const BODIES: Readonly<Record<number, string>> = {
  413: 'The upload is too large\n',
  503: 'The storage is not available, try again later\n',
  507: 'The storage is full\n',
};

/**
 * Returns the error as `@tus/server` takes it: 404 where there is no such file, so that the client starts over; 503 where the
 * cluster cannot be asked, and the client tries again; 507 without space; else 500.
 * @param fallback gives the words for 500
 */
export async function toTusError(
  client: FastDFSClient,
  error: unknown,
  fallback: 'UNKNOWN_ERROR' | 'FILE_WRITE_ERROR',
  fileId?: string,
): Promise<unknown> {
  if (fileId !== undefined && (await isMissing(client, error, fileId))) return ERRORS.FILE_NOT_FOUND;
  if (!(error instanceof FastDFSError)) return error;
  const body = BODIES[error.status];
  return Object.assign(error, body ? { status_code: error.status, body } : ERRORS[fallback]);
}

/** Returns the error for an index that fails: the client tries again. */
export function toIndexError(error: unknown): FastDFSError {
  const { message } = error as Error;
  const failure = new FastDFSError('FASTDFS_INDEX', `The index of the tus store failed: ${message}`, {
    cause: error,
    retryable: true,
  });
  return Object.assign(failure, { status: 503, statusCode: 503, status_code: 503, body: BODIES[503] });
}
