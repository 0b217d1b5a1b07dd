/**
 * Contents of a metadata file, byte for byte as a storage writes it: records sorted by key, merged in one pass, and
 * with the same damage to what is too long. All on C strings, which end at the first NUL.
 */
import { MAX_METADATA_KEY, MAX_METADATA_VALUE } from '../../core/model/limits.js';

const RECORD = 1;
const FIELD = 2;

interface Item {
  readonly key: Buffer;
  readonly value: Buffer;
}

/**
 * Makes the file for a flag `O` request. The length stays that of the request, whatever was cut: the rest of the request
 * shows through behind a NUL.
 */
export function makeNewMetadata(metadata: Buffer): Buffer {
  const file = Buffer.from(metadata);
  const end = findStringEnd(file);
  const items = split(metadata.subarray(0, end));
  for (let i = 0; i < end; i++) if (file[i] === RECORD) file[i] = 0;
  if (items.length === 0) return file;
  const packed = pack(items.sort(compareKeys));
  packed.copy(file);
  if (packed.length < file.length) file[packed.length] = 0;
  return file;
}

/** Makes the file for a flag `M` request on top of an existing one. Of equal keys only the first is replaced. */
export function makeMergedMetadata(existing: Buffer, metadata: Buffer): Buffer {
  const before = split(existing.subarray(0, findStringEnd(existing)));
  const after = split(metadata.subarray(0, findStringEnd(metadata))).sort(compareKeys);
  const all: Item[] = [];
  let old = 0;
  let fresh = 0;
  while (old < before.length && fresh < after.length) {
    const order = compareKeys(before[old]!, after[fresh]!);
    if (order < 0) {
      all.push(before[old++]!);
    } else {
      all.push(after[fresh++]!);
      if (order === 0) old += 1;
    }
  }
  all.push(...before.slice(old), ...after.slice(fresh));
  return pack(all);
}

function findStringEnd(bytes: Buffer): number {
  const nul = bytes.indexOf(0);
  return nul < 0 ? bytes.length : nul;
}

function split(text: Buffer): Item[] {
  const items: Item[] = [];
  let start = 0;
  while (start <= text.length) {
    let end = text.indexOf(RECORD, start);
    if (end < 0) end = text.length;
    const row = text.subarray(start, end);
    const field = row.indexOf(FIELD);
    if (field >= 0) {
      items.push({
        key: row.subarray(0, Math.min(field, MAX_METADATA_KEY)),
        value: row.subarray(field + 1, field + 1 + MAX_METADATA_VALUE),
      });
    }
    start = end + 1;
  }
  return items;
}

function compareKeys(a: Item, b: Item): number {
  return Buffer.compare(a.key, b.key);
}

function pack(items: readonly Item[]): Buffer {
  const pieces: Buffer[] = [];
  for (const [index, { key, value }] of items.entries()) {
    if (index > 0) pieces.push(Buffer.of(RECORD));
    pieces.push(key, Buffer.of(FIELD), value);
  }
  return Buffer.concat(pieces);
}
