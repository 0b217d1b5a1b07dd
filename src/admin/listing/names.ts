/** What the names of one part of a listing say together: which are metadata, which are slaves and whose. */
import { ProtocolError } from '../../core/base/errors.js';
import {
  badFileId,
  decodeSource,
  type FileSource,
  findExtension,
  type NameParts,
  readName,
} from '../../core/model/file-id.js';
import { NORMAL_NAME_LENGTH, SHORTEST_NAME_LENGTH, TRUNK_NAME_LENGTH } from '../../core/model/limits.js';
import type { GroupStorages } from '../access.js';
import type { ListedFile } from './types.js';

/** Random digits and extension of a master. */
const TAIL_CHARS = 7;
const METADATA_SUFFIX = '-m';
const [DOT, ZERO, NINE] = [0x2e, 0x30, 0x39];
/** The bit that makes a letter small, and the first small letter. */
const [SMALL, SMALL_A] = [0x20, 0x61];
/** Storages write their logs after a minute, and copy files to each other after seconds, unless they have much to copy. */
const YOUNG_MS = 10 * 60_000;
/** A cluster has a few; names can hold any. */
const MAX_SOURCES = 256;

export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface NameGroup {
  /** Ids of files, once each, in the order of the listing; the name of the file that a link points to, if it is one. */
  readonly files: ReadonlyMap<string, string | undefined>;
  readonly withMetadata: ReadonlySet<string>;
  /** Ids of masters by what they share with the ids of their slaves. */
  readonly masters: ReadonlyMap<string, string>;
}

/**
 * Sorts the lines of one part: each a file id, or that of metadata with `-m` behind it; for a link a blank and the name of the
 * file that it points to.
 */
export function groupNames(lines: Iterable<string>): NameGroup {
  const files = new Map<string, string | undefined>();
  const suffixed: string[] = [];
  let slaves = 0;
  for (const line of lines) {
    const blank = line.indexOf(' ');
    if (blank >= 0) addFile(line.slice(0, blank), line.slice(blank + 1));
    else if (line.endsWith(METADATA_SUFFIX)) suffixed.push(line);
    else addFile(line, undefined);
  }
  const withMetadata = new Set<string>();
  for (const name of suffixed) {
    const owner = name.slice(0, -METADATA_SUFFIX.length);
    // An extension may end in "-m", too.
    if (!files.has(owner) && isMasterId(name)) addFile(name, undefined);
    else withMetadata.add(owner);
  }
  const masters = new Map<string, string>();
  if (slaves > 0)
    for (const fileId of files.keys()) if (isMasterId(fileId)) masters.set(getStem(fileId), fileId);
  function addFile(fileId: string, source: string | undefined): void {
    files.set(fileId, source);
    if (!isMasterId(fileId)) slaves++;
  }
  return { files, withMetadata, masters };
}

/** Returns the bytes of the name of a file. */
function getNameLength(fileId: string): number {
  return Buffer.byteLength(fileId) - fileId.indexOf('/') - 1;
}

/** Returns what the ids of a master and its slaves begin with. */
function getStem(fileId: string): string {
  return fileId.slice(0, fileId.indexOf('/') + 1 + SHORTEST_NAME_LENGTH);
}

/** Returns whether an id has the form of one that an upload gives, not of a slave's. */
function isMasterId(fileId: string): boolean {
  const nameStart = fileId.indexOf('/') + 1;
  const length = getNameLength(fileId);
  if (length !== NORMAL_NAME_LENGTH && length !== TRUNK_NAME_LENGTH) return false;
  // Random digits, then the extension.
  let at = nameStart + length - TAIL_CHARS;
  for (let code = fileId.charCodeAt(at); code >= ZERO && code <= NINE; code = fileId.charCodeAt(++at));
  const hasTail = at === fileId.length || (fileId.charCodeAt(at) === DOT && at < fileId.length - 1);
  // A slave of a normal master may be 60 bytes long, too.
  return hasTail && (length === NORMAL_NAME_LENGTH || readName(fileId, nameStart, length)?.trunk === true);
}

/** The group of a part, and the addresses of its storages by id. */
export type FileGroup = Pick<GroupStorages, 'group' | 'addressById'>;

/**
 * Describes the files of one part of a listing, in its order.
 * @throws ProtocolError for a name that no storage makes
 */
export function describeLines(lines: Iterable<string>, group: FileGroup): ListedFile[] {
  const names = groupNames(lines);
  return Array.from(names.files.keys(), (fileId) => describeFile(fileId, names, group));
}

/**
 * Describes a file by its id alone: whether it has metadata, which master a slave has, and the address of a storage id stay
 * unknown.
 * @throws ArgumentError (`FASTDFS_BAD_FILE_ID`) when it is malformed
 */
export function describeLone(fileId: string): ListedFile {
  if (!isDecodable(fileId)) throw badFileId(fileId, 'its name is not base64url');
  const group = fileId.slice(0, fileId.indexOf('/'));
  return describeFile(fileId, groupNames([fileId]), { group, addressById: new Map() });
}

/** Decodes one file of a {@link NameGroup}. Names that are too short for a server to read are slaves. */
export function describeFile(
  fileId: string,
  names: NameGroup,
  { group, addressById }: FileGroup,
): ListedFile {
  const nameStart = group.length + 1;
  const length = getNameLength(fileId);
  const parts = readName(fileId, nameStart, length);
  if (!parts) throw new ProtocolError(`Listing has a name that no storage makes: ${JSON.stringify(fileId)}`);
  const { size, crc32 } = parts;
  const isMaster = isMasterId(fileId);
  const isShort = length < NORMAL_NAME_LENGTH;
  // A slave of 44 bytes reads as a plain file with the size and checksum of its master.
  const kind = isShort || (parts.kind === 'normal' && !isMaster) ? 'slave' : parts.kind;
  const storePath = readHex(fileId, nameStart + 1) * 16 + readHex(fileId, nameStart + 2);
  const createdAt = new Date(parts.time * 1000);
  const { sourceAddress, sourceId } = getSource(parts);
  const address = sourceAddress ?? addressById.get(String(sourceId)) ?? '';
  const hasMetadata = names.withMetadata.has(fileId);
  const file: Writable<ListedFile> =
    kind === 'normal'
      ? { fileId, group, storePath, kind, createdAt, size, crc32, sourceAddress: address, hasMetadata }
      : { fileId, group, storePath, kind, createdAt, sourceAddress: address, hasMetadata };
  if (sourceId !== undefined) file.sourceId = sourceId;
  const master = isMaster ? undefined : names.masters.get(getStem(fileId));
  if (master !== undefined) file.slaveOf = master;
  const target = names.files.get(fileId);
  if (target !== undefined) file.linkTo = `${group}/${target}`;
  return file;
}

/** Returns whether a file is in a trunk file: listed also when it was deleted. */
export function isInTrunk(fileId: string): boolean {
  return (
    fileId.length > TRUNK_NAME_LENGTH && getNameLength(fileId) === TRUNK_NAME_LENGTH && isMasterId(fileId)
  );
}

export function isSlaveId(fileId: string): boolean {
  return !isMasterId(fileId);
}

/** Returns the extension as servers read it: of a slave it may begin in the middle of its name. */
export function readExtension(fileId: string): string {
  const nameStart = fileId.indexOf('/') + 1;
  const length = getNameLength(fileId);
  const hasPlace = length >= TRUNK_NAME_LENGTH && readName(fileId, nameStart, length)?.trunk === true;
  return findExtension(fileId, nameStart, hasPlace);
}

/** Returns whether what {@link splitFileId} takes is the id of a file, too. */
export function isDecodable(fileId: string): boolean {
  const nameStart = fileId.indexOf('/') + 1;
  return readName(fileId, nameStart, getNameLength(fileId)) !== undefined;
}

/** Returns whether the listings of some storages may lack a file because of its age. */
export function isYoung({ createdAt }: ListedFile): boolean {
  return Date.now() - createdAt.getTime() < YOUNG_MS;
}

function readHex(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code <= NINE ? code - ZERO : (code | SMALL) - SMALL_A + 10;
}

const sources = new Map<number, FileSource>();

function getSource({ source }: NameParts): FileSource {
  const known = sources.get(source);
  if (known) return known;
  if (sources.size >= MAX_SOURCES) sources.clear();
  const decoded = decodeSource(source);
  sources.set(source, decoded);
  return decoded;
}
