/** Whether a file is gone for good, or cannot be asked about at the moment. Adapters tell their users the one or the other. */
import type { FastDFSClient } from '../../client.js';
import { isAbsent, isNotFound } from '../../core/base/errors.js';
import { splitFileId } from '../../core/model/file-id.js';
import { FastDFSAdmin } from '../../index.js';

/**
 * True when there is no such file: a storage has said so, or there is no such group. Trackers say "not found" of a group
 * that they do not know, and of one without a storage to ask; the list of groups tells the two apart.
 */
export async function isGone(client: FastDFSClient, error: unknown, fileId: string): Promise<boolean> {
  if (!isNotFound(error)) return false;
  if (isAbsent(error)) return true;
  return await new FastDFSAdmin(client).getGroup(splitFileId(fileId).group).then(() => false, isNotFound);
}
