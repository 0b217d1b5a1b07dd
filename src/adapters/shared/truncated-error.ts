import { FastDFSError } from '../../core/base/errors.js';

/** The part is larger than the form allows; nothing of it was kept. `code` is `FASTDFS_TRUNCATED`, `statusCode` 413. */
export class TruncatedError extends FastDFSError {
  /** @internal */
  constructor() {
    super('FASTDFS_TRUNCATED', 'The file is larger than the limit of the form; nothing of it was kept');
  }
}
