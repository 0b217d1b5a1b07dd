/**
 * Every error this package raises. Match on `code`, which is stable, rather than on the class or the message.
 */
import { type ErrorCode, httpStatusFor } from './error-codes.js';

export type { ErrorCode } from './error-codes.js';

/** What an error can tell beside its message. All of it is optional; what is known is set. */
export interface ErrorDetails {
  /** Protocol command that failed, e.g. `UPLOAD_FILE`. */
  command?: string | undefined;
  /** `host:port` of the server concerned. */
  address?: string | undefined;
  /** File id of the file concerned. */
  fileId?: string | undefined;
  /** The same call may be made again without harm: nothing was changed by this attempt. */
  retryable?: boolean | undefined;
  /** The change may have happened although the call failed: the outcome could not be learnt. */
  maybeApplied?: boolean | undefined;
  /** A file that this call made and could not remove again. */
  orphan?: string | undefined;
  /** What was behind it: an error of Node, or an AggregateError with one error for each tracker. */
  cause?: unknown;
}

/** Base of all errors. Tell them apart by `code`, which stays the same from version to version. */
export class FastDFSError extends Error {
  /** What went wrong, e.g. `FASTDFS_NOT_FOUND`. */
  readonly code: ErrorCode;
  /** Protocol command that failed, e.g. `UPLOAD_FILE`; undefined where none was sent. */
  command?: string | undefined;
  /** `host:port` of the server concerned. */
  address?: string | undefined;
  /** File id of the file concerned. */
  fileId?: string | undefined;
  /** The same call may be made again without harm: nothing was changed by this attempt. */
  retryable: boolean;
  /** The change may have happened although the call failed: look before you repeat it. */
  maybeApplied: boolean;
  /** A file that this call made and could not remove again: delete it later. */
  orphan?: string | undefined;
  /**
   * The HTTP status that a web server should answer, as in http-errors: 404 for a missing file or a malformed file id, 413 over
   * a limit, 499 when the client left, 503 when no server could be reached or answered in time, 507 without space, else 500.
   */
  status: number;
  /** As {@link status}: frameworks read the one or the other. */
  statusCode: number;
  /** False: the message names servers and files of the cluster, so web frameworks must not send it to a client. */
  readonly expose = false;

  /** @param details what is known; `retryable` and `maybeApplied` are false where it does not say */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.command = details.command;
    this.address = details.address;
    this.fileId = details.fileId;
    this.retryable = details.retryable ?? false;
    this.maybeApplied = details.maybeApplied ?? false;
    this.orphan = details.orphan;
    this.status = httpStatusFor(code);
    this.statusCode = this.status;
  }
}

/** A server answered with a status other than 0. The connection is usually still good. */
export class ServerError extends FastDFSError {
  /** The status byte of the reply: a Linux errno value, whatever this machine's platform. */
  readonly serverStatus: number;
  /** Name of that errno, e.g. `ENOENT`. */
  readonly errno: string;

  /**
   * @param serverStatus the status byte; an unknown one gets the code `FASTDFS_SERVER_ERROR`
   * @param details `hint` takes the place of the words for the status
   */
  constructor(serverStatus: number, details: ErrorDetails & { hint?: string } = {}) {
    const known = STATUS[serverStatus];
    const at = details.address ? ` at ${details.address}` : '';
    const file = details.fileId ? ` for ${details.fileId}` : '';
    const what = details.hint ?? known?.text ?? 'an error this client does not know';
    super(
      known?.code ?? 'FASTDFS_SERVER_ERROR',
      `${details.command ?? 'Request'}${file} was refused${at} with status ${serverStatus}: ${what}`,
      details,
    );
    this.serverStatus = serverStatus;
    this.errno = known?.errno ?? `E${serverStatus}`;
    // A tracker that knows no storage to ask does not prove that the file is missing.
    if (isNotFound(this) && !isAbsent(this)) this.statusCode = this.status = 503;
  }
}

/**
 * The connection could not be made, or broke: `FASTDFS_CONNECT_FAILED`, `FASTDFS_CONNECTION_LOST`,
 * `FASTDFS_NO_TRACKER`; and `FASTDFS_ORPHAN`, where an upload was given up and its file could not be removed.
 */
export class NetworkError extends FastDFSError {}

/**
 * What a time-out was waiting for: a connection to be made, a free one of the pool, the reply, the next bytes of it, or a
 * reader that does not take them.
 */
export type TimeoutPhase = 'connect' | 'lease' | 'response' | 'progress' | 'idle';

const TIMEOUT_CODES = {
  connect: 'FASTDFS_CONNECT_TIMEOUT',
  lease: 'FASTDFS_POOL_TIMEOUT',
  response: 'FASTDFS_RESPONSE_TIMEOUT',
  progress: 'FASTDFS_PROGRESS_TIMEOUT',
  idle: 'FASTDFS_READER_IDLE',
} as const satisfies Record<TimeoutPhase, ErrorCode>;

/**
 * Nothing happened for as long as the options allow: `FASTDFS_CONNECT_TIMEOUT`, `FASTDFS_POOL_TIMEOUT`,
 * `FASTDFS_RESPONSE_TIMEOUT`, `FASTDFS_PROGRESS_TIMEOUT`, `FASTDFS_READER_IDLE`.
 */
export class TimeoutError extends FastDFSError {
  /** What was waited for. */
  readonly phase: TimeoutPhase;

  /** @param phase decides the code */
  constructor(phase: TimeoutPhase, message: string, details: ErrorDetails = {}) {
    super(TIMEOUT_CODES[phase], message, details);
    this.phase = phase;
  }
}

/**
 * The peer sent something that is not FastDFS as this package knows it, or bytes that do not add up:
 * `FASTDFS_PROTOCOL`, `FASTDFS_CHECKSUM_MISMATCH`.
 */
export class ProtocolError extends FastDFSError {
  /** @param details `code` is `FASTDFS_PROTOCOL` where it does not say */
  constructor(message: string, details: ErrorDetails & { code?: ErrorCode } = {}) {
    super(details.code ?? 'FASTDFS_PROTOCOL', message, details);
  }
}

/**
 * The caller passed something that cannot work: `FASTDFS_ARGUMENT`, `FASTDFS_BAD_FILE_ID`, `FASTDFS_CONFIG`,
 * `FASTDFS_NOT_APPENDER`, `FASTDFS_SIZE_MISMATCH`, `FASTDFS_SIZE_UNKNOWN`. Nothing was sent, or nothing of it
 * is left.
 */
export class ArgumentError extends FastDFSError {
  /** @param details `code` is `FASTDFS_ARGUMENT` where it does not say */
  constructor(message: string, details: ErrorDetails & { code?: ErrorCode } = {}) {
    super(details.code ?? 'FASTDFS_ARGUMENT', message, details);
  }
}

/** The client, or the stream, was closed before the call was done. */
export class ClosedError extends FastDFSError {
  /** The code is `FASTDFS_CLOSED`. */
  constructor(message = 'The FastDFS client is closed', details: ErrorDetails = {}) {
    super('FASTDFS_CLOSED', message, details);
  }
}

/** errno value → stable code → what it means and what to do. PROTOCOL: status bytes a client meets. */
const STATUS: Readonly<Record<number, { errno: string; code: ErrorCode; text: string }>> = {
  1: { errno: 'EPERM', code: 'FASTDFS_NOT_PERMITTED', text: 'not permitted' },
  2: {
    errno: 'ENOENT',
    code: 'FASTDFS_NOT_FOUND',
    text: 'not found (no such file, metadata or group, or no storage of the group can serve it)',
  },
  5: { errno: 'EIO', code: 'FASTDFS_IO_ERROR', text: 'the storage met a disk error; see its log' },
  12: { errno: 'ENOMEM', code: 'FASTDFS_SERVER_MEMORY', text: 'the server is out of memory' },
  13: { errno: 'EACCES', code: 'FASTDFS_ACCESS', text: 'the server does not allow this from here' },
  16: { errno: 'EBUSY', code: 'FASTDFS_BUSY', text: 'the server or the record is busy; try again later' },
  17: { errno: 'EEXIST', code: 'FASTDFS_EXISTS', text: 'it exists already' },
  20: { errno: 'ENOTDIR', code: 'FASTDFS_NOT_A_DIRECTORY', text: 'not a directory' },
  21: { errno: 'EISDIR', code: 'FASTDFS_IS_A_DIRECTORY', text: 'the name is a directory on the storage' },
  22: {
    errno: 'EINVAL',
    code: 'FASTDFS_INVALID',
    text: 'invalid (malformed name or request, wrong group, not an appender file, or an offset past the end)',
  },
  28: {
    errno: 'ENOSPC',
    code: 'FASTDFS_NO_SPACE',
    text: 'no storage has space above its reserve; free space, add a storage, or lower reserved_storage_space in tracker.conf',
  },
  64: { errno: 'ENONET', code: 'FASTDFS_NOT_ACTIVE', text: 'the storage is not ACTIVE' },
  95: {
    errno: 'EOPNOTSUPP',
    code: 'FASTDFS_NOT_SUPPORTED',
    text: 'this server does not do that in its present role or mode',
  },
  110: { errno: 'ETIMEDOUT', code: 'FASTDFS_SERVER_TIMEOUT', text: 'timed out on the server' },
  114: { errno: 'EALREADY', code: 'FASTDFS_ALREADY', text: 'already done' },
};

/** What trackers are asked for the storages of a file or a group. */
const TRACKER_QUERY = /^QUERY_(FETCH|UPDATE|STORE)/;

/**
 * Returns true for status 2 (`FASTDFS_NOT_FOUND`): there is no such file or group, or no storage that could serve it. Also for
 * errors of another copy of the package.
 */
export function isNotFound(error: unknown): error is ServerError {
  return error instanceof Error && (error as Partial<ServerError>).serverStatus === 2;
}

/**
 * True for errors by which a storage says that the file is not there. A tracker gives the same status for a file that
 * exists when it knows no storage to ask.
 */
export function isAbsent(error: unknown): boolean {
  return isNotFound(error) && !TRACKER_QUERY.test(error.command ?? '');
}

/** Returns the EISDIR error for a folder where a file is expected. */
export function createDirectoryError(path: string, syscall: 'open' | 'read'): NodeJS.ErrnoException {
  const error = new Error(`EISDIR: illegal operation on a directory, ${syscall} '${path}'`);
  return Object.assign(error, { code: 'EISDIR', errno: -21, syscall, path });
}
