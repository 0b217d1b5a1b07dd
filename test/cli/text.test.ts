/** The parts of the command line that need no process: values in, text out, and what only a terminal sees. */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeError, EXIT, exitCodeFor, explain, Interrupted, UsageError } from '../../src/cli/exit.js';
import { formatBytes, formatClock, formatDuration, formatPercent } from '../../src/cli/format.js';
import { painter } from '../../src/cli/paint.js';
import { progressParts, withProgress } from '../../src/cli/progress.js';
import { Screen } from '../../src/cli/screen.js';
import { tableLines } from '../../src/cli/table.js';
import { collectGroup, collectPair, parseBytes, parseRange, parseSeconds } from '../../src/cli/values.js';
import { ArgumentError, NetworkError, ProtocolError, ServerError } from '../../src/index.js';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('values', () => {
  it.each([
    ['0', 0],
    ['1000', 1000],
    ['64K', 65_536],
    ['1.5m', 1_572_864],
    ['2 GiB', 2 ** 31],
    ['3B', 3],
  ])('%s is %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each(['', '-1', 'K', '1X', '9999999T', '1e3'])('%j is no number of bytes', (text) =>
    expect(() => parseBytes(text)).toThrow(/number of bytes/),
  );

  it.each([
    ['0-99', { start: 0, end: 99 }],
    ['5-5', { start: 5, end: 5 }],
    ['100-', { start: 100, end: undefined }],
    ['-100', { start: undefined, end: 100 }],
  ])('%s is a range', (text, range) => expect(parseRange(text)).toEqual(range));

  it.each(['', '-', '-0', '5', '5-4', 'a-b', '1-2-3'])('%j is none', (text) =>
    expect(() => parseRange(text)).toThrow(/0-99/),
  );

  it('collects pairs and groups', () => {
    expect(collectPair('a=1=2', collectPair('b='))).toEqual({ a: '1=2', b: '' });
    expect(() => collectPair('=x')).toThrow(/name=value/);
    expect(collectGroup('g2', collectGroup('g1=3'))).toEqual({ g1: 3, g2: 1 });
    expect(() => collectGroup('g1=many')).toThrow(/name=count/);
    expect(parseSeconds('0.5')).toBe(0.5);
    for (const text of ['', '0', '-1', 'x']) expect(() => parseSeconds(text)).toThrow(/seconds/);
  });
});

describe('numbers and times', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.50 KiB'],
    [20 * 2 ** 20, '20.0 MiB'],
    [270_552_530_944, '252 GiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m'],
    [3725, '1h 2m'],
    [3_600, '1h'],
    [200_000, '2d 7h'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it('formats clocks and shares', () => {
    expect([5, 65, 3661].map(formatClock)).toEqual(['0:05', '1:05', '1:01:01']);
    expect([formatPercent(1, 3), formatPercent(1, 0)]).toEqual(['33%', '–']);
  });
});

describe('tables', () => {
  const columns = [
    { title: 'NAME', value: (row: { name: string }) => row.name },
    {
      title: 'N',
      value: (row: { name: string }) => String(row.name.length),
      right: true,
      style: () => 'red' as const,
    },
  ];

  it('align their columns, coloured or not', () => {
    const rows = [{ name: 'a' }, { name: 'longer name' }];
    const plain = tableLines(rows, columns, (text) => text);
    expect(plain).toEqual(['NAME          N', 'a             1', 'longer name  11']);
    const coloured = tableLines(rows, columns, (text, style) => (style ? `<${text}>` : text));
    expect(coloured.map((line) => line.replace(/[<>]/g, ''))).toEqual(plain);
  });

  it('have colours only on a terminal that wants them', () => {
    const stream = (isTTY: boolean, colours: boolean) =>
      ({ isTTY, hasColors: () => colours }) as unknown as NodeJS.WriteStream;
    expect(painter(stream(true, true))('x', 'red')).toBe('\x1b[31mx\x1b[0m');
    expect(painter(stream(true, true))('x', undefined)).toBe('x');
    expect(painter(stream(true, false))('x', 'red')).toBe('x');
    expect(painter(stream(false, true))('x', 'red')).toBe('x');
  });
});

class Terminal extends EventEmitter {
  columns = 100;
  rows = 3;
  text = '';
  write(text: string): void {
    this.text += text;
  }
  get stream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}

describe('progress', () => {
  it('counts down where the total is known', () => {
    expect(progressParts(2 ** 20, 4 * 2 ** 20, 2 ** 20, 1)).toEqual([
      '[######------------------]',
      ' 25%',
      '1.00 MiB of 4.00 MiB',
      ' 1.00 MiB/s',
      '0:03 left',
    ]);
    expect(progressParts(0, 100, 0, 1).at(-1)).toBe('waiting');
    expect(progressParts(500, undefined, 100, 62)).toEqual(['    500 B', '    100 B/s', '1:02']);
  });

  it('shows nothing of what is quick', async () => {
    const terminal = new Terminal();
    expect(await withProgress(terminal.stream, 'x', () => ({ done: 0 }), delay(300, 'done'))).toBe('done');
    expect(terminal.text).toBe('');
  });

  it('fits the terminal and is cleared at the end, also of a failure', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const terminal = new Terminal();
    terminal.columns = 40;
    let fail = (_: Error) => {};
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const shown = withProgress(terminal.stream, 'a'.repeat(50), () => ({ done: 1, total: 2 }), work);
    vi.advanceTimersByTime(1200);
    const lines = terminal.text.split('\r').filter(Boolean);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.replace('\x1b[K', '').length).toBeLessThan(40);
    expect(lines[0]).toMatch(/^…a{31} {2}\[/);
    fail(new Error('broken'));
    await expect(shown).rejects.toThrow('broken');
    expect(terminal.text.endsWith('\r\x1b[K')).toBe(true);
  });
});

it('a screen shows what fits, again when the terminal changes, and restores it', () => {
  const terminal = new Terminal();
  {
    using screen = new Screen(terminal.stream);
    screen.show(['1', '2', '3', '4']);
    expect(terminal.text).toContain('\x1b[H1\x1b[K\r\n2\x1b[K\r\n3\x1b[K\x1b[J');
    terminal.text = '';
    terminal.rows = 1;
    terminal.emit('resize');
    expect(terminal.text).toBe('\x1b[H1\x1b[K\x1b[J');
  }
  expect(terminal.text.endsWith('\x1b[?1049l')).toBe(true);
  expect(terminal.listenerCount('resize')).toBe(0);
});

describe('errors', () => {
  it.each([
    [new UsageError('--size is for one file only'), EXIT.usage],
    [new ArgumentError('x'), EXIT.usage],
    [new ArgumentError('x', { code: 'FASTDFS_SIZE_MISMATCH' }), EXIT.failed],
    [new ServerError(2), EXIT.notFound],
    [new ServerError(28), EXIT.failed],
    [new NetworkError('FASTDFS_CONNECT_FAILED', 'x'), EXIT.unreachable],
    [new ProtocolError('x'), EXIT.failed],
    [new Interrupted('SIGTERM'), 143],
    ['a string', EXIT.failed],
  ])('%s ends with %d', (error, code) => expect(exitCodeFor(error)).toBe(code));

  it('are one line that says what to do', () => {
    const error = new NetworkError('FASTDFS_CLOSED', 'Closed\n  early', {
      orphan: 'g/M00/x',
      maybeApplied: true,
    });
    expect(explain(error)).toBe(
      'Closed early; the change may have been made all the same; a file is left behind, remove it with: fdfs rm g/M00/x',
    );
    expect(explain('text')).toBe('text');
    expect(describeError(new ServerError(2, { fileId: 'f' }))).toMatchObject({
      code: 'FASTDFS_NOT_FOUND',
      errno: 'ENOENT',
      serverStatus: 2,
      fileId: 'f',
    });
    expect(describeError('text')).toEqual({ message: 'text' });
  });
});
