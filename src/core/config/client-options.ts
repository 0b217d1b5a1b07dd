/**
 * The options of a client: what users may write, and what the rest of the package reads.
 * `resolveOptions` is the only place that fills in defaults, validates and freezes.
 */
import { tmpdir } from 'node:os';
import { ArgumentError } from '../base/errors.js';
import {
  type Check,
  type Checks,
  checkOptions,
  describeValue,
  integerOption,
  objectOption,
  stringOption,
} from '../base/validate.js';
import { isGroup } from '../model/file-id.js';
import { DEFAULT_TOKEN_TTL_SECONDS, MAX_PORT, MAX_TIMER_MS, MAX_TIMESTAMP } from '../model/limits.js';
import { type AddressTable, type MapAddress, resolveMapAddress } from './map-address.js';
import type { StorageIdRecord } from './storage-ids.js';
import { resolveTrackers, type TrackerAddresses } from './tracker-list.js';

export type { MapAddress } from './map-address.js';
export type { TrackerAddresses } from './tracker-list.js';

/** How users configure a client. Everything but `trackers` has a default. */
export interface FastDFSOptions {
  /**
   * Trackers, in the order in which they are tried: `host`, `host:port`, `[::1]:22122`, or the two addresses
   * of one tracker, `inner,outer:port`. A string may name several: `'a,b:22123'`. Port 22122 where none is given;
   * repeated ones are dropped. When none of them answers, a call fails with the `FASTDFS_…` code of the last attempt.
   */
  trackers: string | readonly string[];
  /**
   * How long making one connection may take, in milliseconds. Default 5000.
   * Runs out as `FASTDFS_CONNECT_TIMEOUT`.
   */
  connectTimeoutMs?: number | undefined;
  /**
   * A call fails when no byte moved for this long, in milliseconds. It is not a total time: a slow but steady
   * transfer never runs into it. Default 30000. Runs out as `FASTDFS_RESPONSE_TIMEOUT` while a reply is awaited
   * and as `FASTDFS_PROGRESS_TIMEOUT` in the middle of a transfer.
   */
  networkTimeoutMs?: number | undefined;
  /**
   * Connections kept and shared by the calls of one client. Default: 16 to a server, closed after 30 s of rest.
   */
  pool?:
    | {
        /** Most connections open to one server at a time; further calls wait. Default 16. */
        maxPerServer?: number | undefined;
        /** An unused connection is closed after this many milliseconds. Default 30000. */
        idleTimeoutMs?: number | undefined;
        /**
         * How long a call waits for a free connection, in milliseconds. Default 30000.
         * Runs out as `FASTDFS_POOL_TIMEOUT`.
         */
        acquireTimeoutMs?: number | undefined;
      }
    | undefined;
  /**
   * Repeats of what may be repeated without harm; other calls are never repeated. Default: two, 100 ms and more
   * apart.
   */
  retry?:
    | {
        /** Attempts after the first; 0 turns repeats off. Default 2. When used up, the last error is thrown. */
        retries?: number | undefined;
        /** Shortest pause before a repeat, in milliseconds; pauses double from there. Default 100. */
        minTimeoutMs?: number | undefined;
        /** Longest pause before a repeat, in milliseconds; at least `minTimeoutMs`. Default 2000. */
        maxTimeoutMs?: number | undefined;
      }
    | undefined;
  /**
   * Remembers which storage serves a file, which saves asking the tracker; a failure drops the entry.
   * `false` turns it off. Never fails a call.
   */
  locationCache?:
    | {
        /** Most entries kept. Default 10000. */
        max?: number | undefined;
        /** An entry is forgotten after this many milliseconds. Default 10000. */
        ttlMs?: number | undefined;
      }
    | false
    | undefined;
  /**
   * Address to connect to for one that a server announced: storages behind NAT or in containers announce addresses
   * that a client cannot reach. A table, `{ '172.17.0.2': 'files.example.com', '172.17.0.3:23000': '127.0.0.1:23001' }`:
   * keys and values are `host` or `host:port`, a key with a port goes first, a value without one keeps the announced
   * port. Or a function; a result that is not an address fails the call with `FASTDFS_ARGUMENT`. Default: no mapping.
   */
  mapAddress?:
    | AddressTable
    | ((address: { host: string; port: number; role: 'tracker' | 'storage' }) => {
        /** Host name or IP address to connect to. */
        host: string;
        /** Port to connect to. */
        port: number;
      })
    | undefined;
  /**
   * Which storage id is which server, in clusters that use storage ids: `stat()` then gives the address of the source
   * storage. The records of a `storage_ids.conf`, or `'trackers'` to load them from the trackers when they are first
   * needed. `loadConfig()` fills it in. Default: the addresses stay unknown.
   */
  storageIds?: readonly StorageIdRecord[] | 'trackers' | undefined;
  /**
   * Where content of unknown length waits beyond its first block until it is complete: in temporary files without a name.
   * Default: the system's temporary folder, without a limit.
   */
  spool?:
    | {
        /** Folder of the temporary files; it must exist. Default: that of `os.tmpdir()`. */
        directory?: string | undefined;
        /**
         * Most bytes that the uploads of this client keep there at a time. One that needs more fails with `FASTDFS_SPOOL`
         * before any byte has reached FastDFS. Default: no limit.
         */
        maxBytes?: number | undefined;
      }
    | undefined;
  /** Group that uploads go to unless the call says another. Default: the tracker decides. */
  group?: string | undefined;
  /** What `url()` and `location` start with, e.g. `https://img.example.com`. Default: none. */
  baseUrl?: string | undefined;
  /** `http.anti_steal.secret_key` of the web servers; with it urls carry `?token=…&ts=…`. Default: none. */
  httpSecret?: string | undefined;
  /**
   * `http.anti_steal.token_ttl` of the web servers, in seconds: how long after its `ts` they accept a token, and so
   * what `url({ expiresIn })` takes off. Default 600, as in the code of FastDFS; its sample `http.conf` says 900.
   */
  tokenTtlSeconds?: number | undefined;
  /** Receives what happens; functions that are missing are not called. Default: silent. `console` is one. */
  logger?: Partial<Record<LogLevel, ((message: string, fields?: object) => void) | undefined>> | undefined;
}

/** The functions that a logger may have. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: object) => void>>;

/** How many answers of trackers are remembered, and for how many milliseconds. */
export type LocationCache = Readonly<{ max: number; ttlMs: number }>;

/** Options with every default in place, checked and frozen. */
export interface ResolvedOptions {
  readonly trackers: readonly TrackerAddresses[];
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly pool: Readonly<Required<NonNullable<FastDFSOptions['pool']>>>;
  readonly retry: Readonly<Required<NonNullable<FastDFSOptions['retry']>>>;
  readonly locationCache: LocationCache | false;
  readonly mapAddress: MapAddress;
  readonly storageIds: readonly StorageIdRecord[] | 'trackers';
  readonly spool: Readonly<{ directory: string; maxBytes: number }>;
  readonly group: string | undefined;
  /** Without a slash at its end. */
  readonly baseUrl: string | undefined;
  readonly httpSecret: string | undefined;
  readonly tokenTtlSeconds: number;
  readonly logger: Logger;
}

/** What applies where options are left out. Durations in milliseconds. */
export const DEFAULTS = Object.freeze({
  connectTimeoutMs: 5_000,
  networkTimeoutMs: 30_000,
  pool: Object.freeze({ maxPerServer: 16, idleTimeoutMs: 30_000, acquireTimeoutMs: 30_000 }),
  retry: Object.freeze({ retries: 2, minTimeoutMs: 100, maxTimeoutMs: 2_000 }),
  locationCache: Object.freeze({ max: 10_000, ttlMs: 10_000 }),
});

const MAX_CONNECTIONS = MAX_PORT;
const MAX_RETRIES = 1_000;
/** The cache reserves room for all its entries when it is made. */
const MAX_CACHE_ENTRIES = 2 ** 24;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

const duration = integerOption(1, MAX_TIMER_MS);
/** Checked where it is resolved. */
const resolvedBelow: Check = () => undefined;
const nonEmpty: Check = (value) => stringOption(value) ?? (value === '' ? 'a non-empty string' : undefined);

export const CHECKS: Checks<FastDFSOptions> = {
  trackers: resolvedBelow,
  connectTimeoutMs: duration,
  networkTimeoutMs: duration,
  pool: objectOption,
  retry: objectOption,
  spool: objectOption,
  locationCache: (value) =>
    value === false || objectOption(value) === undefined ? undefined : 'an object or false',
  mapAddress: resolvedBelow,
  storageIds: (value) =>
    value === 'trackers' || (Array.isArray(value) && value.every(isStorageIdRecord))
      ? undefined
      : "'trackers' or an array of { id, group, addresses, access }",
  group: (value) =>
    typeof value === 'string' && isGroup(value) ? undefined : '1 to 16 characters of A-Z a-z 0-9',
  baseUrl: (value) => (isBaseUrl(value) ? undefined : 'an http or https URL without query and fragment'),
  httpSecret: nonEmpty,
  tokenTtlSeconds: integerOption(1, MAX_TIMESTAMP),
  logger: resolvedBelow,
};

const POOL_CHECKS: Checks<NonNullable<FastDFSOptions['pool']>> = {
  maxPerServer: integerOption(1, MAX_CONNECTIONS),
  idleTimeoutMs: duration,
  acquireTimeoutMs: duration,
};

const RETRY_CHECKS: Checks<NonNullable<FastDFSOptions['retry']>> = {
  retries: integerOption(0, MAX_RETRIES),
  minTimeoutMs: duration,
  maxTimeoutMs: duration,
};

const SPOOL_CHECKS: Checks<NonNullable<FastDFSOptions['spool']>> = {
  directory: nonEmpty,
  maxBytes: integerOption(0),
};

const CACHE_CHECKS: Checks<Exclude<NonNullable<FastDFSOptions['locationCache']>, false>> = {
  max: integerOption(1, MAX_CACHE_ENTRIES),
  ttlMs: duration,
};

/**
 * Fills in defaults, validates and freezes.
 * @throws ArgumentError (`FASTDFS_ARGUMENT`) for an unknown key, a wrong type or a number out of range, naming the key
 */
export function resolveOptions(input: FastDFSOptions): ResolvedOptions {
  if (input === undefined) {
    throw new ArgumentError('The options of createClient() must be an object, not undefined');
  }
  checkOptions('createClient()', input, CHECKS);
  checkOptions('createClient()', input.pool, POOL_CHECKS, 'pool.');
  checkOptions('createClient()', input.retry, RETRY_CHECKS, 'retry.');
  checkOptions('createClient()', input.spool, SPOOL_CHECKS, 'spool.');
  return Object.freeze({
    trackers: resolveTrackers(input.trackers),
    connectTimeoutMs: input.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    networkTimeoutMs: input.networkTimeoutMs ?? DEFAULTS.networkTimeoutMs,
    pool: Object.freeze(withDefaults<ResolvedOptions['pool']>(DEFAULTS.pool, input.pool)),
    retry: resolveRetry(input.retry ?? {}),
    locationCache: resolveLocationCache(input.locationCache),
    mapAddress: resolveMapAddress(input.mapAddress),
    storageIds:
      input.storageIds === 'trackers' ? input.storageIds : Object.freeze([...(input.storageIds ?? [])]),
    spool: Object.freeze({
      directory: input.spool?.directory ?? tmpdir(),
      maxBytes: input.spool?.maxBytes ?? Number.POSITIVE_INFINITY,
    }),
    group: input.group,
    baseUrl: input.baseUrl?.replace(/\/+$/, ''),
    httpSecret: input.httpSecret,
    tokenTtlSeconds: input.tokenTtlSeconds ?? DEFAULT_TOKEN_TTL_SECONDS,
    logger: resolveLogger(input.logger),
  });
}

/** As a spread, in which undefined stands for absent. */
function withDefaults<T extends object>(
  defaults: T,
  given: { [Key in keyof T]?: T[Key] | undefined } = {},
): T {
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(present) };
}

function resolveRetry(given: NonNullable<FastDFSOptions['retry']>): ResolvedOptions['retry'] {
  const retry = withDefaults<{ retries: number; minTimeoutMs: number; maxTimeoutMs: number }>(
    DEFAULTS.retry,
    given,
  );
  // Where only one of the two is set, the default of the other gives way.
  if (given.maxTimeoutMs === undefined) retry.maxTimeoutMs = Math.max(retry.maxTimeoutMs, retry.minTimeoutMs);
  else if (given.minTimeoutMs === undefined)
    retry.minTimeoutMs = Math.min(retry.minTimeoutMs, retry.maxTimeoutMs);
  if (retry.minTimeoutMs > retry.maxTimeoutMs) {
    throw new ArgumentError(
      `Option \`retry.maxTimeoutMs\` (${retry.maxTimeoutMs}) must not be below \`retry.minTimeoutMs\` (${retry.minTimeoutMs})`,
    );
  }
  return Object.freeze(retry);
}

function resolveLocationCache(given: FastDFSOptions['locationCache']): LocationCache | false {
  if (given === false) return false;
  checkOptions('createClient()', given, CACHE_CHECKS, 'locationCache.');
  return Object.freeze(withDefaults<LocationCache>(DEFAULTS.locationCache, given));
}

function isStorageIdRecord(value: unknown): boolean {
  const { id, addresses } = (value ?? {}) as Partial<StorageIdRecord>;
  return Number.isSafeInteger(id) && Array.isArray(addresses) && typeof addresses[0]?.host === 'string';
}

function isBaseUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value) || /[?#]/.test(value)) return false;
  return /^https?:$/.test(new URL(value).protocol);
}

/** Loggers are often large objects of other packages, so their further members are ignored. */
function resolveLogger(input: unknown): Logger {
  if (input !== undefined && (typeof input !== 'object' || input === null)) {
    throw new ArgumentError(
      `Option \`logger\` must be an object with functions debug, info, warn and error, not ${describeValue(input)}`,
    );
  }
  const given = (input ?? {}) as Partial<Record<LogLevel, unknown>>;
  const logger = {} as Record<LogLevel, Logger[LogLevel]>;
  for (const level of LOG_LEVELS) {
    const log = given[level];
    if (log !== undefined && typeof log !== 'function') {
      throw new ArgumentError(`Option \`logger.${level}\` must be a function, not ${describeValue(log)}`);
    }
    logger[level] = log === undefined ? () => {} : (log.bind(given) as Logger[LogLevel]);
  }
  return Object.freeze(logger);
}
