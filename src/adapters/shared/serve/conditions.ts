/** Evaluates the conditional headers and the ranges of a request. RFC 9110, sections 13 and 14. */
import fresh from 'fresh';
import parseRange from 'range-parser';
import type { ServedFile } from './options.js';

/** Both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Request headers by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ConditionalRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
}

/** What to answer, if the file is there. */
export type Verdict =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly ranges: readonly ByteRange[] };

const WHOLE_FILE = { status: 200 } as const;

/**
 * Evaluates preconditions first, then `Range`, in the order of RFC 9110 section 13.2.2.
 * @param maxRanges a request for more ranges gets the whole file; 0 ignores `Range`
 */
export function evaluateConditions(
  { method, headers }: ConditionalRequest,
  file: ServedFile,
  maxRanges: number,
): Verdict {
  const lastModified = file.lastModified.toUTCString();
  if (isPreconditionFailed(headers, file)) return { status: 412 };
  if (fresh(headers, { etag: file.etag, 'last-modified': lastModified })) return { status: 304 };
  // Range is defined for GET alone (14.2).
  const range = joinValues(headers.range);
  if (method !== 'GET' || range === undefined || !isRangeCurrent(headers, file)) return WHOLE_FILE;
  return evaluateRange(range, file.size, maxRanges);
}

function evaluateRange(header: string, size: number, maxRanges: number): Verdict {
  const specs = parseRangeSpecs(header, maxRanges);
  if (specs === undefined || specs.length > maxRanges) return WHOLE_FILE;
  // No Content-Range can name a part of an empty file: who asks for all of it gets all of it.
  if (size === 0 && specs.some((spec) => /^(0+-\d*|-0*[1-9]\d*)$/.test(spec))) return WHOLE_FILE;
  const ranges = parseRange(size, `bytes=${specs.map((spec) => limitSuffix(spec, size)).join(',')}`, {
    combine: true,
  });
  if (ranges === -1) return { status: 416 };
  if (ranges === -2) return WHOLE_FILE;
  return { status: 206, ranges };
}

/**
 * Splits the header into its ranges, without the empty elements that a list may have (RFC 9110, 5.6.1.2).
 * @returns at most one element more than `maxRanges`, or undefined when the unit is not `bytes` or nothing is listed
 */
function parseRangeSpecs(header: string, maxRanges: number): string[] | undefined {
  const match = /^\s*bytes\s*=(.*)$/is.exec(header);
  if (!match) return undefined;
  const specs: string[] = [];
  for (const element of match[1]!.split(',')) {
    const spec = element.trim();
    if (spec !== '') specs.push(spec);
    if (specs.length > maxRanges) break;
  }
  return specs.length === 0 ? undefined : specs;
}

/** Cuts "the last 1000 bytes" of a file of 10 bytes to all of it, where the parser finds nothing. */
function limitSuffix(spec: string, size: number): string {
  return /^-\d+$/.test(spec) && Number(spec.slice(1)) > size ? `-${size}` : spec;
}

/** If-Match compares strongly, and a request that has it is not judged by date. */
function isPreconditionFailed(headers: RequestHeaders, file: ServedFile): boolean {
  const match = joinValues(headers['if-match']);
  if (match !== undefined) {
    if (match.trim() === '*') return false;
    return isWeak(file.etag) || !match.split(',').some((tag) => tag.trim() === file.etag);
  }
  const since = Date.parse(joinValues(headers['if-unmodified-since']) ?? '');
  return !Number.isNaN(since) && file.lastModified.getTime() > since;
}

/** If-Range compares strongly: part of another version would not fit what the client has. */
function isRangeCurrent(headers: RequestHeaders, file: ServedFile): boolean {
  const given = joinValues(headers['if-range'])?.trim();
  if (given === undefined) return true;
  if (given.includes('"')) return given === file.etag && !isWeak(file.etag);
  return Date.parse(given) === file.lastModified.getTime();
}

function isWeak(etag: string): boolean {
  return etag.startsWith('W/');
}

function joinValues(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
