/** What the names in a `client.conf` mean: items in, options out. PROTOCOL: keys read by the C client library. */
import { resolve } from 'node:path';
import { type Address, formatAddress, parseAddresses } from '../model/address.js';
import { DEFAULT_TRACKER_PORT, MAX_PORT, MAX_TIMER_MS } from '../model/limits.js';
import type { FastDFSOptions } from './client-options.js';
import { readText } from './files.js';
import type { Ini, IniItem } from './ini.js';
import { type AddressTable, addMapping, checkClasses } from './map-address.js';
import { findNearest } from './nearest.js';
import { atPlace, configError, formatPlace } from './place.js';
import { parseStorageIds } from './storage-ids.js';
import { atoi, isTrue } from './values.js';

/** What a `client.conf` says. */
export interface ClientConf {
  /** For `createClient`. Keys that the file does not have are left out, so that this package's defaults apply. */
  readonly options: FastDFSOptions;
  /**
   * Those of the warnings that are most likely mistakes, such as a misspelt key. `createClient(path)` passes them to
   * `process.emitWarning()`.
   */
  readonly mistakes: readonly string[];
}

/** The C client keeps no more; further lines have no effect there either. */
const MAX_TRACKERS = 16;
const MAX_SECONDS = Math.floor(MAX_TIMER_MS / 1000);

const READ = new Set([
  'tracker_server',
  'connect_timeout',
  'network_timeout',
  'use_connection_pool',
  'connection_pool_max_idle_time',
  'load_fdfs_parameters_from_tracker',
  'use_storage_id',
  'storage_ids_filename',
  'http.anti_steal.check_token',
  'http.anti_steal.secret_key',
  'http.anti_steal.token_ttl',
  'map_address',
]);

/** Found in the sample files, and without effect on a client library. */
const UNUSED = new Set([
  'base_path',
  'log_level',
  'http.tracker_server_port',
  'http.default_content_type',
  'http.mime_types_filename',
  'http.anti_steal.token_check_fail',
  'http.multi_range.enabled',
  // As the sample file has it.
  'http.multi_range.enabed',
  'connect_first_by',
]);

/** Numbers at the end of the value: what follows them is ignored, with a warning of its own. */
const CUT_AT_BLANKS = new Set([
  'tracker_server',
  'connect_timeout',
  'network_timeout',
  'connection_pool_max_idle_time',
  'http.anti_steal.token_ttl',
]);

/** Names of the Java clients → what FastDFS itself calls it, or undefined for what only they have. */
const FOREIGN: Readonly<Record<string, string | undefined>> = {
  'http.anti_steal_token': 'http.anti_steal.check_token',
  'http.secret_key': 'http.anti_steal.secret_key',
  'http.tracker_http_port': 'http.tracker_server_port',
  'connection_pool.enabled': 'use_connection_pool',
  'connection_pool.max_idle_time': 'connection_pool_max_idle_time',
  'connection_pool.max_count_per_entry': undefined,
  'connection_pool.max_wait_time_in_ms': undefined,
  'fetch_storage_ids.have_allow_empty_field': undefined,
  charset: undefined,
};
/** In a properties file of the Java client. */
const FOREIGN_TRACKERS = 'fastdfs.tracker_servers';

/**
 * @param directory that of the configuration file; further files that it names are relative to it
 * @throws ArgumentError (`FASTDFS_CONFIG`) for what cannot work, naming file and line
 */
export function readClientConf(path: string, directory: string, ini: Ini): ClientConf {
  const warn: Warn = (item, message) => {
    const warning = `${formatPlace(item)}: ${message}`;
    ini.warnings.push(warning);
    return warning;
  };
  // Only the global section is read; of a name with a single value the last one counts.
  const items = ini.items.filter(({ section }) => section === '');
  const last = (name: string) => items.findLast((item) => item.name === name);
  const flag = (name: string) => isTrue(last(name)?.value ?? '');
  const seconds = (name: string) => {
    const item = last(name);
    return item && readSeconds(item, warn);
  };

  const mistakes = warnOfUnread(ini.items, warn);
  const options: FastDFSOptions = { trackers: readTrackers(path, ini.items, warn) };

  // Values that are not positive stand for the default in the C client, too.
  const connect = seconds('connect_timeout');
  if (connect !== undefined && connect > 0) options.connectTimeoutMs = connect * 1000;
  const network = seconds('network_timeout');
  if (network !== undefined && network > 0) options.networkTimeoutMs = network * 1000;

  if (flag('use_connection_pool')) {
    const idle = seconds('connection_pool_max_idle_time');
    if (idle !== undefined && idle <= 0) {
      throw configError(
        'connection_pool_max_idle_time must be positive',
        last('connection_pool_max_idle_time'),
      );
    }
    if (idle !== undefined) options.pool = { idleTimeoutMs: idle * 1000 };
  }

  if (flag('http.anti_steal.check_token')) {
    const secret = last('http.anti_steal.secret_key');
    if (!secret?.value) {
      throw configError(
        'http.anti_steal.check_token is on, but there is no http.anti_steal.secret_key',
        secret ?? last('http.anti_steal.check_token'),
      );
    }
    options.httpSecret = secret.value;
  }
  const ttl = seconds('http.anti_steal.token_ttl');
  if (ttl !== undefined && ttl > 0) options.tokenTtlSeconds = ttl;

  if (flag('load_fdfs_parameters_from_tracker')) options.storageIds = 'trackers';
  else if (flag('use_storage_id')) {
    options.storageIds = readStorageIds(directory, last('storage_ids_filename'), last('use_storage_id'));
  }

  const table = readMapping(items);
  if (table) options.mapAddress = table;
  return { options, mistakes };
}

/** Returns the whole warning. */
type Warn = (item: IniItem, message: string) => string;

/** Returns the warnings that are most likely mistakes. */
function warnOfUnread(items: readonly IniItem[], warn: Warn): string[] {
  const mistakes: string[] = [];
  for (const item of items) {
    const { name, section, value } = item;
    if (section !== '') {
      if (READ.has(name)) warn(item, `${name} is not read, as it stands in section [${section}]`);
    } else if (Object.hasOwn(FOREIGN, name)) {
      const known = FOREIGN[name];
      const warning =
        known === undefined
          ? warn(item, `${name} is a name of the Java clients and not read`)
          : warn(item, `${name} is a name of the Java clients and not read; FastDFS calls it ${known}`);
      // Links would be without the tokens that the web servers want.
      if (name === 'http.anti_steal_token' && isTrue(value)) mistakes.push(warning);
    } else if (name === 'connect_first_by' && /^last/i.test(value)) {
      warn(item, 'connect_first_by is not used: trackers give this client one address of each storage');
    } else if (!READ.has(name) && !UNUSED.has(name)) {
      const meant = findNearest(name, [...READ, ...UNUSED]);
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
      const warning = warn(item, `unknown key ${JSON.stringify(name)} is ignored${hint}`);
      if (meant !== undefined) mistakes.push(warning);
    } else if (READ.has(name) && /[ \t]#/.test(value) && !CUT_AT_BLANKS.has(name)) {
      warn(
        item,
        `FastDFS knows no comments behind a value: all of ${JSON.stringify(value)} is the value of ${name}`,
      );
    }
  }
  return mistakes;
}

function readTrackers(path: string, items: readonly IniItem[], warn: Warn): string[] {
  const all = items.filter(({ name }) => name === 'tracker_server');
  const given = all.filter(({ section }) => section === '');
  const trackers = new Set<string>();
  for (const [index, item] of given.entries()) {
    if (index >= MAX_TRACKERS) {
      warn(item, `tracker_server is ignored: FastDFS reads no more than ${MAX_TRACKERS} of them`);
      continue;
    }
    trackers.add(formatTracker(atPlace(item, () => readTracker(item, warn))));
  }
  if (trackers.size > 0) return [...trackers];
  const elsewhere = all[0];
  if (elsewhere) {
    throw configError(
      `tracker_server is not read, as it stands in section [${elsewhere.section}]`,
      elsewhere,
    );
  }
  const foreign = items.find(({ name }) => name === FOREIGN_TRACKERS);
  if (foreign) throw configError(`${FOREIGN_TRACKERS} is a name of the Java clients and not read`, foreign);
  throw configError(`${path} names no tracker: tracker_server is missing`);
}

/**
 * The C library reads the digits behind the last colon (the first one behind brackets) and ignores what follows them,
 * such as a comment. Ports out of range are refused here.
 */
function readTracker(item: IniItem, warn: Warn): Address[] {
  const { value } = item;
  const bracket = value.startsWith('[') ? value.indexOf(']') + 1 : 0;
  const colon = bracket > 0 ? value.indexOf(':', bracket) : value.lastIndexOf(':');
  const hosts = bracket > 0 ? value.slice(0, bracket) : colon < 0 ? value : value.slice(0, colon);
  const port = colon < 0 ? DEFAULT_TRACKER_PORT : atoi(value.slice(colon + 1));
  if (port < 1 || port > MAX_PORT) {
    throw configError(`${JSON.stringify(value)} has no valid port (1 to ${MAX_PORT})`);
  }
  if (/[ \t]/.test(hosts)) {
    throw configError(`${JSON.stringify(value)} has a blank in its host, which FastDFS does not skip`);
  }
  const addresses = parseAddresses(`${hosts}:${port}`, DEFAULT_TRACKER_PORT);
  checkClasses(addresses);
  const plain = colon < 0 ? hosts : `${hosts}:${port}`;
  if (plain !== value) {
    warn(
      item,
      `tracker_server = ${value} is read as ${formatTracker(addresses)}: FastDFS ignores the rest of the line`,
    );
  }
  return addresses;
}

function formatTracker(addresses: readonly Address[]): string {
  const [first, second] = addresses;
  if (!first || !second) return addresses.map(formatAddress).join();
  const hosts = `${first.host},${second.host}`;
  return `${hosts.includes(':') ? `[${hosts}]` : hosts}:${first.port}`;
}

function readSeconds(item: IniItem, warn: Warn): number {
  const value = atoi(item.value);
  if (!/^[+-]?\d+$/.test(item.value)) {
    warn(
      item,
      `${item.name} = ${item.value} is read as ${value} seconds: FastDFS reads no units and ignores what follows a number`,
    );
  }
  if (value > MAX_SECONDS) throw configError(`${item.name} must be at most ${MAX_SECONDS} seconds`, item);
  return value;
}

/** `map_address = announced=reachable`, a key of this package only: the C library ignores what it does not know. */
function readMapping(items: readonly IniItem[]): AddressTable | undefined {
  const given = items.filter(({ name }) => name === 'map_address');
  if (given.length === 0) return undefined;
  return given.reduce<AddressTable>((table, item) => atPlace(item, () => addMapping(table, item.value)), {});
}

function readStorageIds(directory: string, filename: IniItem | undefined, wanted: IniItem | undefined) {
  if (!filename?.value) {
    throw configError('use_storage_id is on, but there is no storage_ids_filename', filename ?? wanted);
  }
  const file = resolve(directory, filename.value);
  return parseStorageIds(readText(file, filename), file);
}
