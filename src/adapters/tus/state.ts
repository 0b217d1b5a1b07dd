/**
 * What a store must remember of an upload, as metadata of the file itself, so that any node can continue it:
 *
 *     tus-upload      '1': an upload of ours, in this layout
 *     tus-length      bytes in all; missing while the client has not declared it
 *     tus-metadata-0  the client's metadata as JSON, in pieces of the 256 bytes that a value may have
 *     tus-metadata-1  …
 *
 * Beside it, for other readers of the file, lie the client's entries that metadata can hold, the file name cut to what it can. The
 * offset is not kept: it is the size of the file.
 */
import { MAX_METADATA_KEY, MAX_METADATA_VALUE } from '../../core/model/limits.js';
import type { Metadata } from '../../core/model/metadata.js';
import { toStorableName } from '../shared/file-names.js';

/** As tus servers pass it on; null where a key has no value. */
export type ClientMetadata = Record<string, string | null>;

export interface UploadState {
  /** Bytes in all; undefined while the client has not declared it. */
  readonly length: number | undefined;
  readonly metadata: ClientMetadata | undefined;
}

const OWN = 'tus-';
const LAYOUT = 'tus-upload';
const LENGTH = 'tus-length';
const PIECE = 'tus-metadata-';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that FastDFS reserves
const RESERVED = /[\x00\x01\x02]/;

export function encodeState({ length, metadata }: UploadState): Metadata {
  const state: Metadata = { ...plainMetadata(metadata), [LAYOUT]: '1', ...encodeLength(length) };
  if (metadata) {
    for (const [index, piece] of splitText(JSON.stringify(metadata)).entries()) state[PIECE + index] = piece;
  }
  return state;
}

/** What to merge when the length becomes known. */
export function encodeLength(length: number | undefined): Metadata {
  return length === undefined ? {} : { [LENGTH]: String(length) };
}

/** Returns the state; undefined when the file is not an upload of a store, or no longer. */
export function decodeState(stored: Metadata): UploadState | undefined {
  if (stored[LAYOUT] !== '1') return undefined;
  let json = '';
  for (let index = 0; stored[PIECE + index] !== undefined; index++) json += stored[PIECE + index];
  const length = stored[LENGTH];
  return {
    length: length === undefined ? undefined : Number(length),
    metadata: json === '' ? undefined : JSON.parse(json),
  };
}

/**
 * Returns the entries that metadata can hold unchanged, and the file name cut to what it can. Left out: longer ones, ones with reserved
 * characters, and names that look like those of the store.
 */
export function plainMetadata(metadata: ClientMetadata | undefined): Metadata {
  const plain: Metadata = {};
  for (const [key, value] of Object.entries(metadata ?? {})) {
    const text = (key === 'filename' ? toStorableName(value) : value) ?? '';
    if (fits(key, text)) plain[key] = text;
  }
  return plain;
}

function fits(key: string, value: string): boolean {
  return (
    key !== '' &&
    !key.startsWith(OWN) &&
    Buffer.byteLength(key) <= MAX_METADATA_KEY &&
    Buffer.byteLength(value) <= MAX_METADATA_VALUE &&
    !RESERVED.test(key) &&
    !RESERVED.test(value)
  );
}

/** Cut between characters. JSON has no control characters, so that every piece is possible as a value. */
function splitText(json: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let bytes = 0;
  for (const character of json) {
    const width = Buffer.byteLength(character);
    if (bytes + width > MAX_METADATA_VALUE) {
      pieces.push(piece);
      piece = '';
      bytes = 0;
    }
    piece += character;
    bytes += width;
  }
  return [...pieces, piece];
}
