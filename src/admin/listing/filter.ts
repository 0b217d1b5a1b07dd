/** Which files an operation takes, by what their ids say. */
import { type Checks, enumOption, stringOption } from '../../core/base/validate.js';
import { checkExtension } from '../../core/model/names.js';
import { momentOption, resolveMoment } from '../access.js';
import { isSlaveId, readExtension } from './names.js';
import type { FileFilter, ListedFile } from './types.js';

export const filterChecks: Checks<FileFilter> = {
  kind: enumOption('normal', 'appender', 'slave'),
  ext: stringOption,
  olderThan: momentOption,
  newerThan: momentOption,
};

/**
 * Makes the test for the files of a filter.
 * @throws ArgumentError for an extension that no file can have
 */
export function createFilter({ kind, ext, olderThan, newerThan }: FileFilter): (file: ListedFile) => boolean {
  const extension = ext === undefined ? undefined : checkExtension(ext);
  const before = resolveMoment(olderThan) ?? Number.POSITIVE_INFINITY;
  const from = resolveMoment(newerThan) ?? Number.NEGATIVE_INFINITY;
  return (file) => {
    const created = file.createdAt.getTime();
    return (
      (kind === undefined || file.kind === kind) &&
      (extension === undefined || matchesExtension(file, extension)) &&
      created < before &&
      created >= from
    );
  };
}

/** The extension of a slave is what follows the last dot: its name may have that of its master before it. */
function matchesExtension({ fileId }: ListedFile, wanted: string): boolean {
  return readExtension(fileId) === wanted || (isSlaveId(fileId) && fileId.endsWith(`.${wanted}`));
}
