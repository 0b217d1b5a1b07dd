/** Verifies all copies of one file. */
import type { StorageRecord } from '../../core/protocol/records.js';
import { sleep } from '../concurrent.js';
import { isSlaveId, isYoung } from '../listing/names.js';
import type { ListedFile } from '../listing/types.js';
import { judgeCopies, matches, type StoredCopy } from './judge.js';
import { type Copy, type CopyReader, readCopy, readInfo } from './read-copy.js';
import type { VerifyFault } from './types.js';

const SECOND_LOOK_MS = 2_000;

/** What is learnt about a cluster while its files are read. */
export interface VerifyState extends CopyReader {
  /** Files with the CRC-32 of FastDFS before 5.12 have been seen. */
  legacy: boolean;
}

/**
 * Returns the faults of one file; undefined when there is no such file any more.
 * @param mustExist a file that no storage has is missing on each; else it was removed: trunk files list those that were, too
 */
export async function verifyFile(
  state: VerifyState,
  file: ListedFile,
  storages: readonly StorageRecord[],
  mustExist: boolean,
): Promise<VerifyFault[] | undefined> {
  const copies = await Promise.all(storages.map((storage) => readStored(state, storage, file)));
  if (!mustExist && copies.every(({ copy }) => copy.state === 'absent')) return undefined;
  const faults = judgeCopies(file, await addTimes(state, file, copies), mustExist);
  // Files that can change may be on their way between the storages, as young ones are.
  const moving = file.kind !== 'normal' || isSlaveId(file.fileId) || isYoung(file);
  if (!moving || !faults.some(({ problem }) => problem !== 'unreadable')) return faults;
  await sleep(SECOND_LOOK_MS, state.signal);
  const again = await Promise.all(storages.map((storage) => readStored(state, storage, file)));
  return judgeCopies(file, await addTimes(state, file, again), mustExist);
}

async function readStored(state: VerifyState, storage: StorageRecord, file: ListedFile): Promise<StoredCopy> {
  let copy = await readCopy(state, storage, file.fileId, file.size, state.legacy);
  const { size, crc32 } = file;
  if (
    copy.state === 'read' &&
    size !== undefined &&
    !state.legacy &&
    !matches(copy, { size, crc32: crc32! })
  ) {
    copy = await readLegacy(state, storage, file, copy);
  }
  return { storage, copy };
}

/** From the first file of an old version on both sums are computed at once. */
async function readLegacy(
  state: VerifyState,
  storage: StorageRecord,
  { fileId, size, crc32 }: ListedFile,
  first: Copy & { state: 'read' },
): Promise<Copy> {
  if (first.digest.size !== size) return first;
  const copy = await readCopy(state, storage, fileId, size, true);
  if (copy.state === 'read' && copy.legacyCrc32 === crc32) state.legacy = true;
  return copy;
}

async function addTimes(
  state: VerifyState,
  file: ListedFile,
  copies: readonly StoredCopy[],
): Promise<readonly StoredCopy[]> {
  if (!copies.some(({ copy }) => copy.state === 'absent')) return copies;
  return await Promise.all(
    copies.map(async (stored) => {
      if (stored.copy.state !== 'read') return stored;
      try {
        const { modifiedAt } = await readInfo(state, stored.storage, file.fileId);
        return { ...stored, modifiedAt };
      } catch {
        state.signal.throwIfAborted();
        return stored;
      }
    }),
  );
}
