/** Reads the files of groups in parts: from one storage of each, from another when it fails, and no file twice. */
import { ArgumentError, isAbsent, NetworkError } from '../../core/base/errors.js';
import { splitFileId } from '../../core/model/file-id.js';
import type { StorageRecord } from '../../core/protocol/records.js';
import { queryFileInfo } from '../../core/protocol/storage-commands.js';
import {
  type ClusterAccess,
  type GroupStorages,
  isServerFailure,
  joinSignals,
  matchesStorage,
  readActiveStorages,
} from '../access.js';
import { mapConcurrently } from '../concurrent.js';
import { LinePartitions } from '../partitions.js';
import { describeLines, type FileGroup, isInTrunk } from './names.js';
import { readPath } from './read-path.js';
import type { ListedFile, ListFilesOptions, ListingSource } from './types.js';

/** Questions to a storage at a time. */
const CONFIRMING = 16;

/** Some files of one store path: masters and all their slaves. */
export interface ListedPart extends PartSource {
  readonly files: readonly ListedFile[];
}

export interface PartSource extends FileGroup {
  /** The storage that listed them. */
  readonly storage: StorageRecord;
  readonly signal: AbortSignal;
}

/** Reads all files in parts that fit in memory, whatever their number. */
export async function* readParts(
  access: ClusterAccess,
  group: string | undefined,
  options: ListFilesOptions,
  sources: ListingSource[],
): AsyncGenerator<ListedPart, void, undefined> {
  const signal = joinSignals(access, options.signal);
  signal.throwIfAborted();
  const groups = await readActiveStorages(access, group, { tracker: options.tracker, signal });
  const partitions = new LinePartitions();
  let found = false;
  try {
    for (const each of groups) {
      const { addressById } = each;
      let storages = selectStorages(each, options.storage);
      if (storages.length === 0) continue;
      found = true;
      for (const path of listStorePaths(storages, options.storePath)) {
        const read = await readAnywhere(access, storages, path, partitions, { ...options, signal });
        const { storage, source } = read;
        // One that failed is tried last for the paths that follow.
        storages = [storage, ...storages.filter((one) => one !== storage)];
        sources.push(source);
        for await (const lines of partitions.read()) {
          signal.throwIfAborted();
          // A spread would leave a hidden class behind with each part.
          yield { group: each.group, addressById, storage, files: describeLines(lines, each), signal };
        }
      }
    }
  } finally {
    await partitions.close();
  }
  if (!found && options.storage !== undefined) {
    throw new ArgumentError(
      `No ACTIVE storage ${JSON.stringify(options.storage)} in ${group ?? 'any group'}`,
    );
  }
}

function selectStorages({ storages }: GroupStorages, wanted: string | undefined): readonly StorageRecord[] {
  return wanted === undefined ? storages : storages.filter((storage) => matchesStorage(storage, wanted));
}

export function listStorePaths(storages: readonly StorageRecord[], only: number | undefined): number[] {
  if (only !== undefined) return [only];
  const count = Math.max(...storages.map(({ storePathCount }) => storePathCount));
  return Array.from({ length: count }, (_, index) => index);
}

/** The listing of one store path comes whole from one storage, so that no file is listed twice or left out. */
async function readAnywhere(
  access: ClusterAccess,
  storages: readonly StorageRecord[],
  path: number,
  partitions: LinePartitions,
  options: ListFilesOptions & { signal: AbortSignal },
): Promise<{ storage: StorageRecord; source: ListingSource }> {
  const errors: Error[] = [];
  for (const storage of storages) {
    try {
      return { storage, source: await readPath(access, storage, path, partitions, options) };
    } catch (error) {
      await partitions.close();
      if (options.signal.aborted) throw options.signal.reason;
      if (!isServerFailure(error)) throw error;
      access.engine.options.logger.warn(`Storage ${storage.id} failed to list its files: ${error.message}`);
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  throw new NetworkError(
    'FASTDFS_CONNECTION_LOST',
    `No storage of ${storages[0]!.group} could list store path ${path}: ${errors.map(({ message }) => message).join('; ')}`,
    { retryable: true, cause: new AggregateError(errors) },
  );
}

/** Removes files that are not there any more, where their storage lists those, too. */
export async function confirmFiles(
  access: ClusterAccess,
  { storage, signal }: PartSource,
  files: readonly ListedFile[],
  confirm: boolean | undefined,
): Promise<readonly ListedFile[]> {
  const asked = new Map<string, Promise<number | undefined>>();
  const ask = (fileId: string) => {
    const known = asked.get(fileId) ?? readSize(access, storage, fileId, signal);
    asked.set(fileId, known);
    return known;
  };
  const mustAsk = (fileId: string | undefined) => fileId !== undefined && (confirm ?? isInTrunk(fileId));
  if (!files.some(({ fileId, slaveOf }) => mustAsk(fileId) || mustAsk(slaveOf))) return files;
  const confirmed = mapConcurrently(files, CONFIRMING, async (file) => {
    const { slaveOf, ...rest } = file;
    // A master that was deleted from a trunk file is still in the listing.
    const isOrphaned = slaveOf !== undefined && mustAsk(slaveOf) && (await ask(slaveOf)) === undefined;
    const listed: ListedFile = isOrphaned ? rest : file;
    if (!mustAsk(file.fileId)) return listed;
    const size = await ask(file.fileId);
    return size === undefined ? undefined : { ...listed, size };
  });
  const left: ListedFile[] = [];
  for await (const file of confirmed) if (file) left.push(file);
  return left;
}

/** Asks the storage that listed the file; another one if it cannot answer. */
async function readSize(
  access: ClusterAccess,
  storage: StorageRecord,
  fileId: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const args = { ...splitFileId(fileId), withoutCrc: true, silent: true };
    return (await access.engine.callAt(storage, queryFileInfo, args, { signal, fileId })).size;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (signal.aborted || !isServerFailure(error)) throw error;
  }
  try {
    return (await access.client.stat(fileId, { source: 'server', signal })).size;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
