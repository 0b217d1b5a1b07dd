/** The options of a blob store, checked when it is made, and those of its calls, sorted. */
import {
  booleanOption,
  type Check,
  type Checks,
  checkOptions,
  enumOption,
  integerOption,
  objectOption,
  stringOption,
} from '../../core/base/validate.js';
import type { DownloadOptions, UploadOptions } from '../../index.js';
import type { KeyIndex } from '../indexes/contract.js';
import { levelIndex } from '../indexes/level.js';
import { isKeyIndex, isMapLike, toKeyIndex } from '../indexes/map.js';
import type { BlobDefaults, BlobName, BlobStoreOptions, StoredBlob } from './types.js';

const indexOption: Check = (value) =>
  (typeof value === 'string' && value !== '') || isKeyIndex(value) || isMapLike(value)
    ? undefined
    : 'an index with get, swap and keys, a map with get, set and delete, or the path of a folder';

const DEFAULTS: Checks<BlobDefaults> = {
  group: stringOption,
  ext: stringOption,
  metadata: objectOption,
  keepFilename: booleanOption,
  appender: booleanOption,
  whenSizeUnknown: enumOption('spool', 'stream', 'memory', 'reject'),
  finalize: enumOption(false, true, 'copy', 'rename'),
  blockBytes: integerOption(1),
  verify: booleanOption,
};
const CHECKS: Checks<BlobStoreOptions> = { ...DEFAULTS, index: indexOption, keepKey: booleanOption };

const WRITE_KEYS: Record<keyof UploadOptions, true> = {
  group: true,
  ext: true,
  metadata: true,
  keepFilename: true,
  appender: true,
  whenSizeUnknown: true,
  finalize: true,
  blockBytes: true,
  verify: true,
  filename: true,
  size: true,
  signal: true,
  onProgress: true,
};
/** Without `storage`: a stored blob has a field of that name, and whole blobs are passed back. */
const READ_KEYS: Record<Exclude<keyof DownloadOptions, 'storage'>, true> = {
  onProgress: true,
  start: true,
  end: true,
  verify: true,
  signal: true,
  highWaterMark: true,
};

export interface ResolvedBlobOptions {
  readonly index: KeyIndex | undefined;
  /** The index was made here, of a path. */
  readonly ownsIndex: boolean;
  readonly keepKey: boolean;
  readonly defaults: BlobDefaults;
}

/** @throws ArgumentError naming the option that makes no sense */
export function resolveOptions(options: BlobStoreOptions): ResolvedBlobOptions {
  checkOptions('fdfsBlobStore()', options, CHECKS);
  const { index, keepKey, ...defaults } = options;
  return {
    index: typeof index === 'string' ? levelIndex(index) : index && toKeyIndex(index),
    ownsIndex: typeof index === 'string',
    // The key of a blob without an index is its file id.
    keepKey: index !== undefined && keepKey === true,
    defaults: pick<BlobDefaults>(defaults, DEFAULTS),
  };
}

/** Returns options with their key in `key`, in whichever of the three ways it was passed. */
export function normalizeName<T extends BlobName>(options: string | T | StoredBlob | undefined | null): T {
  if (typeof options === 'string') return { key: options } as T;
  return { ...options, key: options?.key ?? options?.name } as unknown as T;
}

/** Returns what is an option of an upload. */
export function pickUpload(given: object): UploadOptions {
  return pick<UploadOptions>(given, WRITE_KEYS);
}

/** Returns what is an option of a download. */
export function pickDownload(given: object): DownloadOptions {
  return pick<Omit<DownloadOptions, 'storage'>>(given, READ_KEYS);
}

function pick<T extends object>(given: object, keys: Record<keyof T, unknown>): T {
  const known = Object.entries(given).filter(
    ([key, value]) => Object.hasOwn(keys, key) && value !== undefined,
  );
  return Object.fromEntries(known) as T;
}
