/**
 * Address mapping: storages behind NAT or in containers announce addresses that a client cannot reach. A mapping is a
 * function, or a table `announced → reachable` as options, the command line and `client.conf` have it. And the classes of
 * addresses in FastDFS: three private IPv4 ranges, and everything else, which includes loopback and all of IPv6. Two addresses
 * of one server must be of two classes.
 */
import { isIP, isIPv4 } from 'node:net';
import { ArgumentError } from '../base/errors.js';
import { describeValue } from '../base/validate.js';
import { type Address, formatAddress, formatHost, type ServerRole, splitAddress } from '../model/address.js';
import { MAX_PORT } from '../model/limits.js';

/** Gives the address to connect to for one that was configured or announced. */
export type MapAddress = (address: { host: string; port: number; role: ServerRole }) => Address;

/**
 * Addresses to connect to, by the addresses that trackers announce. Keys and values are `host` or `host:port` (IPv6 in
 * brackets). A key with a port goes before one without; a value without a port keeps the announced port.
 */
export type AddressTable = Readonly<Record<string, string>>;

/** @throws ArgumentError for what is neither a function nor a table of addresses */
export function resolveMapAddress(input: unknown): MapAddress {
  if (input === undefined) return ({ host, port }) => ({ host, port });
  if (typeof input === 'function') return checkedFunction(input as MapAddress);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ArgumentError(
      `Option \`mapAddress\` must be a function or an object { 'announced': 'reachable' }, not ${describeValue(input)}`,
    );
  }
  return lookUp(readTable(input as Record<string, unknown>));
}

/**
 * Adds `inner=outer` to a table, as the command line and `client.conf` have it.
 * @throws ArgumentError when the text is not two addresses
 */
export function addMapping(table: AddressTable, text: string): AddressTable {
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new ArgumentError(
      `${JSON.stringify(text)} is not an address mapping; write announced=reachable, e.g. 172.17.0.2=files.example.com or 172.17.0.3:23000=127.0.0.1:23001`,
    );
  }
  const [from, to] = [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
  readTable({ [from]: to });
  return { ...table, [from]: to };
}

/** Returns what to do about a storage that announced a private address and cannot be reached, if that is the case. */
export function describeMapping(announced: Address, mapped: Address): string | undefined {
  if (announced.host !== mapped.host || announced.port !== mapped.port || !isPrivate(announced.host)) return;
  return `the trackers announce this private address; where it cannot be reached from here, set the option mapAddress, e.g. { '${formatAddress(announced)}': 'reachable-host:${announced.port}' } (fdfs: --map or FDFS_MAP; client.conf: map_address)`;
}

function checkedFunction(map: MapAddress): MapAddress {
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

interface Target {
  readonly host: string;
  /** Undefined: the announced port. */
  readonly port: number | undefined;
}

function readTable(table: Readonly<Record<string, unknown>>): ReadonlyMap<string, Target> {
  const targets = new Map<string, Target>();
  for (const [announced, reachable] of Object.entries(table)) {
    const from = readSide(announced, announced);
    if (typeof reachable !== 'string') {
      throw new ArgumentError(
        `Option \`mapAddress\` must have an address as text for ${JSON.stringify(announced)}, not ${describeValue(reachable)}`,
      );
    }
    targets.set(keyFor(from.host, from.port), readSide(announced, reachable));
  }
  return targets;
}

function readSide(announced: string, text: string): Target {
  try {
    return splitAddress(text);
  } catch (error) {
    throw new ArgumentError(
      `Option \`mapAddress\`, entry ${JSON.stringify(announced)}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function keyFor(host: string, port: number | undefined): string {
  const name = formatHost(host.toLowerCase());
  return port === undefined ? name : `${name}:${port}`;
}

function lookUp(targets: ReadonlyMap<string, Target>): MapAddress {
  return ({ host, port }) => {
    const target = targets.get(keyFor(host, port)) ?? targets.get(keyFor(host, undefined));
    return { host: target?.host ?? host, port: target?.port ?? port };
  };
}

export type AddressClass = '10' | '172.16' | '192.168' | 'other';

/** Returns the class of an IP address; undefined for host names, whose class is known only where they are resolved. */
export function addressClass(host: string): AddressClass | undefined {
  if (!isIP(host)) return undefined;
  if (host.startsWith('10.')) return '10';
  if (host.startsWith('192.168.')) return '192.168';
  return /^172\.(1[6-9]|2\d|3[01])\./.test(host) ? '172.16' : 'other';
}

export function isPrivate(host: string): boolean {
  return isIPv4(host) && addressClass(host) !== 'other';
}

/** @throws ArgumentError when both addresses of a server are of one class; servers refuse that */
export function checkClasses(addresses: readonly Address[]): void {
  const [first, second] = addresses;
  if (!first || !second) return;
  const group = addressClass(first.host);
  if (group === undefined || group !== addressClass(second.host)) return;
  const name = group === 'other' ? 'neither is a private IPv4 address' : `both lie in ${group}.*`;
  throw new ArgumentError(
    `${first.host} and ${second.host} cannot be the two addresses of one server: ${name}; one inner and one outer are needed`,
  );
}
