/** Turns an appender file into an ordinary one by renaming it on its storage. PROTOCOL: regenerate appender filename. */
import type { Engine } from '../cluster/engine.js';
import type { Address } from '../model/address.js';
import { splitFileId } from '../model/file-id.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { regenerateAppenderFilename } from '../protocol/storage-commands.js';

/** The storage reads the whole file before it answers; slower than this many bytes a millisecond counts as hanging. */
const SLOWEST_READ_BYTES_PER_MS = 10 * 1024;

/** Turns an appender file of `size` bytes into an ordinary one, and tells its new id. */
export async function finalize(
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
