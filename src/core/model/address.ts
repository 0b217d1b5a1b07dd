/** `host:port` texts, IPv6 brackets, and the one spelling of a server that pools and caches use as key. */
import { isIPv6 } from 'node:net';
import { ArgumentError } from '../base/errors.js';
import { MAX_PORT } from './limits.js';

/** What kind of server an address leads to. */
export type ServerRole = 'tracker' | 'storage';

/** Where a server listens. */
export interface Address {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
}

/**
 * Returns `host:port`, with brackets around IPv6: the key of a server in `client.stats()`, in errors and in events.
 * @param address a server, e.g. one that `locate()` returns
 */
export function formatAddress(address: Readonly<Address>): string {
  return `${formatHost(address.host)}:${address.port}`;
}

/** Returns the host as URLs and `host:port` texts have it: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/**
 * Reads `host`, `host:port`, `[v6]`, `[v6]:port`, and the two-address forms `inner,outer:port` and
 * `[inner,outer]:port`.
 * @returns one address, or two of the same server
 * @throws ArgumentError naming the text
 */
export function parseAddresses(text: string, defaultPort: number): Address[] {
  const trimmed = text.trim();
  const { hosts, port } = splitPort(trimmed, defaultPort);
  const names = hosts.split(',').map((host) => host.trim());
  if (names.length > 2 || names.some((name) => !isHost(name))) {
    throw new ArgumentError(
      `${JSON.stringify(text)} is not a valid server address; write host, host:port or [v6]:port`,
    );
  }
  return names.map((host) => ({ host, port }));
}

/** Parses a text that must hold one address. */
export function parseAddress(text: string, defaultPort: number): Address {
  const [first, second] = parseAddresses(text, defaultPort);
  if (!first || second) throw new ArgumentError(`${JSON.stringify(text)} must be one address`);
  return first;
}

/**
 * Returns the host and, where there is one, the port of `host`, `host:port`, `[v6]` or `[v6]:port`.
 * @throws ArgumentError naming the text
 */
export function splitAddress(text: string): { host: string; port: number | undefined } {
  // No address has port 0, so it stands for none.
  const { host, port } = parseAddress(text, 0);
  return { host, port: port === 0 ? undefined : port };
}

function splitPort(text: string, defaultPort: number): { hosts: string; port: number } {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const rest = text.slice(close + 1);
    if (close < 0 || (rest !== '' && !rest.startsWith(':'))) {
      throw new ArgumentError(
        `${JSON.stringify(text)} is not a valid server address: the brackets do not match`,
      );
    }
    return { hosts: text.slice(1, close), port: rest === '' ? defaultPort : parsePort(rest.slice(1), text) };
  }
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { hosts: text, port: defaultPort };
  if (text.indexOf(':') !== colon) {
    throw new ArgumentError(`${JSON.stringify(text)} has several colons; write an IPv6 address in brackets`);
  }
  return { hosts: text.slice(0, colon), port: parsePort(text.slice(colon + 1), text) };
}

function parsePort(digits: string, text: string): number {
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port < 1 || port > MAX_PORT) {
    throw new ArgumentError(`${JSON.stringify(text)} has no valid port (1 to ${MAX_PORT})`);
  }
  return port;
}

function isHost(name: string): boolean {
  if (name.includes(':')) return isIPv6(name);
  return name !== '' && name.length <= 255 && /^[A-Za-z0-9._-]+$/.test(name);
}
