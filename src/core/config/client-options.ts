/**
 * The options of a client: what users may write, and what the rest of the package reads.
 * `resolveOptions` is the only place that fills in defaults, validates and freezes.
 */

import { ArgumentError } from '../base/errors.js';
import { type Address, formatAddress, parseAddresses } from '../model/address.js';
import { DEFAULT_TRACKER_PORT, MAX_PORT, MAX_TIMER_MS } from '../model/limits.js';
import { checkGroup } from '../model/names.js';

/** How users configure a client. Everything but `trackers` has a default. */
export interface FastDFSOptions {
  /**
   * Trackers, in the order in which they are tried: `host`, `host:port`, `[::1]:22122`, or the two addresses
   * of one tracker, `inner,outer:port`. Port 22122 where none is given; repeated ones are dropped.
   * When none of them answers, a call fails with the `FASTDFS_…` code of the last attempt.
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
   * Gives the address to connect to for one that a server announced: storages behind NAT or in containers announce
   * addresses that a client cannot reach. Default: the address as it is. A result that is no address fails the
   * call with `FASTDFS_ARGUMENT`.
   */
  mapAddress?:
    | ((address: { host: string; port: number; role: 'tracker' | 'storage' }) => {
        /** Host name or IP address to connect to. */
        host: string;
        /** Port to connect to. */
        port: number;
      })
    | undefined;
  /** Group that uploads go to unless the call says another. Default: the tracker decides. */
  group?: string | undefined;
  /** What `url()` and `location` start with, e.g. `https://img.example.com`. Default: none. */
  baseUrl?: string | undefined;
  /** `http.anti_steal.secret_key` of the web servers; with it urls carry `?token=…&ts=…`. Default: none. */
  httpSecret?: string | undefined;
  /** Receives what happens; functions that are missing are not called. Default: silent. `console` is one. */
  logger?: Partial<Record<LogLevel, ((message: string, fields?: object) => void) | undefined>> | undefined;
}

/** The functions that a logger may have. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type ServerRole = 'tracker' | 'storage';
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: object) => void>>;
export type MapAddress = (address: { host: string; port: number; role: ServerRole }) => Address;

/** One tracker: its address, or its two addresses. */
export type TrackerAddresses = readonly Address[];

/** Options with every default in place, checked and frozen. */
export interface ResolvedOptions {
  readonly trackers: readonly TrackerAddresses[];
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  readonly pool: Readonly<Required<NonNullable<FastDFSOptions['pool']>>>;
  readonly retry: Readonly<Required<NonNullable<FastDFSOptions['retry']>>>;
  readonly locationCache: Readonly<{ max: number; ttlMs: number }> | false;
  readonly mapAddress: MapAddress;
  readonly group: string | undefined;
  /** Without a slash at its end. */
  readonly baseUrl: string | undefined;
  readonly httpSecret: string | undefined;
  readonly logger: Logger;
}

/** What applies where the user says nothing. Durations in milliseconds. */
export const DEFAULTS = Object.freeze({
  connectTimeoutMs: 5_000,
  networkTimeoutMs: 30_000,
  pool: Object.freeze({ maxPerServer: 16, idleTimeoutMs: 30_000, acquireTimeoutMs: 30_000 }),
  retry: Object.freeze({ retries: 2, minTimeoutMs: 100, maxTimeoutMs: 2_000 }),
  locationCache: Object.freeze({ max: 10_000, ttlMs: 10_000 }),
});

const KEYS: Record<keyof FastDFSOptions, true> = {
  trackers: true,
  connectTimeoutMs: true,
  networkTimeoutMs: true,
  pool: true,
  retry: true,
  locationCache: true,
  mapAddress: true,
  group: true,
  baseUrl: true,
  httpSecret: true,
  logger: true,
};
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

const MAX_CONNECTIONS = MAX_PORT;
const MAX_RETRIES = 1_000;
/** The cache reserves room for all its entries when it is made. */
const MAX_CACHE_ENTRIES = 2 ** 24;

/**
 * Fills in defaults, validates and freezes.
 * @throws ArgumentError (`FASTDFS_ARGUMENT`) for an unknown key, a wrong type or a number out of range, naming the key
 */
export function resolveOptions(input: FastDFSOptions): ResolvedOptions {
  if (input === undefined) throw wrongType('options', 'an object', input);
  const given = checkObject('options', input, KEYS);
  return Object.freeze({
    trackers: resolveTrackers(given.trackers),
    connectTimeoutMs: duration('connectTimeoutMs', given.connectTimeoutMs, DEFAULTS.connectTimeoutMs),
    networkTimeoutMs: duration('networkTimeoutMs', given.networkTimeoutMs, DEFAULTS.networkTimeoutMs),
    pool: resolvePool(given.pool),
    retry: resolveRetry(given.retry),
    locationCache: resolveLocationCache(given.locationCache),
    mapAddress: resolveMapAddress(given.mapAddress),
    group:
      given.group === undefined ? undefined : named('group', () => checkGroup(text('group', given.group))),
    baseUrl: given.baseUrl === undefined ? undefined : resolveBaseUrl(given.baseUrl),
    httpSecret: given.httpSecret === undefined ? undefined : text('httpSecret', given.httpSecret),
    logger: resolveLogger(given.logger),
  });
}

function resolveTrackers(input: unknown): readonly TrackerAddresses[] {
  if (typeof input !== 'string' && !Array.isArray(input))
    throw wrongType('trackers', 'a string or an array', input);
  const texts: readonly unknown[] = typeof input === 'string' ? [input] : input;
  const trackers = new Map<string, TrackerAddresses>();
  for (const [index, entry] of texts.entries()) {
    const key = typeof input === 'string' ? 'trackers' : `trackers[${index}]`;
    const addresses = named(key, () => parseAddresses(text(key, entry), DEFAULT_TRACKER_PORT));
    const id = addresses.map(formatAddress).join(',');
    if (!trackers.has(id))
      trackers.set(id, Object.freeze(addresses.map((address) => Object.freeze(address))));
  }
  if (trackers.size === 0) throw new ArgumentError('Option `trackers` must name at least one tracker');
  return Object.freeze([...trackers.values()]);
}

function resolvePool(input: unknown): ResolvedOptions['pool'] {
  const given = checkObject('pool', input, DEFAULTS.pool);
  const { maxPerServer, idleTimeoutMs, acquireTimeoutMs } = DEFAULTS.pool;
  return Object.freeze({
    maxPerServer: integer('pool.maxPerServer', given.maxPerServer, maxPerServer, 1, MAX_CONNECTIONS),
    idleTimeoutMs: duration('pool.idleTimeoutMs', given.idleTimeoutMs, idleTimeoutMs),
    acquireTimeoutMs: duration('pool.acquireTimeoutMs', given.acquireTimeoutMs, acquireTimeoutMs),
  });
}

function resolveRetry(input: unknown): ResolvedOptions['retry'] {
  const given = checkObject('retry', input, DEFAULTS.retry);
  const retries = integer('retry.retries', given.retries, DEFAULTS.retry.retries, 0, MAX_RETRIES);
  let minTimeoutMs = duration('retry.minTimeoutMs', given.minTimeoutMs, DEFAULTS.retry.minTimeoutMs);
  let maxTimeoutMs = duration('retry.maxTimeoutMs', given.maxTimeoutMs, DEFAULTS.retry.maxTimeoutMs);
  // Who sets only one of the two means that one: the default of the other gives way.
  if (given.maxTimeoutMs === undefined) maxTimeoutMs = Math.max(maxTimeoutMs, minTimeoutMs);
  else if (given.minTimeoutMs === undefined) minTimeoutMs = Math.min(minTimeoutMs, maxTimeoutMs);
  if (minTimeoutMs > maxTimeoutMs) {
    throw new ArgumentError(
      `Option \`retry.maxTimeoutMs\` (${maxTimeoutMs}) must not be below \`retry.minTimeoutMs\` (${minTimeoutMs})`,
    );
  }
  return Object.freeze({ retries, minTimeoutMs, maxTimeoutMs });
}

function resolveLocationCache(input: unknown): ResolvedOptions['locationCache'] {
  if (input === false) return false;
  const given = checkObject('locationCache', input, DEFAULTS.locationCache, 'an object or false');
  return Object.freeze({
    max: integer('locationCache.max', given.max, DEFAULTS.locationCache.max, 1, MAX_CACHE_ENTRIES),
    ttlMs: duration('locationCache.ttlMs', given.ttlMs, DEFAULTS.locationCache.ttlMs),
  });
}

function resolveMapAddress(input: unknown): MapAddress {
  if (input === undefined) return ({ host, port }) => ({ host, port });
  if (typeof input !== 'function') throw wrongType('mapAddress', 'a function', input);
  const map = input as MapAddress;
  return (address) => {
    const { host, port } = (map(address) ?? {}) as Partial<Address>;
    if (typeof host !== 'string' || host === '' || !Number.isInteger(port) || port! < 1 || port! > MAX_PORT) {
      throw new ArgumentError(
        `Option \`mapAddress\` must return { host, port } for ${formatAddress(address)}, not host ${String(host)} and port ${String(port)}`,
      );
    }
    return { host, port: port! };
  };
}

function resolveBaseUrl(input: unknown): string {
  const given = text('baseUrl', input);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || /[?#]/.test(given)) {
    throw new ArgumentError(
      `Option \`baseUrl\` must be an http or https URL without query and fragment, not ${JSON.stringify(given)}`,
    );
  }
  return given.replace(/\/+$/, '');
}

/** Loggers are often large objects of other packages, so their further members are nobody's business here. */
function resolveLogger(input: unknown): Logger {
  if (input !== undefined && (typeof input !== 'object' || input === null)) {
    throw wrongType('logger', 'an object with functions debug, info, warn and error', input);
  }
  const given = (input ?? {}) as Partial<Record<LogLevel, unknown>>;
  const logger = {} as Record<LogLevel, Logger[LogLevel]>;
  for (const level of LOG_LEVELS) {
    const log = given[level];
    if (log !== undefined && typeof log !== 'function') throw wrongType(`logger.${level}`, 'a function', log);
    logger[level] = log === undefined ? () => {} : (log.bind(given) as Logger[LogLevel]);
  }
  return Object.freeze(logger);
}

/** An object with no other keys than those of `known`; undefined counts as an empty one. */
function checkObject<K extends string>(
  key: string,
  given: unknown,
  known: Readonly<Record<K, unknown>>,
  expected = 'an object',
): Partial<Record<K, unknown>> {
  const input = given === undefined ? {} : given;
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw wrongType(key, expected, input);
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(known, name)) continue;
    const full = key === 'options' ? name : `${key}.${name}`;
    throw new ArgumentError(`Unknown option \`${full}\`; known are ${Object.keys(known).join(', ')}`);
  }
  return input as Partial<Record<K, unknown>>;
}

function duration(key: string, value: unknown, fallback: number): number {
  return integer(key, value, fallback, 1, MAX_TIMER_MS, ' of milliseconds');
}

function integer(key: string, value: unknown, fallback: number, min: number, max: number, unit = ''): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw wrongType(key, 'a number', value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentError(
      `Option \`${key}\` must be a whole number${unit} from ${min} to ${max}, not ${value}`,
    );
  }
  return value;
}

function text(key: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(key, 'a string', value);
  if (value === '') throw new ArgumentError(`Option \`${key}\` is empty`);
  return value;
}

/** Runs a check of another file; its error then names the option, too. */
function named<T>(key: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof ArgumentError && !error.message.startsWith('Option')
      ? new ArgumentError(`Option \`${key}\`: ${error.message}`, { cause: error })
      : error;
  }
}

function wrongType(key: string, expected: string, value: unknown): ArgumentError {
  const actual = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  return new ArgumentError(`Option \`${key}\` must be ${expected}, not ${actual}`);
}
