/** Appender files: the check before anything is sent, cutting them, and renaming them to ordinary files. */
import { ArgumentError } from '../base/errors.js';
import { CALL_OPTIONS, type CallOptions, checkCount, checkOptions } from '../base/validate.js';
import type { Engine } from '../cluster/engine.js';
import type { Address } from '../model/address.js';
import { readFileId, type SplitFileId, splitFileId } from '../model/file-id.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { regenerateAppenderFilename, truncateFile } from '../protocol/storage-commands.js';
import { queryInfoAt } from './stat.js';

/** A storage reads the whole file before it answers; slower than this many bytes a millisecond counts as hanging. */
const SLOWEST_READ_BYTES_PER_MS = 10 * 1024;

/**
 * Splits the id of an appender file. The id alone decides, so nothing needs to be sent to refuse another.
 * @throws ArgumentError (`FASTDFS_NOT_APPENDER`) for a file of another kind, (`FASTDFS_BAD_FILE_ID`) for a malformed id
 */
export function splitAppenderId(fileId: string): SplitFileId {
  const { group, remoteFilename, kind } = readFileId(fileId);
  if (kind !== 'appender') {
    throw new ArgumentError(
      `${fileId} is not an appender file: only files uploaded with \`appender: true\` can change`,
      { code: 'FASTDFS_NOT_APPENDER', fileId },
    );
  }
  return { group, remoteFilename };
}

export async function truncate(
  engine: Engine,
  fileId: string,
  size: number,
  options: CallOptions | undefined,
): Promise<void> {
  checkOptions('truncate()', options, CALL_OPTIONS);
  checkCount('size', size, 0, Number.MAX_SAFE_INTEGER);
  const name = splitAppenderId(fileId);
  const args = { remoteFilename: name.remoteFilename, size };
  await engine.callAtSource(name, truncateFile, args, { ...options, fileId });
}

/**
 * Turns an appender file into an ordinary one by renaming it at its source. Replication of the whole group pauses for
 * about 5 s. PROTOCOL: regenerate appender filename.
 * @returns the new id
 */
export async function renameAppender(
  engine: Engine,
  fileId: string,
  name: SplitFileId,
  options: CallOptions,
): Promise<string> {
  return await engine.update(name, { ...options, fileId }, async (storage, retries) => {
    const { size } = await queryInfoAt(engine, storage, name, true, { ...options, fileId, retries });
    return await renameAppenderAt(engine, { fileId, storage }, size, { ...options, retries });
  });
}

/** Renames an appender file of `size` bytes at one storage. */
export async function renameAppenderAt(
  engine: Engine,
  { fileId, storage }: { fileId: string; storage: Address },
  size: number,
  options: ExchangeOptions = {},
): Promise<string> {
  const { remoteFilename } = splitFileId(fileId);
  const timeoutMs = Math.ceil(engine.options.networkTimeoutMs + size / SLOWEST_READ_BYTES_PER_MS);
  return await engine.callAt(
    storage,
    regenerateAppenderFilename,
    { remoteFilename },
    { ...options, fileId, timeoutMs },
  );
}
