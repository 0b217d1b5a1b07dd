/** Widths and limits of what FastDFS stores and names. Each says what it counts. */

/** Width of a group name field; a name of 16 characters fills it and has no NUL. */
export const GROUP_BYTES = 16;
/** Source of a regular expression for a group name, to be placed inside others. */
export const GROUP_PATTERN = '[A-Za-z0-9]{1,16}';
/** Width of the extension field of uploads: without the dot; 6 characters leave no NUL. */
export const EXT_BYTES = 6;
/** Width of the prefix field of slave uploads. */
export const PREFIX_BYTES = 16;
/** Width of a storage id field in records; 15 usable. */
export const STORAGE_ID_BYTES = 16;

/** Address sizes A that a server may announce. Query replies carry A − 1 bytes, records and file info A. */
export const IPV4_ADDRESS_BYTES = 16;
export const IPV6_ADDRESS_BYTES = 46;

/** Longest remote filename that may be sent: some commands copy it into a 128-byte buffer unchecked. */
export const MAX_REMOTE_FILENAME = 127;
/** Shortest that trackers accept in 102, 103 and 105. */
export const MIN_TRACKER_FILENAME = 22;
/** Shortest that storages make, `M00/00/00/` + 27: of a slave whose master has a long extension. */
export const SHORTEST_NAME_LENGTH = 37;
/** Length of the name of a plain or appender file: `M00/00/00/` + 27 + 7. */
export const NORMAL_NAME_LENGTH = 44;
/** Length of the name of a file inside a trunk file: 16 more. */
export const TRUNK_NAME_LENGTH = 60;

/** Lets the storage choose the store path in an upload. */
export const ANY_STORE_PATH = 0xff;

export const MAX_METADATA_KEY = 64;
export const MAX_METADATA_VALUE = 256;
/** Largest set-metadata request that a storage with the default 256 KiB buffer takes: header of 10 bytes and params included. */
export const MAX_METADATA_REQUEST = 256 * 1024 - 10 - 1;

/** At most this many storages a group: bounds the reply of the list commands. */
export const MAX_SERVERS_PER_GROUP = 32;
/** Trackers hold at most 512 groups, and so at most this many storages. */
export const MAX_STORAGES = 512 * MAX_SERVERS_PER_GROUP;

/** A refused request whose body was larger than this leaves the stream of a storage out of step. */
export const MAX_REUSABLE_BODY = 128 * 1024;

/** Largest time stamp of a token: 32 bits, as in the names of files. */
export const MAX_TIMESTAMP = 2 ** 32 - 1;
/** `http.anti_steal.token_ttl` in the code of FastDFS, in seconds. */
export const DEFAULT_TOKEN_TTL_SECONDS = 600;

export const MAX_PORT = 65_535;
/** Timers of Node count milliseconds in 32 bits: a longer duration would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export const DEFAULT_TRACKER_PORT = 22122;
export const DEFAULT_STORAGE_PORT = 23000;

/** Largest block of content that is gathered in memory before it is sent: storages take any size. */
export const MAX_BLOCK_BYTES = 1024 * 1024 * 1024;
/** Most calls that one call makes at a time. */
export const MAX_CONCURRENCY = 1024;
