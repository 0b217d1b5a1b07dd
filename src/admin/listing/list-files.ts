/** `listFiles()`: its options, and the files of all parts one by one. */
import {
  booleanOption,
  type Checks,
  checkOptions,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import { MAX_TIMER_MS } from '../../core/model/limits.js';
import type { ClusterAccess } from '../access.js';
import { adminChecks } from '../checks.js';
import { BatchedItems } from '../concurrent.js';
import { createFilter, filterChecks } from './filter.js';
import type { FileListing, ListedFile, ListFilesOptions, ListingSource } from './types.js';

const listingChecks: Checks<ListFilesOptions> = {
  ...adminChecks,
  ...filterChecks,
  storage: stringOption,
  storePath: integerOption(0, 127),
  confirm: booleanOption,
  silenceTimeoutMs: integerOption(1, MAX_TIMER_MS),
};

/** @throws ArgumentError at once for a wrong option, not when the first file is read */
export function listFiles(
  access: ClusterAccess,
  group: string | undefined,
  options: ListFilesOptions,
): FileListing {
  if (group !== undefined) checkGroup(group);
  checkOptions('listFiles()', options, listingChecks);
  access.trackers.select(options);
  const matches = createFilter(options);
  const sources: ListingSource[] = [];
  const files = new BatchedItems(generate(access, group, options, matches, sources));
  return Object.assign(files, { sources });
}

async function* generate(
  access: ClusterAccess,
  group: string | undefined,
  options: ListFilesOptions,
  matches: (file: ListedFile) => boolean,
  sources: ListingSource[],
): AsyncGenerator<readonly ListedFile[], void, undefined> {
  const { confirmFiles, readParts } = await import('./parts.js');
  for await (const part of readParts(access, group, options, sources)) {
    yield await confirmFiles(access, part, part.files.filter(matches), options.confirm);
  }
}
