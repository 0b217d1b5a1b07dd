import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createClient, FastDFSClient } from '../../../src/client.js';
import { resolveOptions } from '../../../src/core/config/client-options.js';
import { loadConfig } from '../../../src/core/config/index.js';
import { parseStorageIds } from '../../../src/core/config/storage-ids.js';
import type { Address } from '../../../src/core/model/address.js';
import { directory, failure, load, TRACKER, vectors, write } from './conf-files.js';

describe('client.conf, as the C client reads it', () => {
  const accepted = vectors.client.filter(({ result }) => result.init === 0);
  const refused = vectors.client.filter(({ result }) => result.init !== 0);
  // Ports out of range are refused here; hosts are looked up when they are connected to.
  const refusedHere = ['c21'];
  const acceptedHere = ['c22'];
  const resolved: Record<string, string> = { '127.0.0.1': 'localhost' };

  it.each(accepted.filter(({ name }) => !refusedHere.includes(name)))(
    '$name',
    ({ name, text, files, result }) => {
      const { options } = load(text, files);
      const trackers = resolveOptions(options).trackers;
      const expected = result.trackers.map((each) =>
        each.map(({ ip, port }) => ({ host: (name === 'c10' && resolved[ip]) || ip, port })),
      );
      // The C client sorts its trackers; here the order of the file stays.
      const sorted = (list: readonly (readonly Address[])[]) =>
        list.map((each) => JSON.stringify(each)).sort();
      expect(sorted(trackers)).toEqual(sorted(expected));
      // An absent or non-positive connect_timeout is 10 s there and this package's default here.
      expect(options.connectTimeoutMs ?? 10_000).toBe(result.connect_timeout! * 1000);
      expect(options.networkTimeoutMs ?? 30_000).toBe(result.network_timeout! * 1000);
      expect(options.pool?.idleTimeoutMs).toBe(
        result.use_connection_pool ? result.connection_pool_max_idle_time! * 1000 : undefined,
      );
      expect(options.httpSecret ?? '').toBe(result.secret);
    },
  );

  it.each(refused.filter(({ name }) => !acceptedHere.includes(name)))(
    '$name is refused',
    ({ text, files }) => {
      expect(failure(() => load(text, files)).message).toContain(directory);
    },
  );

  it('c2 and c23 differ: trackers keep the order of the file', () => {
    const hosts = (name: string) => {
      const { text, files } = vectors.client.find((each) => each.name === name)!;
      return load(text, files).options.trackers;
    };
    expect(hosts('c2')).toEqual(['127.0.0.12:22122', '127.0.0.11:22122']);
    expect(hosts('c23')).toEqual(Array.from({ length: 16 }, (_, i) => `127.0.1.${i + 1}:22122`));
  });

  it('c10 and c22 differ: names are not looked up', () => {
    expect(load('tracker_server = no-such-host.invalid:22122\n').options.trackers).toEqual([
      'no-such-host.invalid:22122',
    ]);
  });

  it('c21 differs: a port out of range is refused', () => {
    const { text, files } = vectors.client.find(({ name }) => name === 'c21')!;
    expect(failure(() => load(text, files)).message).toMatch(/client\.conf:1: .*99999.*1 to 65535/);
  });

  it('c5, c6 and c8 name the line and the reason', () => {
    expect(failure(() => load('\ntracker_server = 10.0.0.5,10.0.0.6:22122\n')).message).toMatch(
      /:2: .*10\.\*/,
    );
    expect(failure(() => load('tracker_server = [fe80::1,2409::2]\n')).message).toMatch(
      /:1: .*inner and one outer/,
    );
    expect(failure(() => load('tracker_server = ::1\n')).message).toMatch(/:1: .*brackets/);
  });

  it('c20 says why the tracker is not seen', () => {
    expect(failure(() => load('[tracker]\ntracker_server = a\n')).message).toMatch(
      /:2: .*section \[tracker\]/,
    );
  });

  it('writes two addresses so that options read them back', () => {
    const { options } = load('tracker_server = [10.0.0.5,2409::1]:7\ntracker_server = 10.0.0.5,122.1.1.1\n');
    expect(options.trackers).toEqual(['[10.0.0.5,2409::1]:7', '10.0.0.5,122.1.1.1:22122']);
    expect(resolveOptions(options).trackers[0]).toEqual([
      { host: '10.0.0.5', port: 7 },
      { host: '2409::1', port: 7 },
    ]);
  });
});

describe('loadConfig', () => {
  it('leaves out what the file does not say, so that the defaults of this package apply', () => {
    const path = write(TRACKER);
    expect(loadConfig(path)).toEqual({
      options: { trackers: ['10.0.0.1:22122'] },
      warnings: [],
      path,
      mistakes: [],
    });
  });

  it('reads relative and file:// paths', () => {
    const path = write(TRACKER);
    expect(loadConfig(relative(process.cwd(), path)).path).toBe(path);
    expect(loadConfig(String(pathToFileURL(path))).path).toBe(path);
    expect(loadConfig(pathToFileURL(path)).path).toBe(path);
    expect(createClient(pathToFileURL(path))).toBeInstanceOf(FastDFSClient);
  });

  it('fails with the cause when the file is missing or no file', () => {
    expect(failure(() => loadConfig(join(directory, 'nosuch.conf'))).cause).toHaveProperty('code', 'ENOENT');
    expect(failure(() => loadConfig(directory)).cause).toHaveProperty('code', 'EISDIR');
    expect(failure(() => loadConfig('')).message).toMatch(/path/);
    expect(failure(() => loadConfig(undefined as unknown as string)).message).toMatch(/path/);
  });

  it('takes the last of repeated keys', () => {
    expect(load(`connect_timeout = 1\n${TRACKER}connect_timeout = 2\n`).options.connectTimeoutMs).toBe(2000);
  });

  it('reads numbers without units, and says so where one has a unit', () => {
    const { options, warnings } = load(`${TRACKER}connect_timeout = 2s\nnetwork_timeout = 1m # slow\n`);
    expect(options).toMatchObject({ connectTimeoutMs: 2000, networkTimeoutMs: 1000 });
    expect(warnings).toEqual([
      expect.stringMatching(/client\.conf:2: connect_timeout = 2s is read as 2 seconds/),
      expect.stringMatching(/client\.conf:3: network_timeout = 1m # slow is read as 1 seconds/),
    ]);
  });

  it('refuses times that no timer can keep', () => {
    expect(failure(() => load(`${TRACKER}network_timeout = 2147484\n`)).message).toMatch(
      /:2: .*2147483 seconds/,
    );
    expect(load(`${TRACKER}network_timeout = 2147483\n`).options.networkTimeoutMs).toBe(2_147_483_000);
  });

  it('reads the idle time of the pool only with the pool on', () => {
    const idle = `${TRACKER}connection_pool_max_idle_time = 0\n`;
    expect(load(idle).options.pool).toBeUndefined();
    expect(failure(() => load(`${idle}use_connection_pool = yes\n`)).message).toMatch(/:2: .*positive/);
    expect(load(`${TRACKER}use_connection_pool = 1\n`).options.pool).toBeUndefined();
  });

  it('takes the secret only with the check on', () => {
    const secret = 'http.anti_steal.secret_key = FastDFS1234567890\n';
    expect(load(TRACKER + secret).options.httpSecret).toBeUndefined();
    expect(load(`${TRACKER}${secret}http.anti_steal.check_token = TRUE\n`).options.httpSecret).toBe(
      'FastDFS1234567890',
    );
    expect(failure(() => load(`${TRACKER}http.anti_steal.check_token = on\n`)).message).toMatch(
      /:2: .*secret_key/,
    );
  });

  it('is silent about keys that are known and not needed, and warns of others', () => {
    const quiet = 'base_path = /nowhere\nlog_level = info\nhttp.tracker_server_port = 80\n';
    const http = 'http.anti_steal.token_ttl = 900\nhttp.mime_types_filename = mime.types\n';
    expect(load(TRACKER + quiet + http).warnings).toEqual([]);
    const odd = 'conect_timeout = 5\nhttp.secret_key = x\n[other]\nnetwork_timeout = 7\ntheirs = 1\n';
    const { options, warnings } = load(TRACKER + odd);
    expect(warnings).toEqual([
      expect.stringMatching(/client\.conf:2: unknown key "conect_timeout" .*did you mean connect_timeout\?/),
      expect.stringMatching(/client\.conf:3: .*Java clients.*http\.anti_steal\.secret_key/),
      expect.stringMatching(/client\.conf:5: network_timeout is not read.*\[other\]/),
    ]);
    expect(Object.keys(options)).toEqual(['trackers']);
  });

  it('warns of trackers beyond the sixteenth', () => {
    const text = Array.from({ length: 18 }, (_, i) => `tracker_server = t${i}\n`).join('');
    const { options, warnings } = load(text);
    expect(options.trackers).toHaveLength(16);
    expect(warnings).toEqual([expect.stringMatching(/:17: .*16/), expect.stringMatching(/:18: .*16/)]);
  });

  it('reads storage ids from the file beside it', () => {
    const files = { 'ids.conf': '100001 group1 10.1.1.10\n' };
    const text = `${TRACKER}use_storage_id = true\nstorage_ids_filename = ids.conf\nconnect_first_by = LAST\n`;
    expect(load(text, files)).toMatchObject({
      options: {
        storageIds: [
          { id: 100001, group: 'group1', addresses: [{ host: '10.1.1.10', port: 23000 }], access: 'both' },
        ],
      },
      warnings: [expect.stringMatching(/client\.conf:4: connect_first_by is not used/)],
      mistakes: [],
    });
    expect(failure(() => load(text, { 'ids.conf': '\n1 group1\n' })).message).toMatch(/ids\.conf:2: /);
    expect(failure(() => load(text.replace('ids.conf', 'no.conf'))).message).toMatch(
      /client\.conf:3: .*no\.conf/,
    );
    expect(failure(() => load(`${TRACKER}use_storage_id = 1\n`)).message).toMatch(
      /:2: .*storage_ids_filename/,
    );
  });

  it('does not need them when the tracker is asked', () => {
    const text = `${TRACKER}load_fdfs_parameters_from_tracker = on\nuse_storage_id = true\n`;
    expect(load(text).options.storageIds).toBe('trackers');
    expect(load(`${TRACKER}connect_first_by = tracker\n`).warnings).toEqual([]);
  });

  // Each line was given to fdfs_monitor 6.16.1, with an address that has a tracker.
  it.each([
    ['127.0.0.11:22122   # first', '127.0.0.11:22122'],
    ['127.0.0.11:22122#first', '127.0.0.11:22122'],
    ['127.0.0.11:22122abc', '127.0.0.11:22122'],
    ['127.0.0.11: 22122', '127.0.0.11:22122'],
    ['127.0.0.11:+22122', '127.0.0.11:22122'],
    ['127.0.0.11:22122   // first', '127.0.0.11:22122'],
    ['127.0.0.11:22122   # a, b', '127.0.0.11:22122'],
    ['[127.0.0.11]:22122 # x', '127.0.0.11:22122'],
    ['[127.0.0.11]  # x', '127.0.0.11:22122'],
    ['[127.0.0.11] :22123', '127.0.0.11:22123'],
    ['[127.0.0.11]x:22123', '127.0.0.11:22123'],
  ])('takes %j for a tracker with a warning, as the C client does', (value, expected) => {
    const { options, warnings, mistakes } = load(`tracker_server=${value}\n`);
    expect(options.trackers).toEqual([expected]);
    expect(warnings).toEqual([
      expect.stringContaining(`client.conf:1: tracker_server = ${value} is read as ${expected}`),
    ]);
    expect(mistakes).toEqual([]);
  });

  it.each([
    ['127.0.0.11   # first', /blank in its host/],
    ['127.0.0.11 :22122', /blank in its host/],
    ['127.0.0.11:22122   # see http://x:80', /blank in its host/],
    ['127.0.0.11, 10.0.0.1:22122', /blank in its host/],
    ['[127.0.0.11 ]:22122', /blank in its host/],
    ['127.0.0.11:abc', /no valid port/],
    ['127.0.0.11:', /no valid port/],
    ['127.0.0.11:0', /no valid port/],
    ['127.0.0.11:-5', /no valid port/],
  ])('refuses %j, as the C client cannot use it', (value, message) => {
    const error = failure(() => load(`\ntracker_server=${value}\n`));
    expect(error.message).toMatch(message);
    expect(error.message).toContain('client.conf:2: ');
  });

  it.each([
    ['tracker_serve', 'tracker_server'],
    ['tracker_servers', 'tracker_server'],
    ['Tracker_Server', 'tracker_server'],
    ['network_timeuot', 'network_timeout'],
    ['http.anti_steal.secretkey', 'http.anti_steal.secret_key'],
    ['map_adress', 'map_address'],
  ])('calls the unknown key %s a mistake for %s', (key, meant) => {
    const { warnings, mistakes } = load(`${TRACKER}${key} = 5\n`);
    expect(mistakes).toEqual([
      expect.stringContaining(`client.conf:2: unknown key "${key}" is ignored; did you mean ${meant}?`),
    ]);
    expect(warnings).toEqual(mistakes);
  });

  // As in the sample of fastdfs-client-java.
  const JAVA = [
    'connect_timeout = 2',
    'charset = UTF-8',
    'http.tracker_http_port = 8080',
    'http.anti_steal_token = no',
    'http.secret_key = FastDFS1234567890',
    'connection_pool.enabled = true',
    'connection_pool.max_count_per_entry = 500',
    'connection_pool.max_idle_time = 3600',
    'connection_pool.max_wait_time_in_ms = 1000',
    'fetch_storage_ids.have_allow_empty_field = true',
  ];

  it('knows the names of the Java client: only tokens that are wanted and not read are a mistake', () => {
    const { options, warnings, mistakes } = load(`${TRACKER}${JAVA.join('\n')}\n`);
    expect(options).toEqual({ trackers: ['10.0.0.1:22122'], connectTimeoutMs: 2000 });
    expect(mistakes).toEqual([]);
    expect(warnings).toHaveLength(JAVA.length - 1);
    for (const warning of warnings) expect(warning).toMatch(/is a name of the Java clients and not read/);
    expect(load(`${TRACKER}http.anti_steal_token = yes\n`).mistakes).toEqual([
      expect.stringContaining('FastDFS calls it http.anti_steal.check_token'),
    ]);
    const { message } = failure(() => load('fastdfs.tracker_servers = 10.0.0.1:22122\n'));
    expect(message).toContain(
      'client.conf:1: fastdfs.tracker_servers is a name of the Java clients and not read',
    );
  });

  it('does not guess what keys far from all known ones mean', () => {
    const { warnings, mistakes } = load(`${TRACKER}store_path0 = /data\n`);
    expect({ warnings, mistakes }).toEqual({
      warnings: [expect.stringMatching(/"store_path0" is ignored$/)],
      mistakes: [],
    });
  });

  it('warns of a comment that is part of a value', () => {
    const text = `${TRACKER}use_storage_id = true # yes\n`;
    expect(load(text).options.storageIds).toBeUndefined();
    expect(load(text).warnings).toEqual([expect.stringMatching(/:2: .*comments.*"true # yes"/)]);
  });

  it('reads the time to live of tokens, whose default is kept for what is not positive', () => {
    const ttl = (value: string) =>
      load(`${TRACKER}http.anti_steal.token_ttl = ${value}\n`).options.tokenTtlSeconds;
    expect([ttl('900'), ttl('60 # s'), ttl('0'), ttl('x')]).toEqual([900, 60, undefined, undefined]);
  });

  it('knows both spellings of the key for multiple ranges', () => {
    for (const key of ['http.multi_range.enabled', 'http.multi_range.enabed']) {
      expect(load(`${TRACKER}${key} = true\n`).warnings).toEqual([]);
    }
  });

  it('reads address mappings', () => {
    const text = `${TRACKER}map_address = 172.17.0.2=files.example.com\nmap_address=172.17.0.3:23000 = 127.0.0.1:23001\n`;
    expect(load(text).options.mapAddress).toEqual({
      '172.17.0.2': 'files.example.com',
      '172.17.0.3:23000': '127.0.0.1:23001',
    });
    expect(failure(() => load(`${TRACKER}map_address = 172.17.0.2\n`)).message).toMatch(
      /:2: .*announced=reachable/,
    );
  });

  it('gives options that resolveOptions takes', () => {
    const text = `${TRACKER}connect_timeout = 3\nuse_connection_pool = true\nconnection_pool_max_idle_time = 60\n`;
    expect(resolveOptions(load(text).options)).toMatchObject({
      connectTimeoutMs: 3000,
      pool: { idleTimeoutMs: 60_000 },
    });
  });
});

describe('storage_ids.conf, as the C library reads it', () => {
  const modes: Record<number, string> = { 0: 'none', 2: 'write', 4: 'read', 6: 'both' };

  it.each(vectors.storageIds)('$text', ({ text, status, storageIds }) => {
    if (status !== 0) {
      expect(failure(() => parseStorageIds(text, 'ids.conf')).message).toMatch(/^ids\.conf:\d+: /);
      return;
    }
    // The C library sorts by id as text; here the order of the file stays.
    const records = parseStorageIds(text, 'ids.conf').sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    expect(records).toEqual(
      storageIds.map(({ id, group, ips, port, rwMode }) => ({
        id: Number(id),
        group,
        addresses: ips.map((ip) => ({ host: ip, port })),
        access: modes[rwMode],
      })),
    );
  });

  it('names both lines of a repeated id or address', () => {
    const repeated = '1 a 10.1.1.10\n\n1 a 10.1.1.11\n';
    expect(failure(() => parseStorageIds(repeated, 'x')).message).toMatch(/^x:3: .*id 1 .*x:1$/);
    expect(failure(() => parseStorageIds('1 a 10.1.1.10\n2 a 10.1.1.10:23000\n', 'x')).message).toMatch(
      /^x:2: /,
    );
    expect(failure(() => parseStorageIds('# nothing\n', 'x')).message).toMatch(/^x names no storage/);
  });
});

it('has in its options all that createClient(path) uses', async () => {
  const files = { 'ids.conf': '100001 group1 10.1.1.10\n' };
  const path = write(`${TRACKER}use_storage_id = true\nstorage_ids_filename = ids.conf\n`, files);
  const { options } = loadConfig(path);
  await using fromPath = createClient(path);
  await using fromOptions = createClient(options);
  const id = 'group1/M00/00/00/oYYBAGsHZ16AFw4BAAAAAA1KEYU160.txt';
  const stats = await Promise.all([fromPath, fromOptions].map((client) => client.stat(id, { source: 'id' })));
  expect(stats[0]).toMatchObject({ sourceId: 100001, sourceAddress: '10.1.1.10' });
  expect(stats[1]).toEqual(stats[0]);
});

it('has its mistakes shown by the process', async () => {
  const seen: Error[] = [];
  const onWarning = (warning: Error) => seen.push(warning);
  process.on('warning', onWarning);
  try {
    await using _ = createClient(write(`${TRACKER}network_timeuot = 5\nfar_away = 1\n`));
    await expect
      .poll(() => seen)
      .toEqual([
        expect.objectContaining({
          name: 'FastDFSWarning',
          code: 'FASTDFS_CONFIG',
          message: expect.stringMatching(/:2: .*network_timeout\?/),
        }),
      ]);
  } finally {
    process.off('warning', onWarning);
  }
});
