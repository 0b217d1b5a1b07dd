/** Trackers as options name them: a list, or one text that may name several. */
import { ArgumentError } from '../base/errors.js';
import { describeValue } from '../base/validate.js';
import { type Address, formatAddress, parseAddresses } from '../model/address.js';
import { DEFAULT_TRACKER_PORT } from '../model/limits.js';
import { addressClass } from './map-address.js';

/** One tracker: its address, or its two addresses. */
export type TrackerAddresses = readonly Address[];

/**
 * Returns the trackers in the order given, each once.
 * @throws ArgumentError naming the entry
 */
export function resolveTrackers(input: unknown): readonly TrackerAddresses[] {
  if (typeof input !== 'string' && !Array.isArray(input)) {
    throw new ArgumentError(
      `Option \`trackers\` must be a string or an array of strings, not ${describeValue(input)}`,
    );
  }
  const texts: readonly unknown[] = typeof input === 'string' ? splitTrackers(input) : input;
  const trackers = new Map<string, TrackerAddresses>();
  for (const [index, entry] of texts.entries()) {
    const addresses = parseEntry(typeof input === 'string' ? 'trackers' : `trackers[${index}]`, entry);
    const id = addresses.map(formatAddress).join(',');
    if (!trackers.has(id))
      trackers.set(id, Object.freeze(addresses.map((address) => Object.freeze(address))));
  }
  if (trackers.size === 0) throw new ArgumentError('Option `trackers` must name at least one tracker');
  return Object.freeze([...trackers.values()]);
}

/**
 * Splits a text at its commas, except those in brackets and the one between the two addresses of one tracker:
 * `inner,outer:port`, where one is a private and the other a public IP address.
 */
function splitTrackers(text: string): string[] {
  const entries = text.split(/,(?![^[]*\])/).map((entry) => entry.trim());
  const [first, second, ...more] = entries;
  if (first !== undefined && second !== undefined && more.length === 0 && isPair(first, second)) {
    return [text];
  }
  return entries.filter((entry) => entry !== '');
}

function isPair(first: string, second: string): boolean {
  const inner = addressClass(first);
  const outer = addressClass(second.replace(/:\d+$/, ''));
  return inner !== undefined && outer !== undefined && inner !== outer;
}

function parseEntry(key: string, entry: unknown): Address[] {
  if (typeof entry !== 'string' || entry === '') {
    throw new ArgumentError(
      `Option \`${key}\` must be the address of a tracker, not ${describeValue(entry)}`,
    );
  }
  try {
    return parseAddresses(entry, DEFAULT_TRACKER_PORT);
  } catch (error) {
    throw new ArgumentError(`Option \`${key}\`: ${(error as Error).message}`, { cause: error });
  }
}
