/** Maps errors of requests for a file to HTTP status codes. */
import type { FastDFSClient } from '../../client.js';
import {
  ClosedError,
  FastDFSError,
  isNotFound,
  NetworkError,
  ServerError,
  TimeoutError,
} from '../../core/base/errors.js';
import { isMissing } from './is-missing.js';

/** Status bytes of a storage that may serve the same request a moment later: busy, out of memory, not ACTIVE, timed out. */
const TRANSIENT = new Set([12, 16, 64, 110]);

/**
 * Returns 404 where there is no such file, 503 where the cluster cannot be asked at the moment, 502 where it answered with
 * something that makes no sense, and 500 for anything else.
 */
export async function resolveHttpStatus(
  client: FastDFSClient,
  error: unknown,
  fileId: string,
): Promise<number> {
  if (isNotFound(error)) return (await isMissing(client, error, fileId)) ? 404 : 503;
  if (error instanceof ServerError) return TRANSIENT.has(error.serverStatus) ? 503 : 502;
  if (error instanceof NetworkError || error instanceof TimeoutError || error instanceof ClosedError)
    return 503;
  return error instanceof FastDFSError ? 502 : 500;
}
