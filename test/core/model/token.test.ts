import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { createToken, type VerifyTokenInput, verifyToken } from '../../../src/core/model/token.js';
import { readVectors } from '../protocol/vectors.js';

interface TokenVectors {
  generate: { filename: string; secret: string; timestamp: number; token: string; note?: string }[];
  check: { ttl: number; secret: string; cases: { case: string; status: number }[] };
  lengthLimit: { filenameLength: number; secretLength: number; status: number }[];
}
const vectors = readVectors<TokenVectors>('tokens');
const withoutGroup = vectors.generate.filter(({ filename }) => !filename.startsWith('group'));
const withGroup = vectors.generate.filter(({ filename }) => filename.startsWith('group'));

const NAME = 'M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y879.txt';
const SECRET = vectors.check.secret;
const TS = 1_508_236_800;
const TOKEN = createToken(NAME, SECRET, TS);

function verify(change: Partial<VerifyTokenInput> & { ageSeconds?: number } = {}) {
  const { ageSeconds = 0, ...rest } = change;
  const input = {
    remoteFilename: NAME,
    token: TOKEN,
    ts: TS,
    secret: SECRET,
    ttlSeconds: 900,
    now: new Date((TS + ageSeconds) * 1000),
  };
  return verifyToken({ ...input, ...rest } as VerifyTokenInput);
}

describe('createToken', () => {
  it.each(withoutGroup)('$filename, $secret, $timestamp', ({ filename, secret, timestamp, token }) => {
    expect(createToken(filename, secret, timestamp)).toBe(token);
  });

  it.each(withGroup)(
    'leaves the group of a file id out, unlike the C tools: $secret, $timestamp',
    (vector) => {
      const { filename, secret, timestamp, token } = vector;
      const name = filename.slice(filename.indexOf('/') + 1);
      const expected = withoutGroup.find(
        (each) => each.filename === name && each.secret === secret && each.timestamp === timestamp,
      );
      expect(createToken(filename, secret, timestamp)).toBe(expected!.token);
      expect(createToken(filename, secret, timestamp)).not.toBe(token);
    },
  );

  it.each(vectors.lengthLimit)(
    'names of $filenameLength bytes',
    ({ filenameLength, secretLength, status }) => {
      const make = () => createToken('x'.repeat(filenameLength), 's'.repeat(secretLength), TS);
      if (status === 0) expect(make()).toMatch(/^[0-9a-f]{32}$/);
      else expect(make).toThrow(ArgumentError);
    },
  );

  it.each([1.5, Number.NaN, Infinity, 2 ** 60, 2 ** 32, -(2 ** 32), '1', undefined])(
    'refuses the time %s',
    (ts) => {
      expect(() => createToken(NAME, SECRET, ts as number)).toThrow(ArgumentError);
    },
  );
});

describe('verifyToken', () => {
  // What each case of the C checker was, and how this one calls it.
  const cases: Record<string, [() => unknown, unknown]> = {
    'fresh token, ttl 900': [() => verify(), { ok: true }],
    'age == ttl': [() => verify({ ageSeconds: 900 }), { ok: true }],
    'age == ttl + 1': [() => verify({ ageSeconds: 901 }), { ok: false, reason: 'expired' }],
    'ts in the future': [() => verify({ ageSeconds: -100_000 }), { ok: true }],
    'ts = 0 (never expires)': [() => verify({ ts: 0, token: createToken(NAME, SECRET, 0) }), { ok: true }],
    'other file': [() => verify({ remoteFilename: `${NAME}x` }), { ok: false, reason: 'mismatch' }],
    '31 chars': [() => verify({ token: TOKEN.slice(1) }), { ok: false, reason: 'malformed' }],
    'wrong token': [() => verify({ token: '0'.repeat(32) }), { ok: false, reason: 'mismatch' }],
    'upper-case hex': [() => verify({ token: TOKEN.toUpperCase() }), { ok: false, reason: 'mismatch' }],
  };
  const reasons: Record<number, string> = { 1: 'mismatch', 22: 'malformed', 110: 'expired' };

  it.each(vectors.check.cases)('judges as the C checker does: $case', ({ case: name, status }) => {
    const [run, expected] = cases[name]!;
    expect(run()).toEqual(expected);
    expect(expected).toEqual(status === 0 ? { ok: true } : { ok: false, reason: reasons[status] });
  });

  it('takes file ids, and times as text, as requests have them', () => {
    expect(verify({ remoteFilename: undefined, fileId: `group1/${NAME}` })).toEqual({ ok: true });
    expect(verify({ ts: String(TS) })).toEqual({ ok: true });
  });

  it.each([
    { ts: 'x' },
    { ts: '' },
    { ts: undefined },
    { ts: '1e9' },
    { ts: [String(TS)] },
    { ts: '99999999999999999' },
    { ts: '4294967296' },
    { ts: 2 ** 32 },
    { token: undefined },
    { token: [TOKEN] },
    { token: `${TOKEN}0` },
    { token: '图'.repeat(32) },
    { remoteFilename: 'x'.repeat(400) },
    { remoteFilename: undefined },
  ])('calls %j malformed instead of failing', (change) => {
    expect(verify(change as Partial<VerifyTokenInput>)).toEqual({ ok: false, reason: 'malformed' });
  });

  it('compares 32 bytes that are no hex, too', () => {
    expect(verify({ token: `${'图'.repeat(10)}ab` })).toEqual({ ok: false, reason: 'mismatch' });
  });

  it('with a skew, bounds the future and is as generous about age', () => {
    expect(verify({ clockSkewMs: 5000, ageSeconds: -5 })).toEqual({ ok: true });
    expect(verify({ clockSkewMs: 5000, ageSeconds: -6 })).toEqual({ ok: false, reason: 'not-yet-valid' });
    expect(verify({ clockSkewMs: 5000, ageSeconds: 905 })).toEqual({ ok: true });
    expect(verify({ clockSkewMs: 5000, ageSeconds: 906 })).toEqual({ ok: false, reason: 'expired' });
    expect(verify({ clockSkewMs: 0, ageSeconds: -1 })).toEqual({ ok: false, reason: 'not-yet-valid' });
    expect(verify({ clockSkewMs: 0, ts: 0, token: createToken(NAME, SECRET, 0) })).toEqual({ ok: true });
  });

  it('uses the present time and 600 seconds by default', () => {
    const ts = Math.floor(Date.now() / 1000);
    expect(verify({ now: undefined, ts, token: createToken(NAME, SECRET, ts) })).toEqual({ ok: true });
    expect(verify({ now: undefined })).toEqual({ ok: false, reason: 'expired' });
    expect(verify({ ttlSeconds: undefined, ageSeconds: 600 })).toEqual({ ok: true });
    expect(verify({ ttlSeconds: undefined, ageSeconds: 601 })).toEqual({ ok: false, reason: 'expired' });
    expect(verify({ ttlSeconds: 60, ageSeconds: 61 })).toEqual({ ok: false, reason: 'expired' });
  });

  it('refuses to check with an empty secret or limits that are none', () => {
    expect(() => verify({ secret: '' })).toThrow(/secret/);
    expect(() => verify({ ttlSeconds: -1 })).toThrow(/ttlSeconds/);
    expect(() => verify({ clockSkewMs: Number.NaN })).toThrow(/clockSkewMs/);
    expect(() => verify({ now: new Date(Number.NaN) })).toThrow(/now/);
  });
});
