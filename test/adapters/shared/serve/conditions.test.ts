/** Preconditions and ranges as functions of headers and file, without a server. */
import { describe, expect, it } from 'vitest';
import { evaluateConditions } from '../../../../src/adapters/shared/serve/conditions.js';

const DATE = 'Wed, 21 Oct 2015 07:28:00 GMT';
const LATER = 'Wed, 21 Oct 2015 07:28:01 GMT';

function evaluate(
  headers: Record<string, string | string[]>,
  { size = 10, method = 'GET', etag = '"a"' } = {},
) {
  const file = { fileId: '', size, etag, lastModified: new Date(DATE), immutable: true, extension: '' };
  const verdict = evaluateConditions({ method, headers }, file, 3);
  return verdict.status === 206
    ? verdict.ranges.map(({ start, end }) => `${start}-${end}`).join()
    : verdict.status;
}

it.each([
  ['bytes=0-4', '0-4'],
  ['bytes=0-0,9-9', '0-0,9-9'],
  ['bytes=9-9,0-0', '9-9,0-0'],
  ['bytes=0-4,5-9', '0-9'],
  [' bytes = 2-3 ', '2-3'],
  ['BYTES=2-3', '2-3'],
  ['bytes=,,2-3,,', '2-3'],
  ['bytes=-99', '0-9'],
  ['bytes=-99,-98', '0-9'],
  ['bytes=5-99', '5-9'],
  ['bytes=0-0,2-2,4-4', '0-0,2-2,4-4'],
  ['bytes=0-0,2-2,4-4,6-6', 200],
  ['bytes=0-0,,2-2,,4-4', '0-0,2-2,4-4'],
  ['bytes=10-', 416],
  ['bytes=-0', 416],
  ['bytes=', 200],
  ['bytes=,', 200],
  ['bytes', 200],
  ['bytes=a-b', 200],
  ['items=0-4', 200],
])('Range: %s of 10 bytes is %s', (range, expected) => {
  expect(evaluate({ range })).toBe(expected);
  expect(evaluate({ range }, { method: 'HEAD' })).toBe(200);
});

it.each([
  ['bytes=0-', 200],
  ['bytes=00-', 200],
  ['bytes=0-5', 200],
  ['bytes=-5', 200],
  ['bytes=-00', 416],
  ['bytes=1-', 416],
  ['bytes=1-,0-', 200],
])('Range: %s of an empty file is %i', (range, expected) => {
  expect(evaluate({ range }, { size: 0 })).toBe(expected);
});

describe('in the order of RFC 9110, 13.2.2', () => {
  it.each<[Record<string, string>, string | number]>([
    [{ 'if-match': '"b"', 'if-none-match': '"a"', range: 'bytes=0-4' }, 412],
    [{ 'if-match': '"a"', 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 200],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT', 'if-none-match': '"a"' }, 412],
    [{ 'if-none-match': '"a"', range: 'bytes=0-4' }, 304],
    [{ 'if-none-match': '"b"', 'if-modified-since': LATER, range: 'bytes=0-4' }, '0-4'],
    [{ 'if-modified-since': DATE, range: 'bytes=0-4' }, 304],
    [{ range: 'bytes=0-4', 'if-range': '"a"' }, '0-4'],
    [{ range: 'bytes=0-4', 'if-range': '"b"' }, 200],
    [{ range: 'bytes=0-4', 'if-range': DATE }, '0-4'],
    [{ range: 'bytes=0-4', 'if-range': LATER }, 200],
    [{ range: 'bytes=99-', 'if-range': '"b"' }, 200],
  ])('%j is %s', (headers, expected) => {
    expect(evaluate(headers)).toBe(expected);
  });

  it('weak tags match for If-None-Match alone', () => {
    const weak = { etag: 'W/"a"' };
    expect(evaluate({ 'if-none-match': '"a"' }, weak)).toBe(304);
    expect(evaluate({ 'if-match': 'W/"a"' }, weak)).toBe(412);
    expect(evaluate({ 'if-match': '*' }, weak)).toBe(200);
    expect(evaluate({ range: 'bytes=0-4', 'if-range': 'W/"a"' }, weak)).toBe(200);
  });
});
