import { FastDFSError } from '../../core/base/errors.js';

/** An option failed with something that is no error; `cause` is that. `code` is `FASTDFS_OPTION_FAILED`. */
export class OptionError extends FastDFSError {
  /** @internal */
  constructor(cause: unknown) {
    super('FASTDFS_OPTION_FAILED', `An option failed: ${String(cause)}`, { cause });
  }
}
