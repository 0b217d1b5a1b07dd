import { mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readIni } from '../../../src/core/config/ini.js';
import { atoi, isTrue } from '../../../src/core/config/values.js';
import { directory, failure, ini, readValues, vectors, write } from './conf-files.js';

describe('syntax, as the C parser reads it', () => {
  // Where this reader means to differ: what of the text is left out, and which items come out otherwise.
  const without: Record<string, string> = { ini2: '#@function SHELL_EXEC\ni = echo shell-ran\n' };
  const bare = { name: () => 'localhost', addresses: () => ['192.0.2.2'] };

  it.each(vectors.ini.filter(({ loadStatus }) => loadStatus === 0))('$name: $about', (vector) => {
    const removed = without[vector.name] ?? '';
    const read = readIni(write(vector.text.replace(removed, ''), vector.includes), bare);
    for (const { section, key, string, int, bool, all } of vector.items) {
      if (removed.includes(`\n${key} =`)) continue;
      expect([key, readValues(read, key, section)]).toEqual([key, all]);
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
    expect(readValues(read, 'a')).toEqual(['1']);
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
    expect(readValues(ini('a = \u00a0x\u3000 \t\r\n'), 'a')).toEqual(['\u00a0x\u3000']);
  });
});

describe('#include', () => {
  it('takes relative names from the directory of the first file, also in included files', () => {
    const files = { 'sub/one.conf': '#include sub/two.conf\n', 'sub/two.conf': 'a = two\n' };
    expect(readValues(ini('#include sub/one.conf\n', files), 'a')).toEqual(['two']);
    expect(
      failure(() => ini('#include sub/bad.conf\n', { 'sub/bad.conf': '\n#include two.conf\n' })).message,
    ).toMatch(/bad\.conf:2: .*two\.conf/);
  });

  it('takes absolute names and file:// names', () => {
    const path = write('a = 1\n', {}, 'with space.conf');
    expect(readValues(ini(`#include ${path}\n`), 'a')).toEqual(['1']);
    expect(readValues(ini(`#include file://${path}\n`), 'a')).toEqual(['1']);
    expect(readValues(ini(`#include ${pathToFileURL(path)}\n`), 'a')).toEqual(['1']);
    expect(readValues(ini('#include file://with space.conf\n'), 'a')).toEqual(['1']);
  });

  it('does not fetch from the network', () => {
    expect(failure(() => ini('#include http://127.0.0.1/x.conf\n')).message).toMatch(/:1: .*not fetched/);
  });

  it('may name a file twice, but not in a circle', () => {
    expect(readValues(ini('#include a.conf\n#include a.conf\n', { 'a.conf': 'a = 1\n' }), 'a')).toEqual([
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

  it('reads indented directives, as the C library does, and takes others for comments', () => {
    const text =
      '  #include more.conf\n\t#INCLUDE\tmore.conf\n#@set ip = 10.0.0.7\n \t#@function REPLACE_VARS\na = %{ip}\n# include no.conf\n#includex\n#include\n';
    const read = ini(text, { 'more.conf': 'b = 2\n' });
    expect(read.warnings).toEqual([]);
    expect(readValues(read, 'a')).toEqual(['10.0.0.7']);
    expect(readValues(read, 'b')).toEqual(['2', '2']);
    expect(failure(() => ini('  #include nosuch.conf\n')).message).toMatch(/:1: .*nosuch/);
    expect(failure(() => ini('\t#@add_annotation a b\n')).message).toMatch(/:1: .*library/);
  });
});

describe('preprocessor', () => {
  const chosen = (condition: string, before = '') =>
    readValues(ini(`${before}#@if ${condition}\nx = yes\n#@else\nx = no\n#@endif\n`), 'x')[0];

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
    expect(readValues(readIni(path, { name: () => '', addresses: () => [] }), 'x')).toEqual(['alone']);
  });

  it('sets variables only where they are reached, and knows them in files read later', () => {
    expect(chosen('%{v} in [1]', '#@set v = 1\n')).toBe('yes');
    expect(chosen('%{v} in [1]', '#@if %{LOCAL_HOST} in [other]\n#@set v = 1\n#@endif\n')).toBe('no');
    const included = { 'x.conf': '#@if %{v} in [a=b]\nx = seen\n#@endif\n' };
    expect(readValues(ini('#include x.conf\n#@set v = a=b\n', included), 'x')).toEqual(['seen']);
  });

  it('drops the includes of a branch that is not taken', () => {
    expect(() => ini('#@if %{LOCAL_HOST} in [no]\n#include nosuch.conf\n#@endif\n')).not.toThrow();
  });

  it('reads CRLF and indented directives', () => {
    const text = ' #@set v = 1\r\n\t#@if %{v} in [1]\r\nx = yes\r\n #@else \r\nx = no\r\n #@endif\r\n';
    expect(readValues(ini(text), 'x')).toEqual(['yes']);
  });

  it('repeats lines with #@for, the last value included', () => {
    const loop = (range: string) => readValues(ini(`#@for i ${range}\nx = {$i}-{$i}{$j}\n#@endfor\n`), 'x');
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
    ['#@if %{LOCAL_IP} in [10.0.0.0/31]\n#@endif\n', /:1: .*not an IPv4 network/],
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
    readValues(ini(`${before}#@function ${name}\nx = ${value}\n`), 'x');

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
    expect(readValues(read, 'a')).toEqual(['%{v}']);
    expect(read.warnings).toHaveLength(2);
  });
});
