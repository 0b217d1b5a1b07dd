/** What a request wants of a file, by its conditional headers and its ranges. RFC 9110, sections 13 and 14. */
import type { IncomingHttpHeaders } from 'node:http';
import fresh from 'fresh';
import parseRange from 'range-parser';
import type { ServedFile } from './options.js';

/** Both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type Wanted =
  | { readonly status: 200 | 304 | 412 | 416 }
  | { readonly status: 206; readonly ranges: readonly ByteRange[] };

/** @param maxRanges more ranges than this are not worth answering one by one: the whole file is */
export function wantedOf(headers: IncomingHttpHeaders, file: ServedFile, maxRanges: number): Wanted {
  const lastModified = file.lastModified.toUTCString();
  if (isPreconditionFailed(headers, file)) return { status: 412 };
  if (fresh(headers, { etag: file.etag, 'last-modified': lastModified })) return { status: 304 };
  const { range } = headers;
  if (range === undefined || !/^ *bytes *=/i.test(range) || !isRangeCurrent(headers, file))
    return { status: 200 };
  if (range.split(',', maxRanges + 1).length > maxRanges) return { status: 200 };
  const ranges = parseRange(file.size, withinSize(range, file.size), { combine: true });
  if (ranges === -1) return { status: 416 };
  if (ranges === -2) return { status: 200 };
  return { status: 206, ranges };
}

/** If-Match compares strongly, and a request that has it is not judged by date. */
function isPreconditionFailed(headers: IncomingHttpHeaders, file: ServedFile): boolean {
  const match = headers['if-match'];
  if (match !== undefined) {
    return match.trim() !== '*' && !match.split(',').some((tag) => tag.trim() === file.etag);
  }
  const since = Date.parse(headers['if-unmodified-since'] ?? '');
  return !Number.isNaN(since) && file.lastModified.getTime() > since;
}

/** Part of another version would not fit what the client has: tag and date must be the very ones of the file. */
function isRangeCurrent(headers: IncomingHttpHeaders, file: ServedFile): boolean {
  const validator = headers['if-range'];
  if (validator === undefined) return true;
  const given = (Array.isArray(validator) ? validator.join(', ') : validator).trim();
  if (given.includes('"')) return given === file.etag;
  return Date.parse(given) === file.lastModified.getTime();
}

/** "The last 1000 bytes" of a file of 10 are all of it, where the parser finds nothing. */
function withinSize(range: string, size: number): string {
  return range.replace(/([=,]\s*)-(\d+)/g, (whole, before: string, length: string) =>
    Number(length) > size ? `${before}-${size}` : whole,
  );
}
