/** Text and tables on narrow terminals, ids in their several forms, and the scripts that complete commands. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { storageLines, verdictLines } from '../../src/cli/cluster-tables.js';
import { completionScript } from '../../src/cli/commands/completion.js';
import { escapeControls } from '../../src/cli/escape.js';
import { readFileId } from '../../src/cli/file-ids.js';
import { safeLocalName } from '../../src/cli/local-files.js';
import { commandMeant } from '../../src/cli/other-names.js';
import { createProgram } from '../../src/cli/program.js';
import { tableLines } from '../../src/cli/table.js';
import { cutToWidth, keepEnd, padEnd, padStart, stringWidth, wrapText } from '../../src/cli/text.js';
import type { ClusterHealth, StorageRecord } from '../../src/index.js';

const plain = (text: string) => text;

describe('text', () => {
  it('is measured in columns', () => {
    expect(stringWidth('产品介绍.mp4')).toBe(12);
    expect([padEnd('文', 4), padStart('文', 4), padEnd('long', 2)]).toEqual(['文  ', '  文', 'long']);
    expect([cutToWidth('产品介绍', 5), cutToWidth('ab', 2), cutToWidth('👨‍👩‍👧x', 2)]).toEqual([
      '产品',
      'ab',
      '👨‍👩‍👧',
    ]);
    expect([keepEnd('产品介绍.mp4', 9), keepEnd('short', 9)]).toEqual(['…介绍.mp4', 'short']);
    expect(stringWidth(keepEnd('产品介绍视频最终版.mp4', 10))).toBeLessThanOrEqual(10);
  });

  it('never reaches a terminal with control characters', () => {
    expect(escapeControls('a\x1b[2J\r\n\t\x07\x9b文\u202e')).toBe('a\\x1b[2J\\r\\n\\t\\x07\\x9b文\\u202e');
  });

  it('is broken at its blanks', () => {
    expect(wrapText('one two three', 7, '  ')).toEqual(['one two', '  three']);
    expect(wrapText('一二三 四五六', 7, '')).toEqual(['一二三', '四五六']);
    expect(wrapText('unbreakable', 4, '')).toEqual(['unbreakable']);
  });
});

describe('tables', () => {
  const storage = {
    group: 'group1',
    id: '100001',
    host: '192.168.100.101',
    port: 23000,
    status: 'ACTIVE',
    rwMode: 'both',
    trunkServer: true,
    version: '6.16.1',
    totalBytes: 2 ** 42,
    freeBytes: 2 ** 41,
    operations: { upload: { success: 123_456_789 }, download: { success: 987_654_321 } },
    connections: { current: 256 },
    upSince: new Date(0),
    lastHeartbeat: new Date(900_000),
  } as unknown as StorageRecord;

  it('leave columns out where a terminal is narrow', () => {
    const columns = [
      { title: 'A', value: () => 'essential' },
      { title: 'B', value: () => 'less so', spare: 1 },
      { title: 'C', value: () => 'least', spare: 2 },
    ];
    expect(tableLines([0], columns, plain, 80)).toEqual([
      'A          B        C',
      'essential  less so  least',
    ]);
    expect(tableLines([0], columns, plain, 20)).toEqual(['A          B', 'essential  less so']);
    expect(tableLines([0], columns, plain, 5)).toEqual(['A', 'essential']);
  });

  it('of storages and reasons fit 80 columns', () => {
    const { isTTY, columns } = process.stdout;
    Object.assign(process.stdout, { isTTY: true, columns: 80 });
    try {
      const health = {
        verdict: 'degraded',
        reasons: ['word '.repeat(40).trim()],
        notes: ['note '.repeat(40).trim()],
        checkedAt: new Date(),
      };
      const lines = [
        ...storageLines([storage], new Date(1_000_000), plain),
        ...verdictLines(health as unknown as ClusterHealth, plain),
      ];
      for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
      expect(lines[1]).toMatch(/192\.168\.100\.101:23000.*ACTIVE/);
    } finally {
      Object.assign(process.stdout, { isTTY, columns });
    }
    expect(storageLines([storage], new Date(1_000_000), plain)[0]).toContain('BEAT');
  });
});

describe('file ids', () => {
  const id = 'group1/M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y879.txt';
  it.each([
    [id, id],
    [` ${id}\n`, id],
    [`/${id}`, id],
    [`/${id}?token=x&ts=1`, id],
    [`https://img.example.com/${id}`, id],
    [`HTTP://10.0.0.1:8888/files/${id}?filename=a#b`, id],
    [`https://a/${id.replace('.txt', '.%E6%96%87')}`, id.replace('.txt', '.文')],
    ['https://a/b', 'https://a/b'],
    ['https://a/%E0%A4%A/x', 'https://a/%E0%A4%A/x'],
    ['not an id', 'not an id'],
  ])('%s is read as %s', (text, expected) => {
    expect(readFileId(text)).toBe(expected);
  });
});

it.each([
  ['a.txt', 'a.txt'],
  ['/etc/passwd', 'passwd'],
  ['..\\..\\evil.exe', 'evil.exe'],
  ['a\0b\n', 'a_b_'],
  ['..', undefined],
  ['x/', undefined],
  ['', undefined],
  ['a'.repeat(256), undefined],
])('the kept name %j becomes %j here', (name, expected) => {
  expect(safeLocalName(name)).toBe(expected);
});

describe('completion', () => {
  const program = createProgram(async () => undefined);
  const bash = (words: string, at: number) =>
    spawnSync('bash', [
      '--norc',
      '-c',
      `${completionScript(program, 'bash')}\nCOMP_WORDS=(${words}); COMP_CWORD=${at}; _fdfs; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ])
      .stdout.toString()
      .trim()
      .split('\n');

  it('knows commands, their commands and options in bash', () => {
    expect(bash('fdfs dow', 1)).toEqual(['download']);
    expect(bash('fdfs --json meta ""', 3)).toEqual(['get', 'set']);
    expect(bash('fdfs upload --keep', 2)).toEqual(['--keep-filename']);
    expect(bash('fdfs meta set --mer', 3)).toEqual(['--merge']);
    expect(bash('fdfs upload --trac', 2)).toEqual(['--tracker']);
  });

  it('names every command in every shell', () => {
    for (const shell of ['bash', 'zsh', 'fish'] as const) {
      const script = completionScript(program, shell);
      for (const command of program.commands)
        expect(script, `${shell} ${command.name()}`).toContain(command.name());
      expect(script).toContain(shell === 'fish' ? '-l keep-filename' : '--keep-filename');
    }
  });
});

it('every hint leads to a command', () => {
  const names = createProgram(async () => undefined).commands.map((command) => command.name());
  for (const name of [
    'put',
    'get',
    'delete',
    'info',
    'list',
    'cp',
    'check',
    'status',
    'serve',
    'diff',
    'where',
  ]) {
    expect(names).toContain(commandMeant(name)!.split(' ')[0]);
    expect(names).not.toContain(name);
  }
  expect(commandMeant('constructor')).toBeUndefined();
  expect(commandMeant(undefined)).toBeUndefined();
});
