/** Decides which copies of a file are wrong, once all of them have been read. */
import { formatCrc32 } from '../../core/files/content-crc.js';
import { formatAddress } from '../../core/model/address.js';
import type { StorageRecord } from '../../core/protocol/records.js';
import { isInTrunk } from '../listing/names.js';
import type { ListedFile } from '../listing/types.js';
import type { Copy } from './read-copy.js';
import type { CopyDigest, VerifyFault, VerifyProblem } from './types.js';

export interface StoredCopy {
  readonly storage: StorageRecord;
  readonly copy: Copy;
  /** When the storage's file was last changed; only looked up where another storage lacks the file. */
  readonly modifiedAt?: Date;
}

/** Clocks of storages, and the second between a name and its file. */
const CLOCK_TOLERANCE_MS = 5_000;

/** Returns the faults of one file; none when every storage has it and has it right. */
export function judgeCopies(
  file: ListedFile,
  copies: readonly StoredCopy[],
  mustExist: boolean,
): VerifyFault[] {
  const faults: VerifyFault[] = [];
  for (const { storage, copy } of copies) {
    if (copy.state !== 'failed') continue;
    faults.push({ ...describe(file, storage, 'unreadable', copy.error.message), error: copy.error });
  }
  const holders = copies.filter(({ copy }) => copy.state === 'read');
  const absent = copies.filter(({ copy }) => copy.state === 'absent');
  if (absent.length > 0 && (holders.length > 0 || mustExist)) {
    faults.push(...judgeAbsence(file, holders, absent));
  }
  faults.push(...judgeContent(file, holders));
  return faults;
}

function judgeAbsence(
  file: ListedFile,
  holders: readonly StoredCopy[],
  absent: readonly StoredCopy[],
): VerifyFault[] {
  const extra = holders.filter((holder) => isExtra(file, holder, holders.length, absent));
  if (extra.length > 0 && extra.length === holders.length) {
    return extra.map(({ storage }) =>
      describe(
        file,
        storage,
        'extra',
        'the storage has a file that the others do not have and that is not as it was stored',
      ),
    );
  }
  return absent.map(({ storage }) =>
    describe(
      file,
      storage,
      'missing',
      holders.length > 0 ? 'the storage does not have the file, others do' : 'no storage has the file',
    ),
  );
}

/**
 * An ordinary file is never written again, so one that was changed after its creation was put there by hand; else the
 * storages vote, and the one that took the upload decides when they are even. In doubt a copy is missing: nothing must
 * suggest to remove the last one.
 */
function isExtra(
  file: ListedFile,
  { modifiedAt }: StoredCopy,
  holders: number,
  absent: readonly StoredCopy[],
): boolean {
  if (file.kind === 'normal' && !isInTrunk(file.fileId) && modifiedAt) {
    if (modifiedAt.getTime() - file.createdAt.getTime() > CLOCK_TOLERANCE_MS) return true;
  }
  return absent.length > holders && absent.some(({ storage }) => isSource(file, storage));
}

function judgeContent(file: ListedFile, holders: readonly StoredCopy[]): VerifyFault[] {
  const expected = file.size === undefined ? agree(file, holders) : { size: file.size, crc32: file.crc32! };
  if (!expected) return [];
  return holders.flatMap(({ storage, copy }) => {
    if (copy.state !== 'read' || matches(copy, expected)) return [];
    const found = copy.digest;
    const against = file.size === undefined ? 'the copies of the other storages' : 'the id';
    const text = `Checksum mismatch: expected ${format(expected)} by ${against}, got ${format(found)}`;
    return [{ ...describe(file, storage, 'different', text), expected, found }];
  });
}

export function matches(copy: Copy, { size, crc32 }: CopyDigest): boolean {
  if (copy.state !== 'read' || copy.digest.size !== size) return false;
  return copy.digest.crc32 === crc32 || copy.legacyCrc32 === crc32;
}

/** The content that most copies have; of as many, that of the storage which took the upload. */
function agree(file: ListedFile, holders: readonly StoredCopy[]): CopyDigest | undefined {
  let best: CopyDigest | undefined;
  let most = 0;
  for (const { storage, copy } of holders) {
    if (copy.state !== 'read') continue;
    const same = holders.filter((other) => matches(other.copy, copy.digest)).length;
    const votes = same + (isSource(file, storage) ? 0.5 : 0);
    if (votes > most) [best, most] = [copy.digest, votes];
  }
  return best;
}

function isSource({ sourceAddress, sourceId }: ListedFile, { id, host }: StorageRecord): boolean {
  return sourceId === undefined ? host === sourceAddress : id === String(sourceId);
}

function describe(
  { fileId }: ListedFile,
  storage: StorageRecord,
  problem: VerifyProblem,
  message: string,
): VerifyFault {
  return {
    problem,
    fileId,
    group: storage.group,
    storage: storage.id,
    address: formatAddress(storage),
    message,
  };
}

function format({ size, crc32 }: CopyDigest): string {
  return `${size} bytes with CRC-32 ${formatCrc32(crc32)}`;
}
