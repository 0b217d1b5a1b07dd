/** The URLs of files: tokens, names, and ids that other clients made. */
import { describe, expect, it, vi } from 'vitest';
import { verifyToken } from '../../../src/core/model/token.js';
import { createPath, type UrlOptions } from '../../../src/core/model/url.js';

const ID = 'group1/M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y879.txt';
const SECRET = 'FastDFS1234567890';
const NOW = new Date(1_508_236_800_000);
const warn = vi.fn();

const settings = {
  baseUrl: 'https://img.example.com',
  httpSecret: SECRET,
  tokenTtlSeconds: 600,
  logger: { warn },
};
const path = (url: UrlOptions, more = {}) => createPath({ ...settings, ...more }, ID, { now: NOW, ...url });
const ts = (url: UrlOptions, more = {}) => new URL(path(url, more), 'http://a').searchParams.get('ts');

describe('tokens in URLs', () => {
  it("are stamped such that the servers' time to live ends at the wish", () => {
    expect(ts({})).toBe('1508236800');
    expect(ts({ expiresIn: 600 })).toBe('1508236800');
    expect(ts({ expiresIn: 3600 })).toBe('1508239800');
    expect(ts({ expiresIn: 60 })).toBe('1508236260');
    expect(ts({ expiresIn: 3600 }, { tokenTtlSeconds: 900 })).toBe('1508239500');
    expect(ts({}, { tokenTtlSeconds: 900 })).toBe('1508236800');
    expect(ts({ expiresIn: Infinity })).toBe('0');
  });

  it('hold until then and not a second longer', () => {
    const { searchParams } = new URL(path({ expiresIn: 60 }), 'http://a');
    const verdict = (seconds: number) =>
      verifyToken({
        fileId: ID,
        token: searchParams.get('token'),
        ts: searchParams.get('ts'),
        secret: SECRET,
        now: new Date(NOW.getTime() + seconds * 1000),
      }).ok;
    expect([verdict(0), verdict(60), verdict(61)]).toEqual([true, true, false]);
  });

  it('are left out by call, for files that are public', () => {
    expect(path({ token: false })).toBe(`/${ID}`);
    expect(path({ token: false, filename: 'a b' })).toBe(`/${ID}?filename=a+b`);
    expect(path({ token: true })).toMatch(/\?token=[0-9a-f]{32}&ts=/);
    expect(() => path({ token: false, expiresIn: 5 })).toThrow(/`token` is false/);
  });

  it('refuse an end beyond 32 bits', () => {
    expect(() => path({ expiresIn: 2 ** 32 })).toThrow(/32 bits/);
    expect(() => path({ expiresIn: 1e300 })).toThrow(/32 bits/);
  });

  it.each([
    { expiresIn: 0 },
    { expiresIn: -1 },
    { expiresIn: Number.NaN },
    { expiresIn: '5' },
    { filename: 5 },
    { now: new Date(Number.NaN) },
    { token: 'no' },
    { expires: 5 },
  ])('refuse %j', (url) => {
    expect(() => path(url as UrlOptions)).toThrow(/Option|option/);
  });
});

describe('names in URLs', () => {
  it('warn beyond what the nginx module reads', () => {
    const longest = 510 - path({ filename: '' }).length;
    warn.mockClear();
    expect(path({ filename: 'a'.repeat(longest) })).toHaveLength(510);
    expect(warn).not.toHaveBeenCalled();
    path({ filename: 'a'.repeat(longest + 1) });
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/511 bytes.*510.*shorten/));
  });

  it('have no line breaks: the nginx module copies them into a header, where another would begin', () => {
    expect(path({ token: false, filename: 'a\r\nX: 1\u0085' })).toBe(`/${ID}?filename=a__X%3A+1_`);
  });

  it('are well-formed even when half an emoji is not', () => {
    expect(path({ token: false, filename: 'a\ud83d' })).toBe(`/${ID}?filename=a%EF%BF%BD`);
  });
});

it('escapes what an id of another client may hold', () => {
  const odd = 'group1/M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y87.文';
  expect(decodeURI(createPath({ ...settings, httpSecret: undefined }, odd))).toBe(`/${odd}`);
  const query = 'group1/M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y87.?#$';
  expect(createPath({ ...settings, httpSecret: undefined }, query)).toBe(
    '/group1/M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y87.%3F%23$',
  );
});
