/** Reads one copy of a file from one storage and digests it; nothing of it is kept. */
import { isAbsent } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { ContentCrc } from '../../core/files/content-crc.js';
import { splitFileId } from '../../core/model/file-id.js';
import { ReceiveExchange } from '../../core/net/receive-exchange.js';
import type { StorageRecord } from '../../core/protocol/records.js';
import { downloadFile, queryFileInfo } from '../../core/protocol/storage-commands.js';
import { isServerFailure } from '../access.js';
import type { RateLimit } from './rate-limit.js';
import type { CopyDigest } from './types.js';

export type Copy =
  | { readonly state: 'read'; readonly digest: CopyDigest; readonly legacyCrc32?: number }
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly error: Error };

export interface CopyReader {
  readonly engine: Engine;
  readonly limit: RateLimit | undefined;
  readonly signal: AbortSignal;
  onBytes(bytes: number): void;
}

/**
 * @param size known size; undefined where only the storage knows it
 * @param legacy computes the CRC-32 of FastDFS before 5.12, too
 * @throws the reason of the signal
 */
export async function readCopy(
  reader: CopyReader,
  storage: StorageRecord,
  fileId: string,
  size: number | undefined,
  legacy: boolean,
): Promise<Copy> {
  try {
    // Storages refuse to send empty files.
    const known = size || (await readInfo(reader, storage, fileId)).size;
    if (known === 0) return { state: 'read', digest: { size: 0, crc32: 0 }, legacyCrc32: 0 };
    return await receive(reader, storage, fileId, legacy);
  } catch (error) {
    reader.signal.throwIfAborted();
    if (isAbsent(error)) return { state: 'absent' };
    if (!isServerFailure(error)) throw error;
    return { state: 'failed', error };
  }
}

export async function readInfo(
  { engine, signal }: CopyReader,
  storage: StorageRecord,
  fileId: string,
): Promise<{ size: number; modifiedAt: Date }> {
  const args = { ...splitFileId(fileId), withoutCrc: true, silent: true };
  return await engine.repeatAt(storage, queryFileInfo, args, { signal, fileId });
}

async function receive(
  { engine, limit, signal, onBytes }: CopyReader,
  storage: StorageRecord,
  fileId: string,
  legacy: boolean,
): Promise<Copy> {
  const { pool, connection } = await engine.checkout(storage, signal);
  let size = 0;
  const sum = new ContentCrc(legacy);
  const sink = {
    retainsChunks: false,
    allocate: () => undefined,
    onLength: () => undefined,
    resumable: false,
    onContent(slice: Buffer): boolean {
      size += slice.length;
      sum.add(slice);
      onBytes(slice.length);
      const delay = limit?.take(slice.length) ?? 0;
      if (delay < 1) return true;
      setTimeout(() => exchange.resume(), delay);
      return false;
    },
  };
  const args = { ...splitFileId(fileId), offset: 0, bytes: 0 };
  const exchange = new ReceiveExchange(pool, connection, downloadFile, args, sink, { signal, fileId });
  await exchange.done;
  const legacyCrc32 = sum.legacy === undefined ? {} : { legacyCrc32: sum.legacy };
  return { state: 'read', digest: { size, crc32: sum.value }, ...legacyCrc32 };
}
