/** The commands on files, as a process each, on an embedded cluster. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bytes } from '../helpers/bytes.js';
import { type CliServer, cliServer, runFdfs, runShell, type Settings, startFdfs } from './harness.js';

let server: CliServer;
let cwd: string;
const content = bytes(3_000_000);
/** A process takes a while to start. */
const SLOW = { timeout: 20_000 };

beforeAll(async () => {
  server = await cliServer({ groups: { group1: 2, group2: 1 }, secret: 'unused' });
  cwd = await mkdtemp(path.join(tmpdir(), 'cli-files-'));
  await writeFile(path.join(cwd, 'a.txt'), 'hello world');
  await writeFile(path.join(cwd, 'b.tar.gz'), content);
});
afterEach(() => server.fdfs.reset());
afterAll(async () => {
  await server.fdfs.stop();
  await rm(cwd, { recursive: true });
});

const fdfs = (args: string[], settings: Settings = {}) =>
  runFdfs(args, { env: server.env, cwd, ...settings });

async function uploaded(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await fdfs(['upload', ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trim();
}

describe('upload', () => {
  it('prints the id of every file', async () => {
    const { code, stdout, stderr } = await fdfs(['upload', 'a.txt', 'b.tar.gz', '--group', 'group2']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [first, second, ...rest] = stdout.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(first).toMatch(/^group2\/M00\/.*\.txt\ta\.txt$/);
    expect(second).toMatch(/^group2\/M00\/.*\.tar\.gz\tb\.tar\.gz$/);
    expect(
      server.fdfs
        .files()
        .map(({ size }) => size)
        .sort(),
    ).toEqual([11, content.length]);
  });

  it('prints everything as JSON, with metadata and the name', async () => {
    const args = [
      'upload',
      'a.txt',
      '--json',
      '--meta',
      'w=1',
      '--meta',
      'x=a=b',
      '--keep-filename',
      '--ext',
      'md',
    ];
    const { stdout } = await fdfs(args);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      source: 'a.txt',
      fileId: expect.stringMatching(/\.md$/),
      size: 11,
      crc32: crc32('hello world'),
      metadata: { filename: 'a.txt', w: '1', x: 'a=b' },
      kind: 'normal',
    });
  });

  it('reads standard input of unknown length', async () => {
    const { code, stdout } = await fdfs(['upload', '-', '--filename', 'c.bin', '--keep-filename', '--json'], {
      input: content,
    });
    expect(code).toBe(0);
    const { fileId, kind, metadata } = JSON.parse(stdout);
    expect({ kind, metadata }).toEqual({ kind: 'normal', metadata: { filename: 'c.bin' } });
    const copy = await fdfs(['download', fileId, '-']);
    expect(copy.bytes.equals(content)).toBe(true);
  });

  it('keeps nothing when the size is not the one that was announced', async () => {
    for (const size of ['10', '12']) {
      const { code, stdout, stderr } = await fdfs(['upload', '-', '--size', size], { input: 'hello world' });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^fdfs: .*11.*\n$|^fdfs: .*10.*\n$/);
    }
    expect(server.fdfs.files()).toEqual([]);
  });

  it('goes on after a file that cannot be read', async () => {
    const { code, stdout, stderr } = await fdfs(['upload', 'missing', '.', 'a.txt', '--json']);
    expect(code).toBe(1);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { source: 'missing', error: { code: 'ENOENT', message: 'missing: no such file or directory' } },
      { source: '.', error: { code: 'EISDIR' } },
      { source: 'a.txt', size: 11 },
    ]);
    expect(stderr.trimEnd().split('\n')[0]).toBe('fdfs: missing: no such file or directory');
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const child = startFdfs(['upload', '-', '--size', '9000000'], { env: server.env, cwd });
    try {
      child.stdin.write(content);
      await expect.poll(() => server.fdfs.requests('UPLOAD_FILE'), SLOW).toBe(1);
    } finally {
      child.kill('SIGINT');
    }
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    expect(server.fdfs.files()).toEqual([]);
  });

  it('refuses what makes no sense', async () => {
    for (const args of [
      ['-', '-'],
      ['a.txt', 'b.tar.gz', '--size', '1'],
      ['a.txt', 'b.tar.gz', '--filename', 'c'],
      ['a.txt', '--meta', 'nothing'],
      ['a.txt', '--size', 'big'],
      ['a.txt', '--group', 'no group'],
    ]) {
      const { code, stdout, stderr } = await fdfs(['upload', ...args]);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(/^fdfs: [^\n]+\n$/);
    }
  });
});

describe('download', () => {
  it('writes a file, into a directory, or to standard output', async () => {
    const fileId = await uploaded('b.tar.gz');
    const name = path.basename(fileId);
    for (const [args, target] of [
      [[], name],
      [['copy'], 'copy'],
      [['.'], name],
    ] as const) {
      const { code, stdout, stderr } = await fdfs(['download', fileId, ...args]);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${target}\n`, stderr: '' });
      expect((await readFile(path.join(cwd, target))).equals(content)).toBe(true);
    }
    const piped = await fdfs(['download', fileId, '-']);
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(piped.bytes.equals(content)).toBe(true);
    expect((await readdir(cwd)).filter((file) => file.endsWith('.part'))).toEqual([]);
  });

  it.each([
    ['0-4', 'hello'],
    ['6-', 'world'],
    ['-3', 'rld'],
    ['-99', 'hello world'],
  ])('takes the range %s', async (range, expected) => {
    const fileId = await uploaded('a.txt');
    expect((await fdfs(['download', fileId, '-', '--range', range])).stdout).toBe(expected);
  });

  it('prints the result beside content on standard output', async () => {
    const fileId = await uploaded('a.txt');
    const { stdout, stderr } = await fdfs(['download', fileId, '-', '--json']);
    expect(stdout).toBe('hello world');
    expect(JSON.parse(stderr)).toEqual({ fileId, path: '-', size: 11 });
  });

  it('leaves a file as it was when the download fails', async () => {
    const fileId = await uploaded('a.txt');
    await fdfs(['rm', fileId]);
    await writeFile(path.join(cwd, 'old'), 'as it was');
    const { code, stderr } = await fdfs(['download', fileId, 'old']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^fdfs: .*status 2.*\n$/);
    expect(await readFile(path.join(cwd, 'old'), 'utf8')).toBe('as it was');
    expect((await fdfs(['download', fileId, 'no/such/place'])).code).not.toBe(0);
  });

  it('leaves no half file when it is interrupted', async () => {
    const fileId = await uploaded('b.tar.gz');
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', afterBytes: 1_000_000, action: 'stall' });
    const child = startFdfs(['download', fileId, 'halved'], { env: server.env, cwd });
    try {
      await expect.poll(async () => (await readdir(cwd)).join(), SLOW).toContain('.part');
    } finally {
      child.kill('SIGTERM');
    }
    const [code] = await once(child, 'exit');
    expect(code).toBe(143);
    expect((await readdir(cwd)).filter((file) => /halved|\.part$/.test(file))).toEqual([]);
  });

  it('ends quietly when the reader goes away', async () => {
    const fileId = await uploaded('b.tar.gz');
    const { stdout, stderr, code } = await runShell(
      `fdfs download ${fileId} - | head -c 5 | wc -c; echo "\${PIPESTATUS[0]}"`,
      { env: server.env, cwd },
    );
    expect(stdout.split(/\s+/).filter(Boolean)).toEqual(['5', '141']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    await expect.poll(() => server.fdfs.connections(), SLOW).toBe(0);
  });

  it('writes to devices without replacing them', async () => {
    const fileId = await uploaded('a.txt');
    const { stdout } = await runShell(`{ fdfs download ${fileId} /dev/fd/3 3>&1 >/dev/null; } | cat`, {
      env: server.env,
      cwd,
    });
    expect(stdout).toBe('hello world');
  });

  it('says so when standard output is full', async () => {
    const fileId = await uploaded('a.txt');
    for (const args of [`download ${fileId} -`, 'groups', '--version']) {
      const { code, stderr } = await runShell(`fdfs ${args} > /dev/full`, { env: server.env, cwd });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: 'fdfs: standard output: no space left on device\n',
      });
    }
  });
});

describe('appender files', () => {
  it('are appended to from files and standard input, and cut', async () => {
    const fileId = await uploaded('a.txt', '--appender');
    expect(await fdfs(['append', fileId, 'a.txt'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const appended = await fdfs(['append', fileId, '-', '--json'], { input: '!' });
    expect(JSON.parse(appended.stdout)).toEqual({ fileId, appended: 1 });
    expect((await fdfs(['download', fileId, '-'])).stdout).toBe('hello worldhello world!');
    const cut = await fdfs(['truncate', fileId, '5', '--json']);
    expect(JSON.parse(cut.stdout)).toEqual({ fileId, size: 5 });
    expect((await fdfs(['download', fileId, '-'])).stdout).toBe('hello');
    expect(await fdfs(['truncate', fileId])).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse((await fdfs(['stat', fileId, '--json'])).stdout)).toMatchObject({
      size: 0,
      kind: 'appender',
    });
  });

  it('are not what ordinary files are', async () => {
    const fileId = await uploaded('a.txt');
    const { code, stderr } = await fdfs(['append', fileId, 'a.txt']);
    expect(code).toBe(2);
    expect(stderr).toContain('not an appender file');
    expect((await fdfs(['truncate', fileId, '3'])).code).toBe(2);
    expect((await fdfs(['truncate', fileId, 'some'])).code).toBe(2);
  });

  it('need a source that can be read', async () => {
    const fileId = await uploaded('a.txt', '--appender');
    expect(await fdfs(['append', fileId, '.'])).toMatchObject({
      code: 1,
      stderr: 'fdfs: .: is a directory\n',
    });
    expect((await fdfs(['append', fileId, 'missing'])).stderr).toBe(
      'fdfs: missing: no such file or directory\n',
    );
  });
});

describe('rm and stat', () => {
  it('remove what is there and report what is not', async () => {
    const fileId = await uploaded('a.txt');
    const { code, stdout, stderr } = await fdfs(['rm', fileId, fileId, '--json']);
    expect(code).toBe(3);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { fileId, deleted: true },
      { fileId, error: { code: 'FASTDFS_NOT_FOUND', exitCode: 3 } },
    ]);
    expect(stderr).toContain(fileId);
    expect(server.fdfs.files()).toEqual([]);
    expect(await fdfs(['rm', '-f', fileId])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse((await fdfs(['rm', '-f', fileId, '--json'])).stdout)).toEqual({
      fileId,
      deleted: false,
    });
  });

  it('ask the server only on request', async () => {
    // Without storage ids the file id holds the address of its storage, too.
    const { fdfs: plain, env } = await cliServer({ groups: { group1: 1 } });
    try {
      const fileId = (await fdfs(['upload', 'a.txt'], { env })).stdout.trim();
      await fdfs(['rm', fileId], { env });
      const printed = await fdfs(['stat', fileId], { env });
      expect(printed).toMatchObject({ code: 0, stderr: '' });
      expect(printed.stdout).toMatch(/^size: +11 B$/m);
      expect(printed.stdout).toMatch(/^crc32: +0d4a1185$/m);
      expect(printed.stdout).not.toContain('\x1b');
      expect((await fdfs(['stat', fileId, '--server'], { env })).code).toBe(3);
    } finally {
      await plain.stop();
    }
  });

  it('print several files, and the checksum of an appender file on request', async () => {
    const lines_ = (await uploaded('a.txt', 'b.tar.gz', '--appender')).split('\n');
    const ids = lines_.map((line) => line.split('\t')[0]!);
    const { stdout } = await fdfs(['stat', ...ids, '--crc', '--json']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { fileId: ids[0], crc32: crc32('hello world'), kind: 'appender', from: 'server' },
      { fileId: ids[1], crc32: crc32(content), size: content.length },
    ]);
    const text = await fdfs(['stat', ...ids, 'group1/M00/00/00/nonsense']);
    expect(text.stdout.split('\n\n')).toHaveLength(2);
    expect(text).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a FastDFS file id') });
  });
});

describe('meta and url', () => {
  it('set, merge and get', async () => {
    const fileId = await uploaded('a.txt');
    expect((await fdfs(['meta', 'get', fileId])).stdout).toBe('');
    expect(await fdfs(['meta', 'set', fileId, 'a=1', 'b='])).toMatchObject({ code: 0, stdout: '' });
    const merged = await fdfs(['meta', 'set', fileId, 'c=x=y', '--merge', '--json']);
    expect(JSON.parse(merged.stdout)).toEqual({ fileId, mode: 'merge', metadata: { c: 'x=y' } });
    expect((await fdfs(['meta', 'get', fileId])).stdout).toBe('a=1\nb=\nc=x=y\n');
    await fdfs(['meta', 'set', fileId, 'd=4']);
    const all = await fdfs(['meta', 'get', fileId, '--json']);
    expect(JSON.parse(all.stdout)).toEqual({ fileId, metadata: { d: '4' } });
    expect((await fdfs(['meta', 'set', fileId, 'nothing'])).code).toBe(2);
    expect((await fdfs(['meta', 'get', fileId.replace('group1', 'group9')])).code).not.toBe(0);
  });

  it('make urls, with tokens where the configuration has a secret', async () => {
    const fileId = await uploaded('a.txt');
    expect((await fdfs(['url', fileId])).stdout).toBe(`/${fileId}\n`);
    const based = await fdfs([
      'url',
      fileId,
      '--base-url',
      'https://img.example.com/',
      '--filename',
      'ä.txt',
    ]);
    expect(based.stdout).toBe(`https://img.example.com/${fileId}?filename=%C3%A4.txt\n`);
    const refused = await fdfs(['url', fileId, '--expires-in', '60']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('http.anti_steal.secret_key') });

    const conf = path.join(cwd, 'secret.conf');
    const lines = ['http.anti_steal.check_token = true', 'http.anti_steal.secret_key = s'];
    await writeFile(conf, [`tracker_server = ${server.fdfs.trackers[0]}`, ...lines, ''].join('\n'));
    const { stdout } = await fdfs(['--conf', conf, 'url', fileId, '--expires-in', '60', '--json']);
    const { url } = JSON.parse(stdout);
    expect(url).toMatch(/\?token=[0-9a-f]{32}&ts=\d+$/);
    expect((await fdfs(['url', 'nonsense'])).code).toBe(2);
  });
});
