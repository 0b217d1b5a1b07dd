/**
 * The key of a blob as metadata of its file, so that an index that was lost can be made again from the files:
 *
 *     blob-key    the key, or the first 256 bytes of it
 *     blob-key-1  the next 256 bytes, and so on
 *     blob-time   when it was written, in milliseconds since 1970: of several files with one key the newest counts
 */
import { MAX_METADATA_VALUE } from '../../core/model/limits.js';
import type { Metadata } from '../../core/model/metadata.js';
import { isKey, MAX_KEY_BYTES } from '../indexes/contract.js';

const KEY = 'blob-key';
const TIME = 'blob-time';
const OWN = /^blob-(time|key(-\d+)?)$/;
/** Characters are not cut, so that pieces may be up to 3 bytes shorter than a value may be. */
const MAX_PIECES = Math.ceil(MAX_KEY_BYTES / (MAX_METADATA_VALUE - 3));

/** What a file's metadata says about its key. */
export interface KeptKey {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Returns the metadata that keeps a key; all pieces that a longer key before may have had are overwritten. */
export function encodeKey(key: string, time: number, overwrite = false): Metadata {
  const pieces = splitKey(key);
  const count = overwrite ? MAX_PIECES : pieces.length;
  const metadata: Metadata = { [TIME]: String(time) };
  for (let index = 0; index < count; index++) metadata[nameOfPiece(index)] = pieces[index] ?? '';
  return metadata;
}

/** Returns the key that metadata keeps; undefined for a file that keeps none. */
export function decodeKey(metadata: Metadata): KeptKey | undefined {
  let key = '';
  for (let index = 0; metadata[nameOfPiece(index)]; index++) key += metadata[nameOfPiece(index)];
  const time = Number(metadata[TIME]);
  return isKey(key) && Number.isFinite(time) ? { key, time } : undefined;
}

/** Returns the entries that are the user's. */
export function withoutKey(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !OWN.test(name)));
}

function nameOfPiece(index: number): string {
  return index === 0 ? KEY : `${KEY}-${index}`;
}

function splitKey(key: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of key) {
    if (Buffer.byteLength(piece) + Buffer.byteLength(character) > MAX_METADATA_VALUE) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}
