/** Distinguishes a file that does not exist from one that no storage can be asked about at the moment. */
import type { FastDFSClient } from '../../client.js';
import { isAbsent, isNotFound } from '../../core/base/errors.js';
import { splitFileId } from '../../core/model/file-id.js';
import { FastDFSAdmin } from '../../index.js';

/**
 * Returns true when the error proves that there is no such file: a storage says so, or there is no such group. Trackers answer
 * "not found" both for a group that they do not know and for one without an ACTIVE storage; the list of groups
 * distinguishes the two.
 */
export async function isMissing(client: FastDFSClient, error: unknown, fileId: string): Promise<boolean> {
  if (!isNotFound(error)) return false;
  if (isAbsent(error)) return true;
  return await new FastDFSAdmin(client).getGroup(splitFileId(fileId).group).then(() => false, isNotFound);
}
