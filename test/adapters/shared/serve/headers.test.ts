/** Headers of replies with content, without a server. */
import { expect, it } from 'vitest';
import { addNoTransform, buildPresentation } from '../../../../src/adapters/shared/serve/headers.js';
import type { ResolvedServeOptions } from '../../../../src/adapters/shared/serve/options.js';

const OPTIONS = {} as ResolvedServeOptions<unknown>;

it.each([
  [undefined, 'no-transform'],
  ['', 'no-transform'],
  ['private', 'private, no-transform'],
  ['no-transform', 'no-transform'],
  ['private,No-Transform', 'private,No-Transform'],
  ['x-no-transform', 'x-no-transform, no-transform'],
])('addNoTransform(%j) is %j', (given, expected) => {
  expect(addNoTransform(given)).toBe(expected);
});

it.each([
  ['text/html', true],
  ['TEXT/HTML;charset=utf-8', true],
  [' text/html ', true],
  ['text/html-not', false],
  ['application/xml', true],
  ['application/xml-dtd', false],
  ['image/svg+xml; charset=utf-8', true],
  ['application/vnd.x+xml', true],
  ['application/vnd.x+xmlish', false],
  ['text/plain; note=text/html', false],
  ['application/json', false],
])('%s is active: %s', (contentType, isActive) => {
  const headers = buildPresentation({ contentType, filename: undefined }, OPTIONS, () => undefined);
  expect('Content-Security-Policy' in headers).toBe(isActive);
});
