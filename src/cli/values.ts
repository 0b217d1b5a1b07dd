/** Words of the command line as values. What cannot be read is reported by commander, with the name of the option. */
import { InvalidArgumentError } from 'commander';
import type { Text } from './words.js';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** In English: commander puts the name of the option before it. */
function invalid(hint: Text): InvalidArgumentError {
  return new InvalidArgumentError(hint);
}

/** `1000`, `64K`, `1.5GiB`; units are powers of 1024. */
export function parseBytes(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])i?)?B?$/i.exec(text) ?? [];
  const bytes = Math.round(Number(digits) * UNITS[unit?.toUpperCase() ?? '']!);
  if (!Number.isSafeInteger(bytes)) throw invalid('Write a number of bytes, or 64K, 10M, 1.5G.');
  return bytes;
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0)) {
    throw invalid('Write a positive number of seconds.');
  }
  return seconds;
}

export function parseWhole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw invalid('Write a whole number.');
  return Number(text);
}

export function parseJobs(text: string): number {
  const jobs = parseWhole(text);
  if (jobs < 1 || jobs > 64) throw invalid('Write a number from 1 to 64.');
  return jobs;
}

export function parsePort(text: string): number {
  const port = parseWhole(text);
  if (port > 65_535) throw invalid('Ports go up to 65535.');
  return port;
}

export interface ByteRange {
  /** Undefined: the last `end` bytes. */
  readonly start: number | undefined;
  readonly end: number | undefined;
}

/** `0-99` (both inclusive), `100-` to the end, `-100` the last hundred. */
export function parseRange(text: string): ByteRange {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? [];
  const start = first ? Number(first) : undefined;
  const end = last ? Number(last) : undefined;
  if (start === undefined ? !end : end !== undefined && end < start) {
    throw invalid('Write 0-99 (both inclusive), 100- or -100 (the last hundred).');
  }
  return { start, end };
}

/** For options that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

export function collectPair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalid('Write name=value.');
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

export function collectGroup(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, count] = /^([^=]+)(?:=(\d{1,3}))?$/.exec(text) ?? [];
  if (!name) throw invalid('Write name=count, such as group1=2.');
  return { ...before, [name]: Number(count ?? 1) };
}

/** An age (`90d`, `12h`) or a date, checked here and passed on as text. */
export function parseMoment(text: string): string {
  if (/^\d+[smhdw]$/.test(text) || !Number.isNaN(new Date(text).getTime())) return text;
  throw invalid('Write an age such as 90d, 12h or 30m, or a date such as 2026-01-31.');
}

/** `0.05` or `5%`. */
export function parseShare(text: string): number {
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(share > 0 && share <= 1)) throw invalid('Write a share such as 0.05 or 5%.');
  return share;
}
