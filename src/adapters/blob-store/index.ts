/**
 * `fastdfs-streams/blob-store`: FastDFS as an abstract-blob-store. Without an index the key of a blob is its file id;
 * with one, keys are your own, can be overwritten, and can be listed.
 */
import type { Conf } from '../../client.js';
import { FdfsBlobStore } from './store.js';
import type { BlobStoreOptions } from './types.js';

export type { KeyEntry, KeyIndex, KeyPage, MapLike } from '../indexes/contract.js';
export type { BlobList, BlobListOptions, ListedBlob } from './list.js';
export type { BlobReadStream } from './read-stream.js';
export { type RebuildOptions, type RebuiltIndex, rebuildIndex } from './rebuild.js';
export { FdfsBlobStore } from './store.js';
export {
  type BlobDefaults,
  type BlobName,
  BlobNotFoundError,
  type BlobReadOptions,
  type BlobStoreOptions,
  type BlobWriteOptions,
  type ExistsCallback,
  type MovedBlob,
  type RemoveCallback,
  type StoredBlob,
  type WriteCallback,
} from './types.js';
export type { BlobWriteStream } from './write-stream.js';

/**
 * Makes a blob store: `fdfsBlobStore('/etc/fdfs/client.conf', { index: redisIndex('redis://127.0.0.1') })`.
 * @param conf path of a `client.conf`, options, or a client; the caller of this function closes a client it passes
 * @throws ArgumentError for wrong options, before anything connects
 */
export function fdfsBlobStore(conf: Conf, options: BlobStoreOptions = {}): FdfsBlobStore {
  return new FdfsBlobStore(conf, options);
}
