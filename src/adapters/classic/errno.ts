/** Errors as errno values, which is all that the classic verbs tell: Linux's, whatever this machine's platform. */
import { ClosedError, FastDFSError, ServerError, TimeoutError } from '../../core/base/errors.js';

export const EIO = 5;
export const EISDIR = 21;
export const EINVAL = 22;
const ENOTCONN = 107;
const ETIMEDOUT = 110;
const ECANCELED = 125;

/** By the names that Node gives to errors of files and sockets. */
const LINUX: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EIO,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR,
  EINVAL,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ELOOP: 40,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOTCONN,
  ETIMEDOUT,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EDQUOT: 122,
  ECANCELED,
  // A name that cannot be looked up: no host to go to.
  ENOTFOUND: 113,
  EAI_AGAIN: 113,
};

/** Errors of this package that no server and no system call has given a number. */
const OWN: Readonly<Record<string, number>> = {
  FASTDFS_CHECKSUM_MISMATCH: EIO,
  FASTDFS_CONNECTION_LOST: ENOTCONN,
  FASTDFS_NO_TRACKER: ENOTCONN,
};

/** Server's status, system's errno, or the nearest value for what is neither; 5 (EIO) when nothing is near. */
export function errnoOf(error: unknown): number {
  if (error instanceof ServerError) return error.serverStatus;
  if (error instanceof TimeoutError) return ETIMEDOUT;
  if (error instanceof ClosedError) return ECANCELED;
  const system = systemErrno(error);
  if (system !== undefined) return system;
  if (error instanceof FastDFSError) return OWN[error.code] ?? EINVAL;
  return error instanceof TypeError || error instanceof RangeError ? EINVAL : EIO;
}

/** Of the error, of its cause, or of the first of several causes that has one. */
function systemErrno(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && Object.hasOwn(LINUX, code)) return LINUX[code];
  if (error instanceof TimeoutError) return ETIMEDOUT;
  const causes = error instanceof AggregateError ? error.errors : error.cause ? [error.cause] : [];
  for (const cause of causes) {
    const found = systemErrno(cause);
    if (found !== undefined) return found;
  }
  return undefined;
}
