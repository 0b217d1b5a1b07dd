/**
 * File ids: `group/M00/00/00/<27 base64url characters = 20 bytes><padding digits and extension>`.
 * The 20 bytes hold source, creation time, size and CRC-32. Parsing is strict and does no I/O.
 * PROTOCOL: file ID anatomy.
 */
import { ArgumentError, ProtocolError } from '../base/errors.js';
import {
  GROUP_BYTES,
  GROUP_PATTERN,
  MAX_REMOTE_FILENAME,
  NORMAL_NAME_LENGTH,
  SHORTEST_NAME_LENGTH,
  TRUNK_NAME_LENGTH,
} from './limits.js';

/** What a file is: `normal` never changes, `appender` can, `slave` belongs to a master file. */
export type FileKind = 'normal' | 'appender' | 'slave';

/** What a file id holds, without a request to any server. */
export interface ParsedFileId {
  /** The id itself. */
  readonly fileId: string;
  /** The part before the first slash. */
  readonly group: string;
  /** The id without the group and its slash, as servers call it. */
  readonly remoteFilename: string;
  /** Which of the storage's store paths holds the file (the number in `M00`). */
  readonly storePathIndex: number;
  /** `slave` and `appender` files: size and checksum must be asked from the server. */
  readonly kind: FileKind;
  /** The content lies inside a trunk file; of no concern to clients otherwise. */
  readonly trunk: boolean;
  /** IPv4 address of the storage that took the upload; undefined where the cluster uses storage ids. */
  readonly sourceAddress?: string;
  /** The storage id instead of the address, where the cluster uses ids. */
  readonly sourceId?: number;
  /** When it was uploaded, by the storage's clock, to the second. */
  readonly createdAt: Date;
  /** Bytes; only of `normal` files. */
  readonly size?: number;
  /** Unsigned CRC-32 of the content; only of `normal` files. */
  readonly crc32?: number;
  /** CRC-32 in the name whatever the kind: of an appender file that of its first upload, of a slave its master's. */
  readonly nameCrc32: number;
  /** Without the dot; '' when there is none. */
  readonly extension: string;
}

/**
 * Rules for uploads are stricter: ids of other clients and of older servers have other characters in the extension, such as
 * `$` or Chinese. A slash, NUL or control character could leave the folder of the file or the field of the command.
 */
const ANY = '[^/\\x00-\\x1f\\x7f\\ud800-\\udfff]';
/** A blank at the end was copied with the id. */
const FILE_ID = new RegExp(
  `^(${GROUP_PATTERN})/(M[0-9A-Fa-f]{2}/[0-9A-F]{2}/[0-9A-F]{2}/${ANY}+(?<! ))$`,
  'u',
);
const ENCODED_AT = 10;
const ENCODED_CHARS = 27;
const TRUNK_CHARS = TRUNK_NAME_LENGTH - NORMAL_NAME_LENGTH;

const NAME_BYTES = 20;
/** Every id is decoded here: one call reads its numbers before another can come. */
const decoded = Buffer.alloc(NAME_BYTES);

/** Value of a base64url digit by its code. */
const DIGITS = new Int8Array(128).fill(-1);
for (const [value, digit] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
].entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
}

const BIT_DECORATED = 0x8000_0000;
const BIT_TRUNK = 0x0800_0000;
const BIT_APPENDER = 0x0400_0000;

/** What the 20 bytes of a name say. */
export interface NameParts {
  /** Source storage: an IPv4 address, or a little-endian storage id. */
  readonly source: number;
  /** Creation time, Unix seconds. */
  readonly time: number;
  readonly kind: FileKind;
  readonly trunk: boolean;
  /** Bytes; of `normal` files. */
  readonly size: number;
  readonly crc32: number;
}

/** Group and remote filename of an id, with all that a server needs to be safe from it. */
export interface SplitFileId {
  readonly group: string;
  readonly remoteFilename: string;
}

/**
 * Splits an id without decoding it.
 * @throws ArgumentError (`FASTDFS_BAD_FILE_ID`) for anything that is not a file id; ids that could overrun a
 * server's buffer (128 bytes and more) are among them
 */
export function splitFileId(fileId: string): SplitFileId {
  const slash = typeof fileId === 'string' ? fileId.indexOf('/') : -1;
  if (slash < 1 || slash > GROUP_BYTES || !FILE_ID.test(fileId))
    throw badFileId(fileId, 'expected group/M00/00/00/name');
  const remoteFilename = fileId.slice(slash + 1);
  const bytes = Buffer.byteLength(remoteFilename);
  if (bytes > MAX_REMOTE_FILENAME) {
    throw badFileId(fileId, `its name has ${bytes} bytes; servers take ${MAX_REMOTE_FILENAME}`);
  }
  if (bytes < SHORTEST_NAME_LENGTH) throw badFileId(fileId, 'its name is too short');
  return { group: fileId.slice(0, slash), remoteFilename };
}

/**
 * Reads everything that an id holds.
 * @throws ArgumentError (`FASTDFS_BAD_FILE_ID`) when it is malformed
 */
export function parseFileId(fileId: string): ParsedFileId {
  const parts = readFileId(fileId);
  const { group, remoteFilename, kind, trunk } = parts;
  const isLong = Buffer.byteLength(remoteFilename) >= TRUNK_NAME_LENGTH;
  return {
    fileId,
    group,
    remoteFilename,
    storePathIndex: Number.parseInt(remoteFilename.slice(1, 3), 16),
    kind,
    trunk,
    ...decodeSource(parts.source),
    createdAt: new Date(parts.time * 1000),
    ...(kind === 'normal' ? { size: parts.size, crc32: parts.crc32 } : {}),
    nameCrc32: parts.crc32,
    extension: findExtension(remoteFilename, 0, trunk && isLong),
  };
}

/** @param hasPlace whether the name says the place in a trunk file, too */
export function findExtension(text: string, nameStart: number, hasPlace: boolean): string {
  const tailAt = nameStart + ENCODED_AT + ENCODED_CHARS + (hasPlace ? TRUNK_CHARS : 0);
  const dot = text.indexOf('.', tailAt);
  return dot < 0 ? '' : text.slice(dot + 1);
}

/** An id in numbers: what calls need of it, at a fraction of what {@link parseFileId} costs. */
export interface FileIdParts extends SplitFileId, NameParts {}

/** @throws ArgumentError (`FASTDFS_BAD_FILE_ID`) when it is malformed */
export function readFileId(fileId: string): FileIdParts {
  const { group, remoteFilename } = splitFileId(fileId);
  return { group, remoteFilename, ...decodeParts(fileId, remoteFilename) };
}

/**
 * As {@link readFileId}, for an id that has passed {@link checkFileIdReply}.
 * @throws ArgumentError (`FASTDFS_BAD_FILE_ID`) when the name is not what storages make
 */
export function readStoredFileId(fileId: string): FileIdParts {
  const slash = fileId.indexOf('/');
  const remoteFilename = fileId.slice(slash + 1);
  return { group: fileId.slice(0, slash), remoteFilename, ...decodeParts(fileId, remoteFilename) };
}

function decodeParts(fileId: string, remoteFilename: string): NameParts {
  const bytes = Buffer.byteLength(remoteFilename);
  if (bytes < NORMAL_NAME_LENGTH) throw badFileId(fileId, 'its name is too short');
  const parts = readName(remoteFilename, 0, bytes);
  if (!parts) throw badFileId(fileId, 'its name is not base64url');
  return parts;
}

/**
 * Reads a name of at least 37 bytes that begins at `nameStart` of a text.
 * @param bytes length of the name
 * @returns undefined when the name is not base64url
 */
export function readName(text: string, nameStart: number, bytes: number): NameParts | undefined {
  if (decodeName(text, nameStart) < NAME_BYTES) return undefined;
  const high = decoded.readUInt32BE(8);
  const low = decoded.readUInt32BE(12);
  const trunk = (high & BIT_TRUNK) !== 0;
  return {
    source: decoded.readUInt32BE(0),
    time: decoded.readUInt32BE(4),
    kind: classifyName(bytes, high),
    trunk,
    size: (high & BIT_DECORATED) !== 0 || trunk ? low : high * 0x1_0000_0000 + low,
    crc32: decoded.readUInt32BE(16),
  };
}

/** Returns the source of an id and its creation second: what the location cache needs, without a full parse. */
export function readSourceKey(remoteFilename: string): { source: number; time: number; mutable: boolean } {
  const bytes = decodeName(remoteFilename, 0);
  const kind =
    bytes < NAME_BYTES ? 'slave' : classifyName(Buffer.byteLength(remoteFilename), decoded.readUInt32BE(8));
  return {
    source: bytes < 8 ? 0 : decoded.readUInt32BE(0),
    time: bytes < 8 ? 0 : decoded.readUInt32BE(4),
    mutable: kind !== 'normal',
  };
}

/**
 * Decodes the 27 characters into {@link decoded}; a dot among them ends them early.
 * @returns how many of its bytes are valid
 */
function decodeName(text: string, nameStart: number): number {
  const start = nameStart + ENCODED_AT;
  let bits = 0;
  for (let at = 0; at < ENCODED_CHARS; at++) {
    const digit = DIGITS[text.charCodeAt(start + at)] ?? -1;
    if (digit < 0) return Math.floor((at * 6) / 8);
    bits = (bits << 6) | digit;
    // Each character completes a byte, but the first of four.
    if (at % 4 !== 0) decoded[at - ((at + 3) >> 2)] = bits >> (6 - 2 * (at % 4));
  }
  return NAME_BYTES;
}

/** The same three rules, in the same order, as servers and the C client use: the appender bit wins. */
function classifyName(nameLength: number, sizeHigh: number): FileKind {
  if ((sizeHigh & BIT_APPENDER) !== 0) return 'appender';
  const trunk = (sizeHigh & BIT_TRUNK) !== 0;
  if (nameLength > TRUNK_NAME_LENGTH || (nameLength > NORMAL_NAME_LENGTH && !trunk)) return 'slave';
  return 'normal';
}

/** The storage that took an upload, by one of the two. */
export interface FileSource {
  readonly sourceAddress?: string;
  readonly sourceId?: number;
}

/** A little-endian number up to 2^24 − 1 is a storage id; anything else is an IPv4 address in natural order. */
export function decodeSource(source: number): FileSource {
  const [a, b, c, d] = [source >>> 24, (source >>> 16) & 0xff, (source >>> 8) & 0xff, source & 0xff];
  const id = a + b * 0x100 + c * 0x1_0000;
  return d === 0 && id >= 1 ? { sourceId: id } : { sourceAddress: `${a}.${b}.${c}.${d}` };
}

/** Fields of the 20 bytes, for makers of names (the embedded server). */
export interface NameFields {
  /** IPv4 address or decimal storage id. */
  source: string;
  createdAt: number;
  size: number;
  crc32: number;
  appender: boolean;
  /** The file lies inside a trunk file; its size must fit 32 bits. */
  trunk?: boolean;
  /** 23 random bits that keep names apart. */
  salt: number;
}

/** Returns the 27 characters for these fields. */
export function encodeName(fields: NameFields): string {
  const raw = Buffer.alloc(20);
  if (fields.source.includes('.')) raw.set(fields.source.split('.').map(Number), 0);
  else raw.writeUInt32LE(Number(fields.source), 0);
  raw.writeUInt32BE(fields.createdAt, 4);
  const flags = (fields.appender ? BIT_APPENDER : 0) | (fields.trunk ? BIT_TRUNK : 0);
  const salted = (BIT_DECORATED | flags | (fields.salt & 0x7f_ffff)) >>> 0;
  if (fields.appender) {
    raw.writeUInt32BE(salted, 8);
  } else if (fields.size > 0xffff_ffff) {
    raw.writeUInt32BE(Math.floor(fields.size / 0x1_0000_0000), 8);
    raw.writeUInt32BE(fields.size % 0x1_0000_0000, 12);
  } else {
    raw.writeUInt32BE(salted, 8);
    raw.writeUInt32BE(fields.size, 12);
  }
  raw.writeUInt32BE(fields.crc32, 16);
  return raw.toString('base64url');
}

/**
 * Returns a file id that a server sent.
 * @throws ProtocolError when it is not one: the server's fault, not the caller's
 */
export function checkFileIdReply(fileId: string): string {
  const nameLength = Buffer.byteLength(fileId) - fileId.indexOf('/') - 1;
  if (!FILE_ID.test(fileId) || nameLength < SHORTEST_NAME_LENGTH || nameLength > MAX_REMOTE_FILENAME) {
    throw new ProtocolError(`Response names no file id: ${JSON.stringify(fileId.slice(0, 160))}`);
  }
  return fileId;
}

/** @param why what is wrong with it */
export function badFileId(fileId: unknown, why: string): ArgumentError {
  // An object may have no text at all.
  const other = Object(fileId) === fileId ? `A value of type ${typeof fileId}` : String(fileId);
  const shown = typeof fileId === 'string' ? JSON.stringify(fileId.slice(0, 160)) : other;
  return new ArgumentError(`${shown} is not a FastDFS file id: ${why}`, { code: 'FASTDFS_BAD_FILE_ID' });
}

const GROUP = new RegExp(`^${GROUP_PATTERN}$`);

export function isGroup(name: string): boolean {
  return GROUP.test(name);
}

/** @throws ArgumentError unless `group` is 1 to 16 letters and digits */
export function checkGroup(group: string): string {
  if (!isGroup(group)) {
    throw new ArgumentError(
      `Group name ${JSON.stringify(group)} must have 1 to 16 characters of A-Z a-z 0-9`,
    );
  }
  return group;
}
