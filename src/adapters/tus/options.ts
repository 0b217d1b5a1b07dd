/** The options of the tus store, checked when it is made. */
import { ArgumentError } from '../../core/base/errors.js';
import {
  booleanOption,
  type Check,
  type Checks,
  checkOptions,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import type { KeyIndex } from '../indexes/contract.js';
import { isKeyIndex, toKeyIndex } from '../indexes/map.js';
import type { FdfsStoreOptions } from './types.js';

export interface ResolvedStoreOptions {
  readonly secret: string | undefined;
  readonly blockBytes: number;
  readonly finalize: boolean;
  readonly group: string | undefined;
  /** Both are set, or neither. */
  readonly expiry: { readonly index: KeyIndex; readonly expireAfterMs: number } | undefined;
}

const DEFAULT_BLOCK_BYTES = 2 * 1024 * 1024;
/** A storage takes a request of any size; this bounds what an upload may cost in memory. */
const MAX_BLOCK_BYTES = 1024 * 1024 * 1024;

const indexOption: Check = (value) =>
  isKeyIndex(value) || value instanceof Map ? undefined : 'an index with get, swap and keys, or a Map';

const CHECKS: Checks<FdfsStoreOptions> = {
  secret: stringOption,
  blockBytes: integerOption(1, MAX_BLOCK_BYTES),
  finalize: booleanOption,
  group: stringOption,
  index: indexOption,
  expireAfterMs: integerOption(1),
};

/** @throws ArgumentError naming the option that makes no sense */
export function resolveOptions(options: FdfsStoreOptions): ResolvedStoreOptions {
  checkOptions('fdfsTusStore()', options, CHECKS);
  const { secret, blockBytes = DEFAULT_BLOCK_BYTES, finalize = false, group, index, expireAfterMs } = options;
  // An empty environment variable must not become a signature that anyone can make.
  if (secret === '') throw new ArgumentError('Option `secret` of fdfsTusStore() is empty');
  if (group !== undefined) checkGroup(group);
  if ((index === undefined) !== (expireAfterMs === undefined))
    throw new ArgumentError(
      'Options `index` and `expireAfterMs` of fdfsTusStore() need each other: FastDFS does not list uploads',
    );
  const expiry =
    index === undefined || expireAfterMs === undefined
      ? undefined
      : { index: toKeyIndex(index), expireAfterMs };
  return { secret, blockBytes, finalize, group, expiry };
}
