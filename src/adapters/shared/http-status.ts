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
/** Status byte for names that no file of a storage can have, e.g. of a store path that it does not have. */
const REFUSED_NAME = 22;

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
  if (isRefusedName(error)) return await resolveRefusal(client, fileId);
  if (error instanceof ServerError) return TRANSIENT.has(error.serverStatus) ? 503 : 502;
  if (error instanceof NetworkError || error instanceof TimeoutError || error instanceof ClosedError)
    return 503;
  return error instanceof FastDFSError ? 502 : 500;
}

/** Returns true when a storage refused a name, or a range of a file that has become shorter. */
export function isRefusedName(error: unknown): boolean {
  return error instanceof ServerError && error.serverStatus === REFUSED_NAME;
}

/** The storage knows a file that has become shorter, and no file by a name that it refuses. */
async function resolveRefusal(client: FastDFSClient, fileId: string): Promise<number> {
  try {
    await client.stat(fileId, { source: 'server' });
    return 503;
  } catch (error) {
    return isRefusedName(error) ? 404 : await resolveHttpStatus(client, error, fileId);
  }
}
