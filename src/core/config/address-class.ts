/**
 * The classes of addresses in FastDFS: three private IPv4 ranges, and everything else, which
 * includes loopback and all of IPv6. Two addresses of one server must be of two classes.
 */
import { isIP, isIPv4 } from 'node:net';
import { ArgumentError } from '../base/errors.js';
import type { Address } from '../model/address.js';

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
