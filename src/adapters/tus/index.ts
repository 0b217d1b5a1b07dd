/**
 * `fastdfs-streams/tus`: a data store for `@tus/server` 2. An upload is an appender file that grows; everything about it
 * lies in the file itself and in its metadata, and nothing in this process. Several nodes may serve the same uploads if
 * they have the same `secret` and share a locker, such as `indexLocker(redisIndex(url))`.
 */
import type { Conf } from '../../client.js';
import { FdfsStore } from './store.js';
import type { FdfsStoreOptions } from './types.js';

export type { KeyEntry, KeyIndex, KeyPage, MapLike } from '../indexes/contract.js';
export { allowAnyFileName, type FileNameQuoter } from './file-names.js';
export { type IndexLockerOptions, indexLocker, type TusLock, type TusLocker } from './locker.js';
export { FdfsStore } from './store.js';
export type { FdfsStoreOptions, TusStorage, TusUpload } from './types.js';

/**
 * Returns a data store for `@tus/server`: `new Server({ path: '/files', datastore: fdfsTusStore(conf, { secret }) })`.
 * @param conf path of a `client.conf`, options, or a client; the caller of this function closes a client it passes
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsTusStore(conf: Conf, options: FdfsStoreOptions = {}): FdfsStore {
  return new FdfsStore(conf, options);
}
