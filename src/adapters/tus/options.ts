/** The options of the tus store, checked when it is made. */

import { ArgumentError } from '../../core/base/errors.js';
import { checkCount } from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/names.js';
import type { FdfsStoreOptions } from './types.js';

export interface ResolvedStoreOptions {
  readonly secret: string | undefined;
  readonly blockBytes: number;
  readonly finalize: boolean;
  readonly group: string | undefined;
}

const DEFAULT_BLOCK_BYTES = 2 * 1024 * 1024;
/** A storage takes a request of any size; this bounds what an upload may cost in memory. */
const MAX_BLOCK_BYTES = 1024 * 1024 * 1024;

const TYPES = {
  secret: 'string',
  blockBytes: 'number',
  finalize: 'boolean',
  group: 'string',
} as const satisfies Record<keyof FdfsStoreOptions, string>;

/** @throws ArgumentError naming the option that makes no sense */
export function checkOptions(options: FdfsStoreOptions): ResolvedStoreOptions {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError('Options of FdfsStore must be an object');
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(TYPES, key)) throw new ArgumentError(`Unknown option \`${key}\` of FdfsStore`);
    const expected = TYPES[key as keyof FdfsStoreOptions];
    if (value !== undefined && typeof value !== expected) {
      throw new ArgumentError(`Option \`${key}\` must be of type ${expected}, not ${typeof value}`);
    }
  }
  const { secret, blockBytes = DEFAULT_BLOCK_BYTES, finalize = false, group } = options;
  // An empty environment variable must not become a signature that everybody can make.
  if (secret === '') throw new ArgumentError('Option `secret` is empty');
  if (group !== undefined) checkGroup(group);
  return { secret, blockBytes: checkCount('blockBytes', blockBytes, 1, MAX_BLOCK_BYTES), finalize, group };
}
