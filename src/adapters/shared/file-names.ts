/** File names that strangers send: decoded as browsers meant them, and made storable as metadata. */
import { isUtf8 } from 'node:buffer';
import { MAX_METADATA_VALUE } from '../../core/model/limits.js';
import { deriveExtension } from '../../core/model/names.js';

/** Every name that needs no work but perhaps cutting its folders. */
const PLAIN_NAME = /^[\x20-\x7e]{1,255}$/;
const BEYOND_LATIN1 = /[\u0100-\uffff]/;
const BEYOND_ASCII = /[\x80-\xff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: no name of a file needs one, and the metadata format reserves three
const CONTROL = /[\x00-\x1f\x7f]/g;
/** A longer "extension" is a part of the name, in bytes. */
const MAX_KEPT_EXTENSION = 32;

/**
 * Returns the name as the sender's browser meant it. Browsers send UTF-8, and form parsers read it as latin1: a name whose
 * characters are all bytes (up to U+00FF), and whose bytes are valid UTF-8 with a character of several bytes, is decoded. All
 * others are returned unchanged.
 */
export function decodeFileName(name: string): string {
  if (!BEYOND_ASCII.test(name) || BEYOND_LATIN1.test(name)) return name;
  const bytes = Buffer.from(name, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : name;
}

/**
 * Returns what can be stored of a stranger's file name: decoded, without folders and control characters, well-formed, and of at
 * most 256 bytes in UTF-8, cut before the extension. Undefined when nothing remains.
 */
export function toStorableName(name: string | null | undefined): string | undefined {
  if (typeof name !== 'string') return undefined;
  const base = readBaseName(name);
  const clean = PLAIN_NAME.test(base) ? base : cut(decodeFileName(base).toWellFormed().replace(CONTROL, ''));
  return clean === '' || clean === '.' || clean === '..' ? undefined : clean;
}

/** Senders of both kinds of systems may name folders. */
function readBaseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
}

function cut(name: string): string {
  if (Buffer.byteLength(name) <= MAX_METADATA_VALUE) return name;
  const extension = readExtension(name);
  let room = MAX_METADATA_VALUE - Buffer.byteLength(extension);
  let end = 0;
  for (const character of name.slice(0, name.length - extension.length)) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    end += character.length;
  }
  return name.slice(0, end) + extension;
}

/** With its dot: the one that the stored file gets (`.tar.gz`), or a longer one (`.markdown`). */
function readExtension(name: string): string {
  const known = deriveExtension(name);
  const extension = known === '' ? name.slice(name.lastIndexOf('.')) : `.${known}`;
  return name.includes('.') && Buffer.byteLength(extension) <= MAX_KEPT_EXTENSION ? extension : '';
}
