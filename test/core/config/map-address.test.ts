/** The mapping of announced addresses to those that can be reached: by a function, by a table, by texts. */
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { resolveOptions } from '../../../src/core/config/client-options.js';
import { addMapping, describeMapping } from '../../../src/core/config/map-address.js';

const trackers = 'tracker';

describe('mapAddress', () => {
  it('is asked with the role, and must give an address', () => {
    const { mapAddress } = resolveOptions({
      trackers,
      mapAddress: ({ host, port, role }) => ({ host: `${role}.${host}`, port: port + 1 }),
    });
    expect(mapAddress({ host: 'a', port: 1, role: 'tracker' })).toEqual({ host: 'tracker.a', port: 2 });
    expect(() => mapAddress({ host: 'a', port: 65_535, role: 'storage' })).toThrow(/`mapAddress`.*a:65535/);
    const broken = resolveOptions({
      trackers,
      mapAddress: (() => undefined) as unknown as () => typeof address,
    });
    const address = { host: 'a', port: 1 };
    expect(() => broken.mapAddress({ ...address, role: 'storage' })).toThrow(ArgumentError);
  });
});

describe('a table of addresses', () => {
  const { mapAddress } = resolveOptions({
    trackers,
    mapAddress: {
      '172.17.0.2': 'files.example.com',
      '172.17.0.2:23001': '127.0.0.1',
      '172.17.0.3:23000': '127.0.0.1:23001',
      '[FD00::1]': '[::1]:7',
      'storage.internal': '10.0.0.1:1',
    },
  });

  it.each([
    ['172.17.0.2', 23000, 'files.example.com', 23000],
    ['172.17.0.2', 23001, '127.0.0.1', 23001],
    ['172.17.0.3', 23000, '127.0.0.1', 23001],
    ['172.17.0.3', 23001, '172.17.0.3', 23001],
    ['fd00::1', 9, '::1', 7],
    ['STORAGE.internal', 5, '10.0.0.1', 1],
    ['172.17.0.22', 23000, '172.17.0.22', 23000],
    ['constructor', 1, 'constructor', 1],
  ])('maps %s:%i to %s:%i', (host, port, toHost, toPort) => {
    for (const role of ['tracker', 'storage'] as const) {
      expect(mapAddress({ host, port, role })).toEqual({ host: toHost, port: toPort });
    }
  });

  it('grows by texts', () => {
    const table = addMapping(addMapping({}, '172.17.0.2 = a:1'), '[fd00::1]:5=[::1]');
    expect(table).toEqual({ '172.17.0.2': 'a:1', '[fd00::1]:5': '[::1]' });
    for (const text of ['', 'a', '=b', 'a=', 'a:0=b', 'a=b=c', 'a,b=c']) {
      expect(() => addMapping({}, text), text).toThrow(ArgumentError);
    }
  });
});

describe('the hint for an address that cannot be reached', () => {
  const at = (host: string, port = 23000) => ({ host, port });
  it('names the option for private addresses that are not mapped', () => {
    for (const host of ['10.0.0.1', '172.17.0.2', '192.168.1.1']) {
      expect(describeMapping(at(host), at(host))).toMatch(/mapAddress.*--map.*FDFS_MAP.*map_address/);
    }
    expect(describeMapping(at('172.17.0.2'), at('127.0.0.1'))).toBeUndefined();
    expect(describeMapping(at('172.17.0.2'), at('172.17.0.2', 1))).toBeUndefined();
    expect(describeMapping(at('127.0.0.1'), at('127.0.0.1'))).toBeUndefined();
    expect(describeMapping(at('203.0.113.1'), at('203.0.113.1'))).toBeUndefined();
  });
});
