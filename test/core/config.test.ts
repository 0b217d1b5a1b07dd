import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address } from '../../src/core/address.js';
import { type LoadedConfig, loadConfig } from '../../src/core/config/index.js';
import { type Ini, readIni } from '../../src/core/config/ini.js';
import { parseStorageIds } from '../../src/core/config/storage-ids.js';
import { atoi, isTrue } from '../../src/core/config/values.js';
import { ArgumentError } from '../../src/core/errors.js';
import { resolveOptions } from '../../src/core/options.js';
import { readVectors } from './vectors.js';

interface ConfVectors {
  ini: {
    name: string;
    about: string;
    text: string;
    includes: Record<string, string>;
    loadStatus: number;
    items: { section: string; key: string; string: string; int: number; bool: boolean; all: string[] }[];
  }[];
  client: {
    name: string;
    text: string;
    files?: Record<string, string>;
    result: {
      trackers: { ip: string; port: number }[][];
      init: number;
      connect_timeout?: number;
      network_timeout?: number;
      use_connection_pool?: number;
      connection_pool_max_idle_time?: number;
      anti_steal_token?: number;
      secret?: string;
      connect_first_by?: string;
    };
  }[];
  storageIds: {
    text: string;
    status: number;
    storageIds: { id: string; group: string; ips: string[]; port: number; rwMode: number }[];
  }[];
}
const vectors = readVectors<ConfVectors>('conf');
const TRACKER = 'tracker_server = 10.0.0.1\n';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fastdfs-config-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(text: string, files: Record<string, string> = {}, name = 'client.conf'): string {
  for (const [path, content] of Object.entries({ ...files, [name]: text })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return join(directory, name);
}

const load = (text: string, files?: Record<string, string>): LoadedConfig => loadConfig(write(text, files));

/** A machine that the tests do not run on. */
const host = {
  name: () => 'web1',
  addresses: () => ['10.2.3.4', '203.0.113.7', '192.168.0.9', '2001:db8::7'],
};
const ini = (text: string, files?: Record<string, string>): Ini => readIni(write(text, files), host);
const valuesOf = ({ items }: Ini, name: string, section = '') =>
  items.filter((item) => item.name === name && item.section === section).map(({ value }) => value);

function failure(run: () => unknown): ArgumentError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toHaveProperty('code', 'FASTDFS_CONFIG');
    return error as ArgumentError;
  }
  throw new Error('nothing was thrown');
}

describe('syntax, as the C parser reads it', () => {
  // Where this reader means to differ: what of the text is left out, and which items come out otherwise.
  const without: Record<string, string> = { ini2: '#@function SHELL_EXEC\ni = echo shell-ran\n' };
  const bare = { name: () => 'localhost', addresses: () => ['192.0.2.2'] };

  it.each(vectors.ini.filter(({ loadStatus }) => loadStatus === 0))('$name: $about', (vector) => {
    const removed = without[vector.name] ?? '';
    const read = readIni(write(vector.text.replace(removed, ''), vector.includes), bare);
    for (const { section, key, string, int, bool, all } of vector.items) {
      if (removed.includes(`\n${key} =`)) continue;
      expect([key, valuesOf(read, key, section)]).toEqual([key, all]);
      expect(atoi(string)).toBe(int);
      expect(isTrue(string)).toBe(bool);
    }
    const known = vector.items.map(({ section, key }) => `${section}/${key}`);
    const more = read.items.filter(({ section, name }) => !known.includes(`${section}/${name}`));
    expect(more.map(({ name }) => name)).toEqual({ ini1: ['; c', 'C'], ini5: ['a'] }[vector.name] ?? []);
  });

  it('ini2 differs: a line below SHELL_EXEC is refused, not taken as written', () => {
    const { text } = vectors.ini.find(({ name }) => name === 'ini2')!;
    expect(failure(() => ini(text)).message).toMatch(/client\.conf:28: .*SHELL_EXEC/);
  });

  it('ini4: a missing include fails the whole load, naming the place', () => {
    const { text, includes } = vectors.ini.find(({ loadStatus }) => loadStatus === 2)!;
    const error = failure(() => ini(text, includes));
    expect(error.message).toMatch(/client\.conf:1: .*nosuch\.conf \(ENOENT\)/);
    expect(error.cause).toHaveProperty('code', 'ENOENT');
  });

  it('ini5 differs: a byte order mark is skipped with a warning, not made part of the first name', () => {
    const read = ini('\uFEFFa = 1\n');
    expect(valuesOf(read, 'a')).toEqual(['1']);
    expect(read.warnings).toEqual([expect.stringMatching(/client\.conf:1: .*byte order mark/)]);
  });

  it('keeps file and line of every item, through includes, conditions and loops', () => {
    const read = ini('#@if %{LOCAL_HOST} in [web1]\na = 1\n#@endif\n#include x.conf\nb = 2', {
      'x.conf': '\nc = 3\n',
    });
    expect(read.items.map(({ name, file, line }) => [name, relative(directory, file), line])).toEqual([
      ['a', 'client.conf', 2],
      ['c', 'x.conf', 2],
      ['b', 'client.conf', 5],
    ]);
  });

  it('cuts names at 63 and values at 255 bytes, with a warning', () => {
    const read = ini(`${'n'.repeat(64)}=${'v'.repeat(256)}\n${'m'.repeat(63)}=${'w'.repeat(255)}\n`);
    expect(read.items.map(({ name, value }) => [name.length, value.length])).toEqual([
      [63, 255],
      [63, 255],
    ]);
    expect(read.warnings).toEqual([
      expect.stringMatching(/:1: the name is cut to 63/),
      expect.stringMatching(/:1: the value is cut to 255/),
    ]);
  });

  it('trims spaces, tabs and line ends, but no other white space', () => {
    expect(valuesOf(ini('a = \u00a0x\u3000 \t\r\n'), 'a')).toEqual(['\u00a0x\u3000']);
  });
});

describe('#include', () => {
  it('takes relative names from the directory of the first file, also in included files', () => {
    const files = { 'sub/one.conf': '#include sub/two.conf\n', 'sub/two.conf': 'a = two\n' };
    expect(valuesOf(ini('#include sub/one.conf\n', files), 'a')).toEqual(['two']);
    expect(
      failure(() => ini('#include sub/bad.conf\n', { 'sub/bad.conf': '\n#include two.conf\n' })).message,
    ).toMatch(/bad\.conf:2: .*two\.conf/);
  });

  it('takes absolute names and file:// names', () => {
    const path = write('a = 1\n', {}, 'with space.conf');
    expect(valuesOf(ini(`#include ${path}\n`), 'a')).toEqual(['1']);
    expect(valuesOf(ini(`#include file://${path}\n`), 'a')).toEqual(['1']);
    expect(valuesOf(ini(`#include ${pathToFileURL(path)}\n`), 'a')).toEqual(['1']);
    expect(valuesOf(ini('#include file://with space.conf\n'), 'a')).toEqual(['1']);
  });

  it('does not fetch from the network', () => {
    expect(failure(() => ini('#include http://127.0.0.1/x.conf\n')).message).toMatch(/:1: .*not fetched/);
  });

  it('may name a file twice, but not in a circle', () => {
    expect(valuesOf(ini('#include a.conf\n#include a.conf\n', { 'a.conf': 'a = 1\n' }), 'a')).toEqual([
      '1',
      '1',
    ]);
    const circle = { 'a.conf': '#include b.conf\n', 'b.conf': '#include a.conf\n' };
    expect(failure(() => ini('#include a.conf\n', circle)).message).toMatch(
      /b\.conf:1: .*a\.conf includes itself/,
    );
    expect(failure(() => ini('#include client.conf\n')).message).toMatch(/includes itself/);
  });

  it('stops at a depth that only a circle in disguise reaches', () => {
    mkdirSync(join(directory, 'd'));
    symlinkSync(directory, join(directory, 'd/up'));
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`${i}.conf`, `#include d/up/${i + 1}.conf\n`]),
    );
    expect(failure(() => ini('#include 0.conf\n', files)).message).toMatch(/more than 16 deep/);
  });

  it('warns where an indented one is a comment', () => {
    const read = ini(' #include nosuch.conf\n\t#@function REPLACE_VARS\na = 1\n#includex\n#include\n');
    expect(read.warnings).toHaveLength(2);
    expect(valuesOf(read, 'a')).toEqual(['1']);
  });
});

describe('preprocessor', () => {
  const chosen = (condition: string, before = '') =>
    valuesOf(ini(`${before}#@if ${condition}\nx = yes\n#@else\nx = no\n#@endif\n`), 'x')[0];

  it.each([
    ['%{LOCAL_HOST} in [web1]', 'yes'],
    ['%{LOCAL_HOST} in [web2, web1 ]', 'yes'],
    ['%{LOCAL_HOST} in [web]', 'no'],
    ['%{LOCAL_IP} in [203.0.113.7]', 'yes'],
    ['%{LOCAL_IP} in [203.0.113.8]', 'no'],
    ['%{LOCAL_IP} in [10.2.0.0/16]', 'yes'],
    ['%{LOCAL_IP} in [10.3.0.0/16,192.168.0.8/30]', 'yes'],
    ['%{LOCAL_IP} in [127.0.0.1]', 'no'],
    ['%{LOCAL_IP} in [2001:db8::7]', 'yes'],
    ['  %{LOCAL_IP}  in  [ 203.0.113.7 ]  \t', 'yes'],
  ])('#@if %s is %s', (condition, expected) => {
    expect(chosen(condition)).toBe(expected);
  });

  it('counts 127.0.0.1 only on a machine that has nothing else', () => {
    const path = write('#@if %{LOCAL_IP} in [127.0.0.1]\nx = alone\n#@endif\n');
    expect(valuesOf(readIni(path, { name: () => '', addresses: () => [] }), 'x')).toEqual(['alone']);
  });

  it('sets variables only where they are reached, and knows them in files read later', () => {
    expect(chosen('%{v} in [1]', '#@set v = 1\n')).toBe('yes');
    expect(chosen('%{v} in [1]', '#@if %{LOCAL_HOST} in [other]\n#@set v = 1\n#@endif\n')).toBe('no');
    const included = { 'x.conf': '#@if %{v} in [a=b]\nx = seen\n#@endif\n' };
    expect(valuesOf(ini('#include x.conf\n#@set v = a=b\n', included), 'x')).toEqual(['seen']);
  });

  it('drops the includes of a branch that is not taken', () => {
    expect(() => ini('#@if %{LOCAL_HOST} in [no]\n#include nosuch.conf\n#@endif\n')).not.toThrow();
  });

  it('reads CRLF and indented directives', () => {
    const text = ' #@set v = 1\r\n\t#@if %{v} in [1]\r\nx = yes\r\n #@else \r\nx = no\r\n #@endif\r\n';
    expect(valuesOf(ini(text), 'x')).toEqual(['yes']);
  });

  it('repeats lines with #@for, the last value included', () => {
    const loop = (range: string) => valuesOf(ini(`#@for i ${range}\nx = {$i}-{$i}{$j}\n#@endfor\n`), 'x');
    expect(loop('from 1 to 2')).toEqual(['1-1{$j}', '2-2{$j}']);
    expect(loop('from 0 to 5 step 2')).toEqual(['0-0{$j}', '2-2{$j}', '4-4{$j}']);
    expect(loop('from 3 to 3 step 9')).toEqual(['3-3{$j}']);
  });

  it.each([
    ['#@set a = $(hostname)\n', /:1: .*would run a command/],
    ['#@set a\n', /:1: .*#@set name = value/],
    ['a=1\n#@if %{a} in [1]\n', /:2: .*no end/],
    ['#@if %{a} in [1]\n#@if %{b} in [1]\n#@endif\n#@endif\n', /:2: .*inside/],
    ['#@if !%{a} in [1]\n#@endif\n', /:1: .*must be/],
    ['#@if %{a} == 1\n#@endif\n', /:1: .*must be/],
    ['#@if %{LOCAL_IP} in [10.0.0.0/31]\n#@endif\n', /:1: .*no IPv4 network/],
    ['#@for i from 0 to 2\n', /:1: .*no end/],
    ['#@for i from 2 to 0\na=1\n#@endfor\n', /:1: .*upwards/],
    ['#@for i from 0 to 2 step 0\na=1\n#@endfor\n', /:1: .*must be/],
    ['#@for i from 0 to 2000000000\na=1\n#@endfor\n', /:1: .*10000 lines/],
    ['#@for i from 1 to 9999\na=1\nb=1\n#@endfor\n', /:1: .*10000 lines/],
    ['#@function SHELL_EXEC\na = date\n', /:1: .*would run a command/],
    ['\n#@add_annotation X /lib/x.so\n', /:2: .*load a library/],
  ])('refuses %j', (text, message) => {
    expect(failure(() => ini(text)).message).toMatch(message);
  });
});

describe('#@function', () => {
  const values = (name: string, value: string, before = '#@set v = 1\n') =>
    valuesOf(ini(`${before}#@function ${name}\nx = ${value}\n`), 'x');

  it('REPLACE_VARS puts variables in', () => {
    expect(values('REPLACE_VARS', 'a%{v}b%{ v }%{w}%{v')).toEqual(['a1b1%{v']);
    expect(values('REPLACE_VARS', 'a%{v}', '')).toEqual(['a%{v}']);
  });

  it.each([
    ['inner', ['10.2.3.4', '192.168.0.9']],
    ['PRIVATE[1]', ['192.168.0.9']],
    ['inner[-1]', ['192.168.0.9']],
    ['outer[0]', ['203.0.113.7']],
    ['outer', ['203.0.113.7', '2001:db8::7']],
    ['inner[2]', ['']],
  ])('LOCAL_IP_GET of %s', (value, expected) => {
    expect(values('LOCAL_IP_GET', value)).toEqual(expected);
  });

  it('counts for the next line only', () => {
    const read = ini('#@set v = 1\n#@function REPLACE_VARS\n# comment\na = %{v}\n#@function REPLACE_VARS\n');
    expect(valuesOf(read, 'a')).toEqual(['%{v}']);
    expect(read.warnings).toHaveLength(2);
  });
});

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
      const { options, connectFirstBy } = load(text, files);
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
      expect(connectFirstBy).toBe(result.connect_first_by);
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
      storageIds: [],
      loadParametersFromTracker: false,
      connectFirstBy: 'tracker',
    });
  });

  it('reads relative and file:// paths', () => {
    const path = write(TRACKER);
    expect(loadConfig(relative(process.cwd(), path)).path).toBe(path);
    expect(loadConfig(String(pathToFileURL(path))).path).toBe(path);
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
      expect.stringMatching(/client\.conf:2: unknown key "conect_timeout"/),
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
      connectFirstBy: 'last-connected',
      storageIds: [
        { id: 100001, group: 'group1', addresses: [{ host: '10.1.1.10', port: 23000 }], access: 'both' },
      ],
      warnings: [],
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
    expect(load(text)).toMatchObject({ loadParametersFromTracker: true, storageIds: [] });
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
