/** Operations on files that exist: one or two commands each. */
import { ArgumentError, isAbsent } from '../base/errors.js';
import type { Engine } from '../cluster/engine.js';
import type { Address } from '../model/address.js';
import { type FileKind, parseFileId, splitFileId } from '../model/file-id.js';
import { encodeMetadata, type Metadata } from '../model/metadata.js';
import type { ExchangeOptions } from '../net/exchange.js';
import {
  deleteFile,
  type FileInfo,
  getMetadata,
  type MetadataMode,
  queryFileInfo,
  setMetadata,
  truncateFile,
} from '../protocol/storage-commands.js';
import { finalize } from './finalize.js';

interface Options {
  /** Ends the call; it rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined;
}

/** What is known of a file, by its id or by a storage. */
export interface FileStat {
  /** The id that was asked about. */
  fileId: string;
  /** Bytes. */
  size: number;
  /** When the file was uploaded. */
  createdAt: Date;
  /** Last change; only from the server. */
  modifiedAt?: Date;
  /** Unsigned; of appender and slave files only when asked for. */
  crc32?: number;
  /** Storage that took the upload; '' where only its id is known. */
  sourceAddress: string;
  /** The same as storage id, in clusters that use ids. */
  sourceId?: number;
  /** What can be done with it: only an `appender` file can change. */
  kind: FileKind;
  /** Where this was read. */
  from: 'id' | 'server';
}

/** Where to look, and how closely. */
export interface StatOptions {
  /** Ends the call; it rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined;
  /** `id` asks nobody, `server` a storage, `auto` only what the id does not tell. Default `auto`. */
  source?: 'auto' | 'id' | 'server';
  /** Have the storage compute the CRC-32 of an appender or slave file, for which it reads all of it. Default false. */
  crc32?: boolean;
}

export async function truncate(
  engine: Engine,
  fileId: string,
  size: number,
  options: Options,
): Promise<void> {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new ArgumentError(`\`size\` must be an integer from 0 on, not ${String(size)}`, { fileId });
  }
  const { remoteFilename } = splitFileId(fileId);
  await engine.callAtSource(fileId, truncateFile, { remoteFilename, size }, { ...options, fileId });
}

export async function finalizeFile(engine: Engine, fileId: string, options: Options): Promise<string> {
  const call = { ...options, fileId };
  return await engine.update(fileId, call, async (storage, retries) => {
    const { size } = await infoAt(engine, storage, fileId, true, { ...options, retries });
    return await finalize(engine, { fileId, storage }, size, { ...options, retries });
  });
}

export async function remove(
  engine: Engine,
  fileId: string,
  { ignoreNotFound, ...options }: Options & { ignoreNotFound?: boolean },
): Promise<void> {
  const call = { ...options, fileId };
  const name = splitFileId(fileId);
  try {
    await engine.callAtSource(fileId, deleteFile, name, call);
  } catch (error) {
    if (!(ignoreNotFound && isAbsent(error))) throw error;
  }
}

export async function exists(engine: Engine, fileId: string, options: Options): Promise<boolean> {
  try {
    await info(engine, fileId, true, options);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

export async function stat(engine: Engine, fileId: string, options: StatOptions): Promise<FileStat> {
  const { source = 'auto', crc32 = false, ...call } = options;
  const parsed = parseFileId(fileId);
  if (source === 'id' && parsed.size === undefined) {
    throw new ArgumentError(
      `The id of a file of kind ${parsed.kind} does not tell its size; ask the server`,
      { fileId },
    );
  }
  const { kind, createdAt, sourceId } = parsed;
  const common = { fileId, createdAt, kind, ...(sourceId === undefined ? {} : { sourceId }) };
  if (source !== 'server' && parsed.size !== undefined) {
    const sourceAddress = parsed.sourceAddress ?? (await addressOfId(engine, sourceId!, source, call));
    if (source === 'id' || sourceAddress !== undefined) {
      return {
        ...common,
        size: parsed.size,
        crc32: parsed.crc32!,
        sourceAddress: sourceAddress ?? '',
        from: 'id',
      };
    }
  }
  const reply = await info(engine, fileId, !crc32, call);
  return {
    ...common,
    size: reply.size,
    modifiedAt: reply.modifiedAt,
    ...(crc32 || kind === 'normal' ? { crc32: reply.crc32 } : {}),
    sourceAddress: reply.sourceAddress,
    from: 'server',
  };
}

/** `source: 'id'` asks nobody, and `auto` loads the storage ids once where the client was configured to. */
async function addressOfId(
  engine: Engine,
  id: number,
  source: 'auto' | 'id',
  options: Options,
): Promise<string | undefined> {
  return source === 'id' ? engine.storageIds.known(id) : await engine.storageIds.find(id, options);
}

export async function getFileMetadata(engine: Engine, fileId: string, options: Options): Promise<Metadata> {
  const call = { ...options, fileId };
  const name = splitFileId(fileId);
  try {
    return await engine.callAtSource(fileId, getMetadata, name, call);
  } catch (error) {
    // "No metadata" and "no file" are the same answer; only the file info tells them apart.
    if (isAbsent(error) && (await exists(engine, fileId, options))) return {};
    throw error;
  }
}

export async function setFileMetadata(
  engine: Engine,
  fileId: string,
  metadata: Metadata,
  { mode = 'overwrite', ...options }: Options & { mode?: MetadataMode },
): Promise<void> {
  if (mode !== 'overwrite' && mode !== 'merge') {
    throw new ArgumentError(`\`mode\` must be 'overwrite' or 'merge', not ${String(mode)}`);
  }
  encodeMetadata(metadata);
  const call = { ...options, fileId };
  const args = { ...splitFileId(fileId), metadata, mode };
  await engine.callAtSource(fileId, setMetadata, args, call);
}

export async function locate(
  engine: Engine,
  fileId: string,
  { for: purpose = 'read', ...options }: Options & { for?: 'read' | 'update' },
): Promise<Address[]> {
  const name = splitFileId(fileId);
  const storages = await engine.locate(name, purpose, { ...options, fileId });
  return storages.map(({ host, port }) => ({ host, port }));
}

function info(engine: Engine, fileId: string, withoutCrc: boolean, options: Options): Promise<FileInfo> {
  return engine.read(fileId, { ...options, fileId }, (address, retries) =>
    infoAt(engine, address, fileId, withoutCrc, { ...options, retries }),
  );
}

async function infoAt(
  engine: Engine,
  address: Address,
  fileId: string,
  withoutCrc: boolean,
  options: ExchangeOptions,
): Promise<FileInfo> {
  const args = { ...splitFileId(fileId), withoutCrc, silent: true };
  return await engine.callAt(address, queryFileInfo, args, { ...options, fileId });
}
