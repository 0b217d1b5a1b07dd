/** The check of the options of an embedded cluster, and their defaults. */
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { ArgumentError } from '../core/base/errors.js';
import {
  booleanOption,
  type Check,
  type Checks,
  checkCount,
  checkOptions,
  enumOption,
  integerOption,
  objectOption,
  stringOption,
} from '../core/base/validate.js';
import { checkGroup } from '../core/model/file-id.js';
import { MAX_PORT, MAX_SERVERS_PER_GROUP, MAX_TIMER_MS } from '../core/model/limits.js';
import type { EmbeddedOptions, ResolvedOptions, RwModeName, StorageSettings } from './options.js';

const RW_MODES: readonly RwModeName[] = ['both', 'readonly', 'writeonly', 'none'];

function oneOf(...values: number[]): Check {
  return (value) => (values.includes(value as number) ? undefined : `one of ${values.join(', ')}`);
}

const bytesOption: Check = (value) =>
  typeof value === 'object' ? objectOption(value) : integerOption()(value);

/** A duration; Infinity stands for never. */
const durationOption: Check = (value) =>
  value === Number.POSITIVE_INFINITY ? undefined : integerOption()(value);

const CHECKS: Checks<EmbeddedOptions> = {
  groups: objectOption,
  trackers: integerOption(1, 16),
  directory: stringOption,
  host: stringOption,
  announceHost: stringOption,
  port: integerOption(0, MAX_PORT),
  storagePort: integerOption(0, MAX_PORT),
  secret: stringOption,
  serverVersion: stringOption,
  syncDelayMs: durationOption,
  syncFileMaxTimeMs: integerOption(),
  renameStallMs: integerOption(),
  binlogFlushMs: integerOption(),
  storageIds: booleanOption,
  storageHosts: objectOption,
  trunk: booleanOption,
  addressBytes: oneOf(16, 46),
  networkTimeoutMs: integerOption(1, MAX_TIMER_MS),
  maxConnections: integerOption(1, 1_000_000),
  storeLookup: oneOf(0, 1, 2),
  storeGroup: stringOption,
  storeServer: oneOf(0, 1, 2),
  storePath: oneOf(0, 2),
  downloadServer: oneOf(0, 1),
  storePaths: integerOption(1, 256),
  uploadPriorities: objectOption,
  rwModes: objectOption,
  capacityBytes: bytesOption,
  reservedBytes: bytesOption,
};

/** What a server that listens on every address announces. */
const LOOPBACK_FOR: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** @throws ArgumentError naming the option */
export function resolveOptions(options: EmbeddedOptions): ResolvedOptions {
  checkOptions('EmbeddedFastDFS.start()', options, CHECKS);
  const { host = '127.0.0.1', groups = { group1: 1 } } = options;
  const announceHost = options.announceHost ?? LOOPBACK_FOR[host] ?? host;
  if (isIP(host) === 0 || isIP(announceHost) === 0) {
    throw new ArgumentError(`host and announceHost must be IP addresses, not ${host} and ${announceHost}`);
  }
  for (const key of [
    'storageHosts',
    'uploadPriorities',
    'rwModes',
    'capacityBytes',
    'reservedBytes',
  ] as const)
    checkGroupNames(key, options[key], groups);
  const resolved = Object.entries(groups)
    .map(([name, count]) => ({
      name: checkGroup(name),
      storages: resolveStorages(name, count, { listen: host, announce: announceHost }, options),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const hosts = resolved.flatMap((group) => group.storages).map(({ announce }) => announce);
  const anyIpv6 = hosts.some((each) => each.includes(':'));
  const distinct = new Set(hosts).size === hosts.length && !anyIpv6;
  const storageIds = options.storageIds ?? !distinct;
  if (!storageIds && !distinct) {
    throw new ArgumentError(
      'storageIds: false needs an IPv4 address of its own for each storage (storageHosts)',
    );
  }
  const { storeLookup = 2, storeGroup, trunk = false, syncDelayMs = 1000 } = options;
  if ((storeLookup === 1) !== (storeGroup !== undefined && Object.hasOwn(groups, storeGroup))) {
    throw new ArgumentError('storeLookup: 1 needs storeGroup, the name of a group; other values take none');
  }
  return {
    groups: resolved,
    trackers: options.trackers ?? 1,
    directory: options.directory,
    temporaryRoot: tmpdir(),
    host,
    announceHost,
    port: options.port ?? 0,
    storagePort: options.storagePort ?? 0,
    secret: options.secret,
    serverVersion: options.serverVersion ?? '6.16.1',
    syncDelayMs,
    syncFileMaxTimeMs: options.syncFileMaxTimeMs ?? (syncDelayMs === 0 ? 0 : 300_000),
    renameStallMs: options.renameStallMs ?? 5000,
    binlogFlushMs: options.binlogFlushMs ?? 1000,
    storageIds,
    trunk,
    addressBytes: options.addressBytes ?? (anyIpv6 ? 46 : 16),
    networkTimeoutMs: options.networkTimeoutMs ?? 60_000,
    maxConnections: options.maxConnections ?? 256,
    storeLookup,
    storeGroup,
    // Trunk files need one storage that takes the uploads: round robin becomes the first.
    storeServer: trunk && !options.storeServer ? 1 : (options.storeServer ?? 0),
    storePath: options.storePath ?? 0,
    downloadServer: options.downloadServer ?? 0,
    storePaths: options.storePaths ?? 1,
  };
}

function checkGroupNames(key: string, value: unknown, groups: Record<string, number>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(groups, name)) throw new ArgumentError(`Option \`${key}\` names no group: ${name}`);
  }
}

function resolveStorages(
  group: string,
  count: number,
  shared: { listen: string; announce: string },
  options: EmbeddedOptions,
): StorageSettings[] {
  checkCount(`groups.${group}`, count, 1, MAX_SERVERS_PER_GROUP);
  const { capacityBytes: capacity, reservedBytes: reserved } = options;
  const hosts = readList('storageHosts', options.storageHosts?.[group], count, group, stringOption);
  const priorities = readList(
    'uploadPriorities',
    options.uploadPriorities?.[group],
    count,
    group,
    integerOption(),
  );
  const modes = readList('rwModes', options.rwModes?.[group], count, group, enumOption(...RW_MODES));
  const capacities = readList(
    'capacityBytes',
    listFor(capacity, group, count),
    count,
    group,
    integerOption(),
  );
  const reserves = readList('reservedBytes', listFor(reserved, group, count), count, group, integerOption());
  return Array.from({ length: count }, (_, index) => ({
    listen: hosts?.[index] ?? shared.listen,
    announce: hosts?.[index] ?? shared.announce,
    uploadPriority: priorities?.[index] ?? 10,
    rwMode: modes?.[index] ?? 'both',
    capacityBytes: capacities?.[index],
    reservedBytes: reserves?.[index],
  }));
}

function listFor(
  value: number | Record<string, number[]> | undefined,
  group: string,
  count: number,
): number[] | undefined {
  return typeof value === 'number' ? new Array<number>(count).fill(value) : value?.[group];
}

/** @throws ArgumentError unless the list has one valid value for each storage */
function readList<T>(
  key: string,
  list: readonly T[] | undefined,
  count: number,
  group: string,
  check: Check,
): readonly T[] | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.length !== count) {
    throw new ArgumentError(`${key}.${group} must have ${count} values, one for each storage`);
  }
  for (const value of list) {
    const expected = check(value);
    if (expected !== undefined)
      throw new ArgumentError(`${key}.${group} must hold ${expected}, not ${value}`);
  }
  return list;
}
