/** The stable codes of errors, and the HTTP status that a web server answers for each. */

/** Every value of `FastDFSError.code`. Codes are added, never renamed, within a major version. */
export type ErrorCode =
  // The caller's arguments: nothing was sent, or nothing remains of it.
  | 'FASTDFS_ARGUMENT'
  | 'FASTDFS_BAD_FILE_ID'
  | 'FASTDFS_CONFIG'
  | 'FASTDFS_NOT_APPENDER'
  | 'FASTDFS_OPTION_FAILED'
  | 'FASTDFS_SIZE_MISMATCH'
  | 'FASTDFS_SIZE_UNKNOWN'
  | 'FASTDFS_TRUNCATED'
  // A server answered with a status.
  | 'FASTDFS_ACCESS'
  | 'FASTDFS_ALREADY'
  | 'FASTDFS_BUSY'
  | 'FASTDFS_EXISTS'
  | 'FASTDFS_INVALID'
  | 'FASTDFS_IO_ERROR'
  | 'FASTDFS_IS_A_DIRECTORY'
  | 'FASTDFS_NO_SPACE'
  | 'FASTDFS_NOT_A_DIRECTORY'
  | 'FASTDFS_NOT_ACTIVE'
  | 'FASTDFS_NOT_FOUND'
  | 'FASTDFS_NOT_PERMITTED'
  | 'FASTDFS_NOT_SUPPORTED'
  | 'FASTDFS_SERVER_ERROR'
  | 'FASTDFS_SERVER_MEMORY'
  | 'FASTDFS_SERVER_TIMEOUT'
  // The network, or a server that does not answer.
  | 'FASTDFS_CONNECT_FAILED'
  | 'FASTDFS_CONNECT_TIMEOUT'
  | 'FASTDFS_CONNECTION_LOST'
  | 'FASTDFS_NO_TRACKER'
  | 'FASTDFS_ORPHAN'
  | 'FASTDFS_POOL_TIMEOUT'
  | 'FASTDFS_PROGRESS_TIMEOUT'
  | 'FASTDFS_READER_IDLE'
  | 'FASTDFS_RESPONSE_TIMEOUT'
  // What arrived does not add up.
  | 'FASTDFS_CHECKSUM_MISMATCH'
  | 'FASTDFS_PROTOCOL'
  // This process.
  | 'FASTDFS_ABORTED'
  | 'FASTDFS_CLOSED'
  | 'FASTDFS_INDEX'
  | 'FASTDFS_REQUEST_ABORTED'
  | 'FASTDFS_SPOOL';

/** Codes whose HTTP status is not 500. */
const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  FASTDFS_BAD_FILE_ID: 404,
  FASTDFS_NOT_FOUND: 404,
  FASTDFS_TRUNCATED: 413,
  FASTDFS_REQUEST_ABORTED: 499,
  FASTDFS_BUSY: 503,
  FASTDFS_CLOSED: 503,
  FASTDFS_CONNECT_FAILED: 503,
  FASTDFS_CONNECT_TIMEOUT: 503,
  FASTDFS_CONNECTION_LOST: 503,
  FASTDFS_NO_TRACKER: 503,
  FASTDFS_NOT_ACTIVE: 503,
  FASTDFS_POOL_TIMEOUT: 503,
  FASTDFS_PROGRESS_TIMEOUT: 503,
  FASTDFS_RESPONSE_TIMEOUT: 503,
  FASTDFS_SERVER_TIMEOUT: 503,
  FASTDFS_NO_SPACE: 507,
  FASTDFS_SPOOL: 507,
};

/** Returns the HTTP status for an error with this code. */
export function httpStatusFor(code: ErrorCode): number {
  return HTTP_STATUS[code] ?? 500;
}
