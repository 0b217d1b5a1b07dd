import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { formatAddress, parseAddress, parseAddresses } from '../../../src/core/model/address.js';

describe('parseAddresses', () => {
  it.each([
    ['tracker', [{ host: 'tracker', port: 22122 }]],
    [' 10.0.0.5:1 ', [{ host: '10.0.0.5', port: 1 }]],
    ['[::1]', [{ host: '::1', port: 22122 }]],
    ['[::1]:65535', [{ host: '::1', port: 65535 }]],
    ['[fe80::1%eth0]:80', [{ host: 'fe80::1%eth0', port: 80 }]],
    [
      '10.0.0.5,122.1.1.1:9',
      [
        { host: '10.0.0.5', port: 9 },
        { host: '122.1.1.1', port: 9 },
      ],
    ],
    [
      '[10.0.0.5, 2409::1]',
      [
        { host: '10.0.0.5', port: 22122 },
        { host: '2409::1', port: 22122 },
      ],
    ],
  ])('reads %j', (text, expected) => {
    expect(parseAddresses(text, 22122)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    ':22122',
    'host:',
    'host:0',
    'host:65536',
    'host:99999',
    'host:1x',
    'host:-1',
    'host: 1',
    '::1',
    '[::1',
    '[::1]22122',
    '[]:1',
    'a,b,c',
    'a,',
    ',a',
    'ho st',
    'host/path',
    'http://host',
    'a:1,b:2',
    '[[::1]]',
  ])('refuses %j, naming it', (text) => {
    expect(() => parseAddresses(text, 22122)).toThrow(ArgumentError);
    expect(() => parseAddresses(text, 22122)).toThrow(JSON.stringify(text));
  });

  it('takes nothing but IPv6 for a host with colons', () => {
    expect(() => parseAddresses('[host:1]', 22122)).toThrow(ArgumentError);
    expect(() => parseAddresses('[1::2::3]:1', 22122)).toThrow(ArgumentError);
  });
});

describe('parseAddress', () => {
  it('wants exactly one', () => {
    expect(parseAddress('a:1', 2)).toEqual({ host: 'a', port: 1 });
    expect(() => parseAddress('a,b:1', 2)).toThrow(/must be one address/);
  });
});

describe('formatAddress', () => {
  it.each(['host:1', '10.0.0.5:22122', '[::1]:22122'])(
    'writes %s in the form in which it is read',
    (text) => {
      expect(formatAddress(parseAddress(text, 1))).toBe(text);
    },
  );
});
