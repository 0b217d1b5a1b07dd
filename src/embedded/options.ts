/** Options of an embedded cluster: meaning, units, defaults, and their check. */
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { ArgumentError } from '../core/base/errors.js';
import { MAX_SERVERS_PER_GROUP } from '../core/model/limits.js';
import { checkGroup } from '../core/model/names.js';

/** How the cluster is made up. Everything has a default; unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface EmbeddedOptions {
  /** Groups and how many storages each has, 1 to 32. Default: `{ group1: 1 }`. */
  groups?: Record<string, number>;
  /** How many trackers, 1 to 16. Default: 1. */
  trackers?: number;
  /**
   * Where contents and storage ids are kept; they are found again at the next start.
   * Default: a temporary directory, which `stop()` removes.
   */
  directory?: string;
  /** Address to listen on, and to announce unless it is a wildcard. Names are looked up. Default: 127.0.0.1. */
  host?: string;
  /**
   * IP address that trackers announce for the storages, where clients reach them by another than `host`.
   * Default: `host`.
   */
  announceHost?: string;
  /** Port of the first tracker; the others follow it. Default: any free ports. */
  port?: number;
  /** Port of the first storage; the others follow it. Default: any free ports. */
  storagePort?: number;
  /**
   * `http.anti_steal` secret, handed on in `options` so that urls carry tokens. The servers do not use it.
   * Default: none.
   */
  secret?: string;
  /** Whose reply layouts and habits to have, e.g. `'6.10.0'`. Default: 6.16.1. */
  serverVersion?: string;
  /**
   * How long after an upload the other storages of the group do not have the file yet, in milliseconds.
   * Default: 0, at once.
   */
  syncDelayMs?: number;
  /**
   * Storages have numeric ids (100001, 100002, …) instead of being told apart by their IP address.
   * Default: true unless there is one storage only, or each has an IP address of its own.
   */
  storageIds?: boolean;
  /** IP addresses of the storages of a group, where the machine has several. Default: `host` for all. */
  storageHosts?: Record<string, string[]>;
  /** Report trunk mode and elect trunk servers. Files are stored one by one all the same. Default: false. */
  trunk?: boolean;
  /** Size of addresses in replies: 16 or 46. Servers before 6.15 have no choice. Default: 46 for IPv6, else 16. */
  addressBytes?: 16 | 46;
  /** A client that is silent in the middle of a request is cut off after this, in milliseconds. Default: 60,000. */
  networkTimeoutMs?: number;
}

export interface StorageHost {
  readonly listen: string;
  readonly announce: string;
}

export interface ResolvedOptions {
  readonly groups: ReadonlyArray<{ name: string; storages: readonly StorageHost[] }>;
  readonly trackers: number;
  readonly directory: string | undefined;
  /** Where the temporary directory is made. */
  readonly temporaryRoot: string;
  readonly host: string;
  /** What clients are told. */
  readonly announceHost: string;
  readonly port: number;
  readonly storagePort: number;
  readonly secret: string | undefined;
  readonly serverVersion: string;
  readonly syncDelayMs: number;
  readonly storageIds: boolean;
  readonly trunk: boolean;
  readonly addressBytes: 16 | 46;
  readonly networkTimeoutMs: number;
}

const KEYS: ReadonlySet<string> = new Set<keyof EmbeddedOptions>([
  'groups',
  'trackers',
  'directory',
  'host',
  'announceHost',
  'port',
  'storagePort',
  'secret',
  'serverVersion',
  'syncDelayMs',
  'storageIds',
  'storageHosts',
  'trunk',
  'addressBytes',
  'networkTimeoutMs',
]);

/** Whoever listens everywhere is told to be here. */
const LOOPBACK_FOR: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** @throws ArgumentError naming the option */
export function resolveOptions(options: EmbeddedOptions): ResolvedOptions {
  for (const key of Object.keys(options)) {
    if (!KEYS.has(key))
      throw new ArgumentError(`Option ${JSON.stringify(key)} of EmbeddedFastDFS is unknown`);
  }
  const { host = '127.0.0.1', groups = { group1: 1 }, storageHosts = {} } = options;
  const announceHost = options.announceHost ?? LOOPBACK_FOR[host] ?? host;
  if (isIP(host) === 0 || isIP(announceHost) === 0) {
    throw new ArgumentError(`host and announceHost must be IP addresses, not ${host} and ${announceHost}`);
  }
  const shared = { listen: host, announce: announceHost };
  const resolved = Object.entries(groups)
    .map(([name, count]) => ({
      name: checkGroup(name),
      storages: hostsOf(name, count, shared, storageHosts[name]),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const hosts = resolved.flatMap((group) => group.storages).map(({ announce }) => announce);
  const distinct = new Set(hosts).size === hosts.length && !hosts.some((each) => each.includes(':'));
  const anyIpv6 = hosts.some((each) => each.includes(':'));
  const storageIds = options.storageIds ?? !distinct;
  if (!storageIds && !distinct) {
    throw new ArgumentError(
      'storageIds: false needs an IPv4 address of its own for each storage (storageHosts)',
    );
  }
  const addressBytes = options.addressBytes ?? (anyIpv6 ? 46 : 16);
  if (addressBytes !== 16 && addressBytes !== 46) throw new ArgumentError('addressBytes must be 16 or 46');
  return {
    groups: resolved,
    trackers: whole('trackers', options.trackers ?? 1, 1, 16),
    directory: options.directory,
    temporaryRoot: tmpdir(),
    host,
    announceHost,
    port: whole('port', options.port ?? 0, 0, 65535),
    storagePort: whole('storagePort', options.storagePort ?? 0, 0, 65535),
    secret: options.secret,
    serverVersion: options.serverVersion ?? '6.16.1',
    syncDelayMs: whole('syncDelayMs', options.syncDelayMs ?? 0, 0, Number.MAX_SAFE_INTEGER),
    storageIds,
    trunk: options.trunk ?? false,
    addressBytes,
    networkTimeoutMs: whole('networkTimeoutMs', options.networkTimeoutMs ?? 60_000, 1, 2 ** 31 - 1),
  };
}

function hostsOf(
  group: string,
  count: number,
  shared: StorageHost,
  own: string[] | undefined,
): StorageHost[] {
  whole(`groups.${group}`, count, 1, MAX_SERVERS_PER_GROUP);
  if (own === undefined) return new Array<StorageHost>(count).fill(shared);
  if (own.length !== count) {
    throw new ArgumentError(`storageHosts.${group} names ${own.length} addresses for ${count} storages`);
  }
  return own.map((host) => ({ listen: host, announce: host }));
}

function whole(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentError(`Option ${name} must be a whole number from ${min} to ${max}, not ${value}`);
  }
  return value;
}
