import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { DEFAULTS, type FastDFSOptions, resolveOptions } from '../../../src/core/config/client-options.js';

const trackers = 'tracker';
const at = (host: string, port = 22122) => ({ host, port });
const refuse = (options: unknown) => {
  try {
    resolveOptions(options as FastDFSOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return (error as ArgumentError).message;
  }
  throw new Error('nothing was thrown');
};

describe('resolveOptions', () => {
  it('fills in the documented defaults', () => {
    const { mapAddress, logger, ...rest } = resolveOptions({ trackers });
    expect(rest).toEqual({
      trackers: [[at('tracker')]],
      connectTimeoutMs: 5000,
      networkTimeoutMs: 30_000,
      pool: { maxPerServer: 16, idleTimeoutMs: 30_000, acquireTimeoutMs: 30_000 },
      retry: { retries: 2, minTimeoutMs: 100, maxTimeoutMs: 2000 },
      locationCache: { max: 10_000, ttlMs: 10_000 },
      spool: { directory: tmpdir(), maxBytes: Number.POSITIVE_INFINITY },
      group: undefined,
      baseUrl: undefined,
      httpSecret: undefined,
      storageIds: [],
      tokenTtlSeconds: 600,
    });
    expect(mapAddress({ host: 'a', port: 1, role: 'storage' })).toEqual({ host: 'a', port: 1 });
    expect(Object.keys(logger)).toEqual(['debug', 'info', 'warn', 'error']);
    expect(() => logger.error('silent')).not.toThrow();
  });

  it('keeps what is given, at the edges of what is allowed', () => {
    const given = {
      connectTimeoutMs: 1,
      networkTimeoutMs: 2 ** 31 - 1,
      pool: { maxPerServer: 1, idleTimeoutMs: 2, acquireTimeoutMs: 3 },
      retry: { retries: 0, minTimeoutMs: 7, maxTimeoutMs: 7 },
      locationCache: { max: 1, ttlMs: 1 },
      group: 'group1',
      httpSecret: 's',
    };
    expect(resolveOptions({ trackers, ...given })).toMatchObject(given);
    expect(resolveOptions({ trackers, locationCache: false }).locationCache).toBe(false);
    expect(resolveOptions({ trackers, pool: { maxPerServer: 3 } }).pool).toEqual({
      ...DEFAULTS.pool,
      maxPerServer: 3,
    });
  });

  it('takes undefined for every option but the trackers', () => {
    const every: Record<keyof FastDFSOptions, undefined> = {
      trackers: undefined,
      connectTimeoutMs: undefined,
      networkTimeoutMs: undefined,
      pool: undefined,
      retry: undefined,
      spool: undefined,
      locationCache: undefined,
      mapAddress: undefined,
      storageIds: undefined,
      group: undefined,
      baseUrl: undefined,
      httpSecret: undefined,
      tokenTtlSeconds: undefined,
      logger: undefined,
    };
    const { mapAddress: _, logger: __, ...resolved } = resolveOptions({ ...every, trackers });
    const { mapAddress: ___, logger: ____, ...plain } = resolveOptions({ trackers });
    expect(resolved).toEqual(plain);
    const absent = {
      pool: undefined,
      retry: { retries: undefined },
      group: undefined,
      logger: { debug: undefined },
    };
    expect(resolveOptions({ trackers, ...absent }).retry).toEqual(DEFAULTS.retry);
  });

  it('freezes the result, all the way down, and not the input', () => {
    const input = { trackers: ['a'], pool: { maxPerServer: 2 } };
    const resolved = resolveOptions(input);
    for (const part of [
      resolved,
      resolved.trackers,
      resolved.trackers[0],
      resolved.trackers[0]![0],
      resolved.pool,
    ]) {
      expect(part).toSatisfy(Object.isFrozen);
    }
    for (const part of [resolved.retry, resolved.locationCache, resolved.logger, DEFAULTS, DEFAULTS.pool]) {
      expect(part).toSatisfy(Object.isFrozen);
    }
    expect(Object.isFrozen(input) || Object.isFrozen(input.pool) || Object.isFrozen(input.trackers)).toBe(
      false,
    );
  });

  it.each([
    [{ tracker: 'a' }, 'tracker'],
    [{ pool: { max: 1 } }, 'pool.max'],
    [{ retry: { times: 1 } }, 'retry.times'],
    [{ locationCache: { ttl: 1 } }, 'locationCache.ttl'],
    [{ toString: 1 }, 'toString'],
  ])('refuses the unknown key in %j', (extra, key) => {
    expect(refuse({ trackers, ...extra })).toContain(`Unknown option \`${key}\``);
  });

  it.each([
    [{ connectTimeoutMs: '5' }, 'connectTimeoutMs'],
    [{ connectTimeoutMs: 0 }, 'connectTimeoutMs'],
    [{ connectTimeoutMs: null }, 'connectTimeoutMs'],
    [{ networkTimeoutMs: -1 }, 'networkTimeoutMs'],
    [{ networkTimeoutMs: 2 ** 31 }, 'networkTimeoutMs'],
    [{ networkTimeoutMs: Infinity }, 'networkTimeoutMs'],
    [{ networkTimeoutMs: 1.5 }, 'networkTimeoutMs'],
    [{ pool: 4 }, 'pool'],
    [{ pool: null }, 'pool'],
    [{ pool: [] }, 'pool'],
    [{ pool: { maxPerServer: 0 } }, 'pool.maxPerServer'],
    [{ pool: { idleTimeoutMs: Number.NaN } }, 'pool.idleTimeoutMs'],
    [{ pool: { acquireTimeoutMs: true } }, 'pool.acquireTimeoutMs'],
    [{ retry: false }, 'retry'],
    [{ retry: { retries: -1 } }, 'retry.retries'],
    [{ retry: { minTimeoutMs: 0 } }, 'retry.minTimeoutMs'],
    [{ retry: { minTimeoutMs: 5, maxTimeoutMs: 4 } }, 'retry.maxTimeoutMs'],
    [{ locationCache: true }, 'locationCache'],
    [{ locationCache: null }, 'locationCache'],
    [{ locationCache: { max: 0 } }, 'locationCache.max'],
    [{ locationCache: { max: 2 ** 31 } }, 'locationCache.max'],
    [{ mapAddress: 5 }, 'mapAddress'],
    [{ mapAddress: [] }, 'mapAddress'],
    [{ mapAddress: null }, 'mapAddress'],
    [{ mapAddress: { a: 1 } }, 'mapAddress'],
    [{ mapAddress: { a: 'b:0' } }, 'mapAddress'],
    [{ mapAddress: { 'a:x': 'b' } }, 'mapAddress'],
    [{ mapAddress: { 'a,b': 'c' } }, 'mapAddress'],
    [{ mapAddress: { a: '' } }, 'mapAddress'],
    [{ storageIds: 'tracker' }, 'storageIds'],
    [{ storageIds: [{ id: 1 }] }, 'storageIds'],
    [{ tokenTtlSeconds: 0 }, 'tokenTtlSeconds'],
    [{ tokenTtlSeconds: '600' }, 'tokenTtlSeconds'],
    [{ group: 1 }, 'group'],
    [{ group: 'group-1' }, 'group'],
    [{ group: '' }, 'group'],
    [{ baseUrl: 1 }, 'baseUrl'],
    [{ baseUrl: 'img.example.com' }, 'baseUrl'],
    [{ baseUrl: 'ftp://img.example.com' }, 'baseUrl'],
    [{ baseUrl: 'http://img.example.com/?a=1' }, 'baseUrl'],
    [{ httpSecret: '' }, 'httpSecret'],
    [{ httpSecret: 5 }, 'httpSecret'],
    [{ logger: 'console' }, 'logger'],
    [{ logger: { warn: 'x' } }, 'logger.warn'],
  ])('refuses %j, naming the key', (extra, key) => {
    expect(refuse({ trackers, ...extra })).toContain(`\`${key}\``);
  });

  it.each([undefined, null, 'a', 5, []])('refuses %j for options', (input) => {
    expect(refuse(input)).toContain('options');
  });
});

describe('trackers', () => {
  it.each<[string | readonly string[], unknown]>([
    ['a,b', [[at('a')], [at('b')]]],
    ['a:1, b:2 ,[::1]:3', [[at('a', 1)], [at('b', 2)], [at('::1', 3)]]],
    ['a,,a:22122,', [[at('a')]]],
    ['10.0.0.1,10.0.0.2:7', [[at('10.0.0.1')], [at('10.0.0.2', 7)]]],
    ['10.0.0.1:6,122.1.1.1:7', [[at('10.0.0.1', 6)], [at('122.1.1.1', 7)]]],
    ['[10.0.0.5,2409::1]:7', [[at('10.0.0.5', 7), at('2409::1', 7)]]],
    ['[10.0.0.5,2409::1]:7,b', [[at('10.0.0.5', 7), at('2409::1', 7)], [at('b')]]],
    ['tracker:1', [[at('tracker', 1)]]],
    ['[::1]:22122', [[at('::1')]]],
    [
      ['a', 'b:1'],
      [[at('a')], [at('b', 1)]],
    ],
    ['10.0.0.5,122.1.1.1:7', [[at('10.0.0.5', 7), at('122.1.1.1', 7)]]],
    [
      ['b', 'a:22122', 'b:22122', ' a '],
      [[at('b')], [at('a')]],
    ],
    [['[::1]', '::1'.replace('::1', '[::1]:22122')], [[at('::1')]]],
  ])('reads %j, in order and each once', (input, expected) => {
    expect(resolveOptions({ trackers: input }).trackers).toEqual(expected);
  });

  it.each([
    [undefined, '`trackers`'],
    [[], '`trackers`'],
    ['', '`trackers`'],
    [',', '`trackers`'],
    [['a', ''], '`trackers[1]`'],
    [['a', 5], '`trackers[1]`'],
    ['a:0', '`trackers`'],
    [['a', '::1'], '`trackers[1]`'],
    [{ host: 'a' }, '`trackers`'],
  ])('refuses %j', (input, key) => {
    expect(refuse({ trackers: input })).toContain(key);
  });
});

describe('retry', () => {
  it('lets the default of one pause give way to the other one that is given', () => {
    expect(resolveOptions({ trackers, retry: { minTimeoutMs: 5000 } }).retry.maxTimeoutMs).toBe(5000);
    expect(resolveOptions({ trackers, retry: { maxTimeoutMs: 10 } }).retry.minTimeoutMs).toBe(10);
  });
});

describe('baseUrl', () => {
  it.each([
    ['https://img.example.com', 'https://img.example.com'],
    ['https://img.example.com/', 'https://img.example.com'],
    ['http://10.0.0.1:8888/files//', 'http://10.0.0.1:8888/files'],
  ])('%s', (input, expected) => {
    expect(resolveOptions({ trackers, baseUrl: input }).baseUrl).toBe(expected);
  });
});

describe('logger', () => {
  it('calls the functions that are there, with their object as this', () => {
    const lines: string[] = [];
    class Log {
      prefix = '> ';
      child = {};
      warn(message: string): void {
        lines.push(this.prefix + message);
      }
    }
    const { logger } = resolveOptions({ trackers, logger: new Log() });
    logger.warn('careful', { a: 1 });
    logger.debug('silent');
    expect(lines).toEqual(['> careful']);
  });
});
