/** `findOrphans()`: its options, and the comparison that they ask for. */
import {
  type Checks,
  checkOptions,
  enumOption,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import { MAX_TIMER_MS } from '../../core/model/limits.js';
import type { ClusterAccess } from '../access.js';
import { adminChecks } from '../checks.js';
import { createFilter, filterChecks } from './filter.js';
import type { FindOrphansOptions, ListedFile, OrphanItem } from './types.js';

const orphanChecks: Checks<FindOrphansOptions> = {
  ...adminChecks,
  ...filterChecks,
  group: stringOption,
  slaves: enumOption('with-master', 'separate'),
  silenceTimeoutMs: integerOption(1, MAX_TIMER_MS),
};

/** @throws ArgumentError at once for a wrong option */
export function findOrphans(
  access: ClusterAccess,
  known: Iterable<string> | AsyncIterable<string>,
  options: FindOrphansOptions,
): AsyncGenerator<OrphanItem, void, undefined> {
  checkOptions('findOrphans()', options, orphanChecks);
  if (options.group !== undefined) checkGroup(options.group);
  access.trackers.select(options);
  return generate(access, known, options, createFilter(options));
}

async function* generate(
  access: ClusterAccess,
  known: Iterable<string> | AsyncIterable<string>,
  options: FindOrphansOptions,
  matches: (file: ListedFile) => boolean,
): AsyncGenerator<OrphanItem, void, undefined> {
  const { compareIds } = await import('./compare-ids.js');
  yield* compareIds(access, known, options, matches);
}
