/** Numbers of the frame, and the status values that this package tests for. Command codes stand with their commands. */

/** Bytes of the frame header: length 8, command 1, status 1. The length does not count the header. */
export const HEADER_BYTES = 10;
/** Command byte of every response, from trackers and storages alike. */
export const RESPONSE_COMMAND = 100;

export const STATUS_OK = 0;
export const STATUS_ENOENT = 2;
export const STATUS_EIO = 5;
export const STATUS_ENOMEM = 12;
export const STATUS_EBUSY = 16;
export const STATUS_EEXIST = 17;
export const STATUS_EINVAL = 22;
export const STATUS_ENOSPC = 28;
export const STATUS_EOPNOTSUPP = 95;
export const STATUS_EALREADY = 114;

/** What status 22 means as the answer to a question that every tracker takes. */
export const NOT_A_TRACKER =
  'this is a storage, not a tracker; `trackers` (tracker_server) must name trackers, which usually listen on port 22122';
