/** What the names of one part of a listing say together: which are metadata, which are slaves and whose. */
import { type FileKind, parseFileId, readSourceKey } from '../../core/model/file-id.js';
import { NORMAL_NAME_LENGTH, TRUNK_NAME_LENGTH } from '../../core/model/limits.js';
import { parseListingLine } from '../../core/protocol/path-listing.js';

/** `M00/00/00/` and the 27 characters that a master and its slaves share. */
export const STEM_CHARS = 37;
const TAIL_CHARS = 7;
/** Random digits, then the extension. */
const TAIL = /^\d*(?:\.[A-Za-z0-9._-]+)?$/;
const METADATA_SUFFIX = '-m';

export interface NamedFile {
  readonly fileId: string;
  readonly storePath: number;
  readonly kind: FileKind;
  readonly trunk: boolean;
  readonly extension: string;
  readonly createdAt: Date;
  readonly size?: number;
  readonly crc32?: number;
  readonly sourceAddress?: string;
  readonly sourceId?: number;
  readonly hasMetadata: boolean;
  readonly isSlave: boolean;
  readonly slaveOf?: string;
  readonly linkTo?: string;
}

/** Returns where the shared part of a name begins in a line of a listing. */
export function locateStem(line: string): number {
  // Time, operation, `M00/00/00/`: what storages and store paths have in common says nothing.
  return line.indexOf(' ') + 3 + 10;
}

export interface NameGroup {
  /** Names of files, without the group, once each, in the order of the listing; the file that a link points to, if it is one. */
  readonly files: ReadonlyMap<string, string | undefined>;
  readonly withMetadata: ReadonlySet<string>;
  /** Names of masters by stem. */
  readonly masters: ReadonlyMap<string, string>;
}

/**
 * Sorts the lines of one part.
 * @throws ProtocolError for a line of unknown form
 */
export function groupNames(lines: Iterable<string>): NameGroup {
  const files = new Map<string, string | undefined>();
  const suffixed: string[] = [];
  const masters = new Map<string, string>();
  for (const line of lines) {
    const { remoteFilename, source } = parseListingLine(line);
    if (remoteFilename.endsWith(METADATA_SUFFIX)) suffixed.push(remoteFilename);
    else addFile(remoteFilename, source);
  }
  const withMetadata = new Set<string>();
  for (const name of suffixed) {
    const owner = name.slice(0, -METADATA_SUFFIX.length);
    // An extension may end in "-m", too.
    if (!files.has(owner) && isMasterName(name)) addFile(name, undefined);
    else withMetadata.add(owner);
  }
  function addFile(name: string, source: string | undefined): void {
    files.set(name, source);
    if (isMasterName(name)) masters.set(name.slice(0, STEM_CHARS), name);
  }
  return { files, withMetadata, masters };
}

/** Returns whether a name has the form of one that an upload gives, not of a slave's. */
export function isMasterName(name: string): boolean {
  return (
    (name.length === NORMAL_NAME_LENGTH || name.length === TRUNK_NAME_LENGTH) &&
    TAIL.test(name.slice(-TAIL_CHARS)) &&
    (name.length === NORMAL_NAME_LENGTH || isTrunkName(name))
  );
}

/** The trunk bit of the size field: a slave of a normal master may be 60 characters long, too. */
function isTrunkName(name: string): boolean {
  const bytes = Buffer.from(name.slice(10, STEM_CHARS), 'base64url');
  return bytes.length > 8 && (bytes[8]! & 0x08) !== 0;
}

/**
 * Describes the files of one part of a listing, in its order.
 * @throws ProtocolError for a line of unknown form
 */
export function describeLines(group: string, lines: Iterable<string>): NamedFile[] {
  const names = groupNames(lines);
  return Array.from(names.files.keys(), (name) => describeName(group, name, names));
}

/** Describes a file by its name alone: whether it has metadata, and which master a slave has, stays unknown. */
export function describeLone(group: string, name: string): NamedFile {
  return describeName(group, name, groupNames([`0 C ${name}`]));
}

/** Decodes one file of a {@link NameGroup}. Names that are too short for a server to read are slaves. */
export function describeName(group: string, name: string, names: NameGroup): NamedFile {
  const fileId = `${group}/${name}`;
  const hasMetadata = names.withMetadata.has(name);
  const source = names.files.get(name);
  const linked = source === undefined ? {} : { linkTo: `${group}/${source}` };
  const master = isMasterName(name) ? undefined : (names.masters.get(name.slice(0, STEM_CHARS)) ?? '');
  const slave = {
    isSlave: master !== undefined,
    ...(master ? { slaveOf: `${group}/${master}` } : {}),
  };
  if (name.length < NORMAL_NAME_LENGTH) {
    const { time } = readSourceKey(name);
    const dot = name.indexOf('.', STEM_CHARS);
    return {
      fileId,
      storePath: Number.parseInt(name.slice(1, 3), 16),
      kind: 'slave',
      trunk: false,
      extension: dot < 0 ? '' : name.slice(dot + 1),
      createdAt: new Date(time * 1000),
      hasMetadata,
      ...slave,
      ...linked,
    };
  }
  const parsed = parseFileId(fileId);
  const { kind, trunk, extension, createdAt, size, crc32, sourceAddress, sourceId } = parsed;
  // A slave of 44 characters reads as a plain file with the size and checksum of its master.
  const misread = kind === 'normal' && master !== undefined;
  return {
    fileId,
    storePath: parsed.storePathIndex,
    kind: misread ? 'slave' : kind,
    trunk: trunk && master === undefined,
    extension,
    createdAt,
    ...(size === undefined || misread ? {} : { size, crc32: crc32! }),
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(sourceId === undefined ? {} : { sourceId }),
    hasMetadata,
    ...slave,
    ...linked,
  };
}
