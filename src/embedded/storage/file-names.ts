/**
 * Remote filenames as a server reads them: lenient where the real one is, so that garbage decodes to something,
 * and strict about what could leave the data directory. Pure text work.
 */

import { encodeName, type NameFields } from '../../core/model/file-id.js';
import { GROUP_BYTES, NORMAL_NAME_LENGTH, TRUNK_NAME_LENGTH } from '../../core/model/limits.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import { encodeSlot, type Slot } from './trunk-slots.js';

/** `M00/00/00/` */
const PATH_CHARS = 10;
const ENCODED_CHARS = 27;
/** Shortest name that a slave can be made from. */
const MIN_MASTER_CHARS = 38;
/** Padding digits and extension together. */
const TAIL_CHARS = 7;
/** A storage id is a little-endian number up to this; anything larger is an IPv4 address. */
const MAX_STORAGE_ID = 0xff_ffff;
const STORE_PATH = /^M([0-9A-Fa-f]{2})\//;
const DATA_NAME = /^[0-9A-F]{2}\/[0-9A-F]{2}\//;
const CHOSEN_NAME = /^[A-Za-z0-9._-]*$/;

export const METADATA_SUFFIX = '-m';
/** Shortest name of a file whose fields can be read. */
export const MIN_DECODABLE = PATH_CHARS + ENCODED_CHARS;
/** Shortest name that changes of appender files take. */
export const MIN_APPENDER_NAME = NORMAL_NAME_LENGTH;
/** Names this long do not fit the buffers of a storage. */
export const NAME_LIMIT = 128;

/** Reads a C string: cut at the first NUL. Latin-1, so that every byte survives. */
export function readCString(bytes: Buffer): string {
  const nul = bytes.indexOf(0);
  return bytes.toString('latin1', 0, nul < 0 ? bytes.length : nul);
}

/** Reads the group of a request: a field of 16 bytes. */
export function readGroupField(bytes: Buffer, at: number): string {
  return readCString(bytes.subarray(at, at + GROUP_BYTES));
}

/**
 * Returns the remote filename (`M00/XX/YY/name`) that a request means.
 * @throws Refused (22) for what a storage would not look up. A name without `Mxx/` lies in store path 0.
 */
export function readRemoteName(bytes: Buffer, storePaths: number): string {
  refuseUnless(bytes.length > PATH_CHARS, STATUS.INVALID);
  const text = readCString(bytes);
  let storePath = 0;
  let data = text;
  if (text.startsWith('M')) {
    const match = STORE_PATH.exec(text);
    storePath = match ? Number.parseInt(match[1]!, 16) : storePaths;
    data = text.slice(4);
  }
  refuseUnless(storePath < storePaths, STATUS.INVALID);
  refuseUnless(DATA_NAME.test(data) && data.indexOf('/', 6) < 0, STATUS.INVALID);
  return `M${formatHex(storePath)}/${data}`;
}

/** @throws Refused (22) unless an extension or prefix has only characters that names may have */
export function checkChosen(text: string): string {
  refuseUnless(CHOSEN_NAME.test(text), STATUS.INVALID);
  return text;
}

export interface DecodedName {
  /** IPv4 address or decimal storage id. */
  readonly source: string;
  readonly createdAt: number;
  readonly appender: boolean;
  readonly kind: 'normal' | 'appender' | 'slave';
  readonly trunk: boolean;
  /** Bytes; only of `normal` files. */
  readonly size: number;
  readonly crc32: number;
}

/**
 * Decodes a remote filename (`M00/…`); undefined when it is too short.
 * @param length of the field that holds the name: servers classify by it, whatever its bytes are
 */
export function decodeRemoteName(name: string, length = name.length): DecodedName | undefined {
  if (name.length < MIN_DECODABLE) return undefined;
  const raw = Buffer.alloc(20);
  Buffer.from(name.slice(PATH_CHARS, MIN_DECODABLE), 'base64url').copy(raw);
  const id = raw.readUInt32LE(0);
  const high = raw.readUInt32BE(8);
  const appender = (high & 0x0400_0000) !== 0;
  const trunk = (high & 0x0800_0000) !== 0;
  let kind: DecodedName['kind'] = 'normal';
  if (appender) kind = 'appender';
  else if (length > TRUNK_NAME_LENGTH || (length > NORMAL_NAME_LENGTH && !trunk)) kind = 'slave';
  return {
    source: id >= 1 && id <= MAX_STORAGE_ID ? String(id) : `${raw[0]}.${raw[1]}.${raw[2]}.${raw[3]}`,
    createdAt: raw.readUInt32BE(4),
    appender,
    kind,
    trunk,
    // A random part takes the place of the high half.
    size: raw.readUInt32BE(12) + (trunk || (high & 0x8000_0000) !== 0 ? 0 : high * 0x1_0000_0000),
    crc32: raw.readUInt32BE(16),
  };
}

/** Makes padding digits and extension: always 7 characters. */
export function makeTail(ext: string): string {
  const digits = TAIL_CHARS - (ext === '' ? 0 : ext.length + 1);
  let tail = '';
  for (let i = 0; i < digits; i++) tail += Math.floor(Math.random() * 10);
  return ext === '' ? tail : `${tail}.${ext}`;
}

/** Makes names that no other name of this process equals: the 23 salt bits count up from a random start. */
export class NameMaker {
  #salt = Math.floor(Math.random() * 0x80_0000);

  /** @param directory `M00/XX/YY/` · @param slot the place in a trunk file */
  make(
    directory: string,
    fields: Omit<NameFields, 'salt' | 'createdAt' | 'trunk'>,
    tail: string,
    slot?: Slot,
  ): string {
    this.#salt = (this.#salt + 1) & 0x7f_ffff;
    const createdAt = Math.floor(Date.now() / 1000);
    const encoded = encodeName({ ...fields, createdAt, salt: this.#salt, trunk: slot !== undefined });
    return directory + encoded + (slot === undefined ? '' : encodeSlot(slot)) + tail;
  }
}

/**
 * Returns the name of a slave: the master's without its extension, the prefix, and its own extension.
 * @throws Refused (22) for the name that metadata files have, or a master too short to be one
 */
export function makeSlaveName(master: string, prefix: string, ext: string): string {
  refuseUnless(
    master.length >= MIN_MASTER_CHARS && !(ext === '' && prefix === METADATA_SUFFIX),
    STATUS.INVALID,
  );
  const dot = master.indexOf('.', master.length - TAIL_CHARS);
  const base = dot < 0 ? master : master.slice(0, dot);
  if (ext === '') return base + prefix;
  return `${base}${prefix}${ext.startsWith('.') ? ext : `.${ext}`}`;
}

/** Two digits, as in `M0A/1F/FF/`. */
export function formatHex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}

/** Returns the store path in a name that begins with `Mxx/`. */
export function readStorePath(name: string): number {
  return Number.parseInt(name.slice(1, 3), 16);
}
