/**
 * `storage_ids.conf`: which storage id is which server. One `<id> <group> <address> [rw=mode]` a line.
 * PROTOCOL: storage_ids.conf.
 */
import { type Address, formatAddress, parseAddresses } from '../model/address.js';
import { checkGroup } from '../model/file-id.js';
import { DEFAULT_STORAGE_PORT } from '../model/limits.js';
import type { RwMode } from '../protocol/record-types.js';
import { addressClass, checkClasses } from './map-address.js';
import { atPlace, configError, formatPlace, type Place } from './place.js';
import { trimBlanks } from './values.js';

/** One storage of a cluster that uses ids. */
export interface StorageIdRecord {
  /** 1 to 16777215: what `sourceId` of a file id refers to. */
  readonly id: number;
  /** The group that the storage is in. */
  readonly group: string;
  /** One address, or two, the inner one first. */
  readonly addresses: readonly Address[];
  /** What the storage may be used for. */
  readonly access: RwMode;
}

const MAX_ID = 0xff_ffff;
/** The server refuses texts shorter than this, `1.1.1.1` among them. */
const MIN_ADDRESS_CHARS = 8;

const ACCESS: Readonly<Record<string, RwMode>> = {
  none: 'none',
  read: 'read',
  readonly: 'read',
  write: 'write',
  writeonly: 'write',
  both: 'both',
  all: 'both',
};

/**
 * Returns the records in the order of the file.
 * @param file name for messages
 * @throws ArgumentError (`FASTDFS_CONFIG`) for a malformed line, a repeated id or address, or no record at all
 */
export function parseStorageIds(text: string, file: string): StorageIdRecord[] {
  const records: StorageIdRecord[] = [];
  const seen = new Map<string, Place>();
  for (const [index, each] of text.split('\n').entries()) {
    const line = trimBlanks(each);
    if (line === '' || line.startsWith('#')) continue;
    const place = { file, line: index + 1 };
    const record = parseRecord(line, place);
    claim(seen, `id ${record.id}`, place);
    for (const address of record.addresses) claim(seen, `address ${formatAddress(address)}`, place);
    records.push(record);
  }
  if (records.length === 0) throw configError(`${file} names no storage`);
  return records;
}

function parseRecord(line: string, place: Place): StorageIdRecord {
  const [id = '', group, address, ...options] = line.split(/[ \t]+/);
  if (group === undefined || address === undefined) {
    throw configError('A storage is written as: id group address', place);
  }
  if (!/^[1-9]\d{0,7}$/.test(id) || Number(id) > MAX_ID) {
    throw configError(
      `Storage id ${JSON.stringify(id)} must be a number from 1 to ${MAX_ID} without leading zero`,
      place,
    );
  }
  return Object.freeze({
    id: Number(id),
    group: atPlace(place, () => checkGroup(group)),
    addresses: Object.freeze(parseStorageAddresses(address, place)),
    access: options.reduce<RwMode>((_, option) => parseAccess(option, place), 'both'),
  });
}

function parseStorageAddresses(text: string, place: Place): Address[] {
  const addresses = atPlace(place, () => {
    const parsed = parseAddresses(text, DEFAULT_STORAGE_PORT);
    checkClasses(parsed);
    return parsed;
  });
  const short = addresses.find(({ host }) => host.length < MIN_ADDRESS_CHARS);
  if (short) {
    throw configError(
      `FastDFS refuses the address ${short.host}: it has less than ${MIN_ADDRESS_CHARS} characters`,
      place,
    );
  }
  const [first] = addresses;
  return first && addressClass(first.host) === 'other' ? addresses.reverse() : addresses;
}

function parseAccess(option: string, place: Place): RwMode {
  const mode = /^rw=(.*)$/i.exec(option)?.[1]?.toLowerCase();
  const access = mode !== undefined && Object.hasOwn(ACCESS, mode) ? ACCESS[mode] : undefined;
  if (access === undefined) {
    throw configError(
      `${JSON.stringify(option)} must be rw=none, read, readonly, write, writeonly, both or all`,
      place,
    );
  }
  return access;
}

function claim(seen: Map<string, Place>, what: string, place: Place): void {
  const before = seen.get(what);
  if (before) throw configError(`Storage ${what} is used already in ${formatPlace(before)}`, place);
  seen.set(what, place);
}
