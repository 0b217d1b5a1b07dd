/** What an index of keys promises, so that several processes can share one, and the checks that every index here makes. */
import { ArgumentError } from '../../core/base/errors.js';

/**
 * Leads keys of the user's choice to file ids. A key leads to one file id or does not exist. Keys are in the order of
 * their UTF-8 bytes. A call that fails rejects; its change may have been made all the same.
 */
export interface KeyIndex {
  /** Returns the file id of a key; undefined or null for a key that does not exist. */
  get(key: string): Promise<string | null | undefined>;
  /**
   * Changes one key in one atomic step, provided that it leads to `expected`.
   * @param expected undefined: the key must not exist
   * @param next undefined: the key is removed
   * @returns whether the key led to `expected`; if not, nothing has changed
   */
  swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean>;
  /** Returns the first keys that start with `prefix`, in order. */
  keys(prefix: string, page?: KeyPage): Promise<string[]>;
  /** Returns the same keys with their file ids. Optional: without it, a listing calls `get` for each key. */
  entries?(prefix: string, page?: KeyPage): Promise<KeyEntry[]>;
  /**
   * Gives the file of one key to another in one atomic step: `from` must lead to `fileId`, and `to` to `replaced`
   * (undefined: `to` must not exist). Optional: without it, a move copies the content.
   * @returns whether both keys were as stated; if not, nothing has changed
   */
  transfer?(from: string, to: string, fileId: string, replaced: string | undefined): Promise<boolean>;
  /** Closes what the index itself has opened. Safe to call twice. */
  close?(): Promise<void>;
}

/** Which part of the keys to return. */
export interface KeyPage {
  /** Only keys behind this one in the order. Default: from the first. */
  after?: string | undefined;
  /** At most this many keys. Default 1000. */
  limit?: number | undefined;
}

/** A key and the file id it leads to. */
export type KeyEntry = [key: string, fileId: string];

/**
 * A map without an atomic swap: a `Map`, a Keyv, a `KvStore<string>` of tus. Safe for the stores of one process; several
 * processes need a {@link KeyIndex}. Its functions may return promises; one that fails rejects or throws.
 */
export interface MapLike {
  /** Returns the file id of a key; null or undefined for a key that does not exist. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  /** Leads a key to a file id. */
  set(key: string, fileId: string): unknown;
  /** Removes a key; one that does not exist is no error. */
  delete(key: string): unknown;
}

/** Keys that a page holds where the caller does not say. */
export const DEFAULT_PAGE = 1000;
/** Bytes of UTF-8 in a key, as in S3: it fits an index entry of every database here. */
export const MAX_KEY_BYTES = 1024;

/** Whether a value can be a key: 1 to 1024 bytes of well-formed UTF-8 without NUL. */
export function isKey(key: unknown): key is string {
  return (
    typeof key === 'string' &&
    key !== '' &&
    Buffer.byteLength(key) <= MAX_KEY_BYTES &&
    key.isWellFormed() &&
    !key.includes('\0')
  );
}

/** @throws ArgumentError unless the value can be a key */
export function checkKey(key: unknown): string {
  if (isKey(key)) return key;
  const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 160)) : typeof key;
  throw new ArgumentError(
    `A key must be a string of 1 to ${MAX_KEY_BYTES} bytes of well-formed Unicode without NUL, not ${shown}`,
  );
}

/** Compares keys by their UTF-8 bytes, as databases do; `<` compares UTF-16 and differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The bounds of a page: the lower one inclusive or not, the upper one behind every key with the prefix. */
export interface Bounds {
  readonly lower: string;
  /** The lower bound itself belongs to the page. */
  readonly inclusive: boolean;
  readonly limit: number;
}

/** @throws ArgumentError for a prefix or page that makes no sense */
export function resolvePage(prefix: string, { after, limit = DEFAULT_PAGE }: KeyPage = {}): Bounds {
  if (typeof prefix !== 'string') throw new ArgumentError('`prefix` must be a string');
  if (after !== undefined && typeof after !== 'string') throw new ArgumentError('`after` must be a string');
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new ArgumentError(`\`limit\` must be a positive integer, not ${String(limit)}`);
  const behind = after !== undefined && compareKeys(after, prefix) >= 0;
  return { lower: behind ? after : prefix, inclusive: !behind, limit };
}

/** A byte that no UTF-8 text has, so that it sorts behind all that can follow the prefix. */
const ABOVE_ALL = Buffer.from([0xff]);

/** Returns the exclusive upper bound of all keys with a prefix, as bytes. */
export function upperBound(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), ABOVE_ALL]);
}

/**
 * Imports an optional peer.
 * @throws ArgumentError that names the package to install
 */
export async function importPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ArgumentError(`The package \`${name}\` is not installed: npm install ${name}`, {
      cause: error,
    });
  }
}
