/** What is known of a file: by its id, or by a storage. */
import { ArgumentError, isAbsent } from '../base/errors.js';
import {
  booleanOption,
  CALL_OPTIONS,
  type CallOptions,
  type Checks,
  checkOptions,
  enumOption,
} from '../base/validate.js';
import type { Engine } from '../cluster/engine.js';
import type { Address } from '../model/address.js';
import {
  type FileKind,
  type ParsedFileId,
  parseFileId,
  type SplitFileId,
  splitFileId,
} from '../model/file-id.js';
import type { ExchangeOptions } from '../net/exchange.js';
import { type FileInfo, queryFileInfo } from '../protocol/storage-commands.js';
import { sumContent } from './content-crc.js';

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
export interface StatOptions extends CallOptions {
  /** `id` sends no request, `server` asks a storage, `auto` only for what the id does not hold. Default `auto`. */
  source?: 'auto' | 'id' | 'server' | undefined;
  /**
   * Have the storage compute the CRC-32 of an appender or slave file, for which it reads all of it. Where an old storage does not
   * compute it, the file is downloaded for it. Default false.
   */
  crc32?: boolean | undefined;
}

const STAT_OPTIONS: Checks<StatOptions> = {
  ...CALL_OPTIONS,
  source: enumOption('auto', 'id', 'server'),
  crc32: booleanOption,
};

export async function stat(
  engine: Engine,
  fileId: string,
  options: StatOptions | undefined,
): Promise<FileStat> {
  checkOptions('stat()', options, STAT_OPTIONS);
  const { source = 'auto', crc32 = false, signal } = options ?? {};
  const parsed = parseFileId(fileId);
  if (source === 'id' && parsed.size === undefined) {
    throw new ArgumentError(
      `The id of a file of kind ${parsed.kind} does not hold its size; use \`source: 'server'\``,
      { fileId },
    );
  }
  const { kind, createdAt, sourceId } = parsed;
  const common = { fileId, createdAt, kind, ...(sourceId === undefined ? {} : { sourceId }) };
  if (source !== 'server' && parsed.size !== undefined) {
    const sourceAddress = parsed.sourceAddress ?? (await findAddress(engine, sourceId!, source, { signal }));
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
  const reply = await queryInfo(engine, fileId, !crc32, { signal });
  return {
    ...common,
    size: reply.size,
    modifiedAt: reply.modifiedAt,
    ...(crc32 || kind === 'normal' ? { crc32: await findCrc(engine, parsed, reply, { signal }) } : {}),
    sourceAddress: reply.sourceAddress,
    from: 'server',
  };
}

/**
 * Returns the CRC-32 of the content. Storages before 6.15.1 repeat the one in the name of a slave, which is its master's, and
 * before 6.02 the one in the name of an appender file, which is that of its first content: such a file is read here.
 */
async function findCrc(
  engine: Engine,
  file: ParsedFileId,
  reply: FileInfo,
  options: CallOptions,
): Promise<number> {
  const { kind, nameCrc32, fileId } = file;
  if (kind === 'normal' || reply.crc32 !== nameCrc32) return reply.crc32;
  if (reply.size === 0) return 0;
  // A storage that leaves the sum out on demand computes it otherwise.
  if (nameCrc32 !== 0 && (await queryInfo(engine, fileId, true, options)).crc32 === 0) return nameCrc32;
  return (await sumContent(engine, { ...file, size: reply.size }, { ...options, fileId }, { legacy: false }))
    .value;
}

/** Returns whether a storage has the file. */
export async function exists(
  engine: Engine,
  fileId: string,
  options: CallOptions | undefined,
): Promise<boolean> {
  checkOptions('exists()', options, CALL_OPTIONS);
  return await isPresent(engine, fileId, options);
}

export async function isPresent(
  engine: Engine,
  fileId: string,
  options: CallOptions | undefined,
): Promise<boolean> {
  try {
    await queryInfo(engine, fileId, true, options);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** `source: 'id'` sends no request; `auto` loads the storage ids once where the client was configured to. */
async function findAddress(
  engine: Engine,
  id: number,
  source: 'auto' | 'id',
  options: CallOptions,
): Promise<string | undefined> {
  return source === 'id' ? engine.storageIds.known(id) : await engine.storageIds.find(id, options);
}

/** Asks the replicas of a file for its size and times. */
function queryInfo(
  engine: Engine,
  fileId: string,
  withoutCrc: boolean,
  options: CallOptions | undefined,
): Promise<FileInfo> {
  const name = splitFileId(fileId);
  return engine.read(name, { ...options, fileId }, (address, retries) =>
    queryInfoAt(engine, address, name, withoutCrc, { ...options, fileId, retries }),
  );
}

/** Asks one storage, once. PROTOCOL: query file info. */
export async function queryInfoAt(
  engine: Engine,
  address: Address,
  name: SplitFileId,
  withoutCrc: boolean,
  options: ExchangeOptions,
): Promise<FileInfo> {
  return await engine.callAt(address, queryFileInfo, { ...name, withoutCrc, silent: true }, options);
}
