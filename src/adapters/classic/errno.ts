/** Errors as errno values, as the classic verbs report them: Linux's, whatever this machine's platform. */
import { ClosedError, FastDFSError, ServerError, TimeoutError } from '../../core/base/errors.js';

export const EIO = 5;
const EISDIR = 21;
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
  // A host name that cannot be resolved.
  ENOTFOUND: 113,
  EAI_AGAIN: 113,
};

/** Errors of this package that come from no server and no system call. */
const OWN: Readonly<Record<string, number>> = {
  FASTDFS_CHECKSUM_MISMATCH: EIO,
  FASTDFS_CONNECTION_LOST: ENOTCONN,
  FASTDFS_NO_TRACKER: ENOTCONN,
};

/** Returns the server's status, the system's errno, or the nearest value for other errors; 5 (EIO) when none is near. */
export function toErrno(error: unknown): number {
  if (error instanceof ServerError) return error.serverStatus;
  if (error instanceof TimeoutError) return ETIMEDOUT;
  if (error instanceof ClosedError) return ECANCELED;
  const system = findSystemErrno(error);
  if (system !== undefined) return system;
  if (error instanceof FastDFSError) return OWN[error.code] ?? EINVAL;
  return error instanceof TypeError || error instanceof RangeError ? EINVAL : EIO;
}

/** Returns the errno of the error, of its cause, or of the first of several causes that has one. */
function findSystemErrno(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && Object.hasOwn(LINUX, code)) return LINUX[code];
  if (error instanceof TimeoutError) return ETIMEDOUT;
  const causes = error instanceof AggregateError ? error.errors : error.cause ? [error.cause] : [];
  for (const cause of causes) {
    const found = findSystemErrno(cause);
    if (found !== undefined) return found;
  }
  return undefined;
}
