/** What the names in a `client.conf` mean: items in, options out. PROTOCOL: keys read by the C client library. */
import { resolve } from 'node:path';
import { type Address, formatAddress, parseAddresses } from '../model/address.js';
import { DEFAULT_TRACKER_PORT, MAX_TIMER_MS } from '../model/limits.js';
import { checkClasses } from './address-class.js';
import type { FastDFSOptions } from './client-options.js';
import { readText } from './files.js';
import type { Ini, IniItem } from './ini.js';
import { atPlace, configError, formatPlace } from './place.js';
import { parseStorageIds, type StorageIdRecord } from './storage-ids.js';
import { atoi, isTrue } from './values.js';

/** What a `client.conf` says. */
export interface ClientConf {
  /** For `createClient`. Keys that the file does not have are left out, so that this package's defaults apply. */
  readonly options: FastDFSOptions;
  /** Records of `storage_ids_filename` in the order of that file; empty unless `use_storage_id` is on. */
  readonly storageIds: readonly StorageIdRecord[];
  /** `load_fdfs_parameters_from_tracker`: storage ids come from the tracker. */
  readonly loadParametersFromTracker: boolean;
  /** `connect_first_by`: which of the two addresses of a storage is tried first. */
  readonly connectFirstBy: 'tracker' | 'last-connected';
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
  'connect_first_by',
  'http.anti_steal.check_token',
  'http.anti_steal.secret_key',
]);

/** Found in the sample files, and of no effect on a client library. */
const UNUSED = new Set([
  'base_path',
  'log_level',
  'http.tracker_server_port',
  'http.default_content_type',
  'http.mime_types_filename',
  'http.anti_steal.token_ttl',
  'http.anti_steal.token_check_fail',
  'http.multi_range.enabed',
]);

/** Names of the Java clients → what FastDFS itself calls it. */
const FOREIGN: Readonly<Record<string, string>> = {
  'http.anti_steal_token': 'http.anti_steal.check_token',
  'http.secret_key': 'http.anti_steal.secret_key',
};

/**
 * @param directory that of the configuration file; further files that it names are relative to it
 * @throws ArgumentError (`FASTDFS_CONFIG`) for what cannot work, naming file and line
 */
export function readClientConf(path: string, directory: string, ini: Ini): ClientConf {
  const warn = (item: IniItem, message: string) => ini.warnings.push(`${formatPlace(item)}: ${message}`);
  // Only the global section is read; of a name that may stand once the last one counts.
  const items = ini.items.filter(({ section }) => section === '');
  const last = (name: string) => items.findLast((item) => item.name === name);
  const flag = (name: string) => isTrue(last(name)?.value ?? '');
  const seconds = (name: string) => {
    const item = last(name);
    return item && readSeconds(item, warn);
  };

  warnOfUnread(ini.items, warn);
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

  const loadParametersFromTracker = flag('load_fdfs_parameters_from_tracker');
  const withIds = !loadParametersFromTracker && flag('use_storage_id');
  return {
    options,
    loadParametersFromTracker,
    storageIds: withIds
      ? readStorageIds(directory, last('storage_ids_filename'), last('use_storage_id'))
      : [],
    connectFirstBy: /^last/i.test(last('connect_first_by')?.value ?? '') ? 'last-connected' : 'tracker',
  };
}

type Warn = (item: IniItem, message: string) => void;

function warnOfUnread(items: readonly IniItem[], warn: Warn): void {
  for (const item of items) {
    const foreign = Object.hasOwn(FOREIGN, item.name) ? FOREIGN[item.name] : undefined;
    if (item.section !== '') {
      if (READ.has(item.name))
        warn(item, `${item.name} is not read, as it stands in section [${item.section}]`);
    } else if (foreign !== undefined) {
      warn(item, `${item.name} is a name of the Java clients and not read; FastDFS calls it ${foreign}`);
    } else if (!READ.has(item.name) && !UNUSED.has(item.name)) {
      warn(item, `unknown key ${JSON.stringify(item.name)} is ignored`);
    }
  }
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
    const addresses = atPlace(item, () => {
      const parsed = parseAddresses(item.value, DEFAULT_TRACKER_PORT);
      checkClasses(parsed);
      return parsed;
    });
    trackers.add(formatTracker(addresses));
  }
  if (trackers.size > 0) return [...trackers];
  const elsewhere = all[0];
  if (elsewhere) {
    throw configError(
      `tracker_server is not read, as it stands in section [${elsewhere.section}]`,
      elsewhere,
    );
  }
  throw configError(`${path} names no tracker: tracker_server is missing`);
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
      `${item.name} = ${item.value} is read as ${value} seconds: FastDFS knows no units and ignores what follows a number`,
    );
  }
  if (value > MAX_SECONDS) throw configError(`${item.name} must be at most ${MAX_SECONDS} seconds`, item);
  return value;
}

function readStorageIds(directory: string, filename: IniItem | undefined, wanted: IniItem | undefined) {
  if (!filename?.value) {
    throw configError('use_storage_id is on, but there is no storage_ids_filename', filename ?? wanted);
  }
  const file = resolve(directory, filename.value);
  return parseStorageIds(readText(file, filename), file);
}
