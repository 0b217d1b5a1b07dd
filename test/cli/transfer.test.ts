/** Many files at once, in and out: names and ids, folders and manifests, downloads that go on, names of strangers. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type FastDFSClient } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { type CliServer, cliServer, runFdfs, runShell, type Settings, startFdfs } from './harness.js';

let server: CliServer;
let client: FastDFSClient;
let cwd: string;
const content = bytes(3_000_000);

beforeAll(async () => {
  server = await cliServer({ groups: { group1: 2, group2: 1 } });
  client = createClient({ trackers: server.fdfs.trackers });
});
beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'cli-transfer-'));
});
afterEach(async () => {
  server.fdfs.reset();
  await rm(cwd, { recursive: true });
});
afterAll(async () => {
  await client.close();
  await server.fdfs.stop();
});

const fdfs = (args: string[], settings: Settings = {}) =>
  runFdfs(args, { env: server.env, cwd, ...settings });
const put = (name: string, data: string | Uint8Array) => writeFile(path.join(cwd, name), data);
const read = (name: string) => readFile(path.join(cwd, name));
const splitLines = (text: string) => text.trimEnd().split('\n');

describe('upload of several files', () => {
  it('gives each id with its name, and each failure its line', async () => {
    await put('a.txt', 'a');
    await put('c\x1b[2J.txt', 'c');
    const { code, stdout, stderr } = await fdfs(['upload', 'a.txt', 'missing', 'c\x1b[2J.txt']);
    expect(code).toBe(1);
    const [a, missing, c] = splitLines(stdout).map((line) => line.split('\t'));
    expect(a).toEqual([expect.stringMatching(/^group\d\/M00\//), 'a.txt']);
    expect(missing).toEqual(['-', 'missing']);
    expect(c).toEqual([expect.stringMatching(/^group\d\/M00\//), 'c\\x1b[2J.txt']);
    expect(stderr).toBe('fdfs: missing: no such file or directory\n');
    // The lines are what rm reads.
    expect(await fdfs(['rm', '-', '--json'], { input: stdout })).toMatchObject({ code: 0 });
    expect(server.fdfs.files()).toEqual([]);
  });

  it('needs - for standard input', async () => {
    for (const args of [['upload'], ['upload', ''], ['append', 'x'], ['append', 'x', '']]) {
      const { code, stdout } = await fdfs(args, { input: 'x' });
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
    }
    expect(server.fdfs.files()).toEqual([]);
  });

  it('does not lose ids when they cannot be printed', async () => {
    await put('a.txt', 'a');
    const full = await runShell('fdfs upload a.txt > /dev/full', { env: server.env, cwd });
    expect(full.stderr).toMatch(/not printed: group\d\/M00\/\S+\.txt\n/);
    expect(full.stderr).toMatch(/no space left on device/);
    const closed = await runShell('fdfs upload a.txt a.txt | true', {
      env: server.env,
      cwd,
    });
    for (const { fileId } of server.fdfs.files()) expect(full.stderr + closed.stderr).toContain(fileId);
    expect(server.fdfs.files().length).toBeGreaterThan(1);
  });
});

describe('folders', () => {
  it('go up with a manifest, once, and come back as they were', async () => {
    await mkdir(path.join(cwd, 'in/deep/empty'), { recursive: true });
    await put('in/a.txt', 'hello');
    await put('in/deep/b c.bin', content);
    await put('in/deep/none', '');
    await symlink('a.txt', path.join(cwd, 'in/link.txt'));
    await symlink('.', path.join(cwd, 'in/loop'));
    const up = await fdfs(['upload', '-r', 'in', '--manifest', 'ids.jsonl', '--meta', 'from=in']);
    expect({ code: up.code, stderr: up.stderr }).toEqual({ code: 0, stderr: '' });
    const names = splitLines(up.stdout).map((line) => line.split('\t')[1]);
    expect(names).toEqual(['a.txt', 'deep/b c.bin', 'deep/none', 'link.txt']);
    const entries = splitLines((await read('ids.jsonl')).toString()).map((line) => JSON.parse(line));
    expect(entries.map(({ path: name }) => name).sort()).toEqual([...names].sort());
    expect(await client.getMetadata(entries[0].fileId)).toEqual({ from: 'in' });

    const again = await fdfs(['upload', '-r', 'in', '--manifest', 'ids.jsonl']);
    expect(again).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^fdfs: 4 unchanged files/),
    });
    await put('in/a.txt', 'changed');
    // A line that a killed run did not finish does not stop the next one.
    await writeFile(path.join(cwd, 'ids.jsonl'), '{"path":"half', { flag: 'a' });
    const changed = await fdfs(['upload', '-r', 'in', '--manifest', 'ids.jsonl', '--quiet']);
    expect(splitLines(changed.stdout).map((line) => line.split('\t')[1])).toEqual(['a.txt', 'link.txt']);
  });

  it('come back from a manifest, with the paths that it has, and no others', async () => {
    await mkdir(path.join(cwd, 'in/deep'), { recursive: true });
    await put('in/a.txt', 'hello');
    await put('in/deep/b.bin', content);
    await fdfs(['upload', '-r', 'in', '--manifest', 'ids.jsonl']);
    const down = await fdfs(['download', '--manifest', 'ids.jsonl', 'out']);
    expect({ code: down.code, stderr: down.stderr }).toEqual({ code: 0, stderr: '' });
    expect((await read('out/a.txt')).toString()).toBe('hello');
    expect((await read('out/deep/b.bin')).equals(content)).toBe(true);
    const { fileId } = JSON.parse(splitLines((await read('ids.jsonl')).toString())[0]!);
    const evil = ['../evil', '/tmp/evil', 'a/../../evil', '', 'a\\b', './a'];
    await put('evil.jsonl', evil.map((name) => `${JSON.stringify({ path: name, fileId })}\n`).join(''));
    const refused = await fdfs(['download', '--manifest', 'evil.jsonl', 'out']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(splitLines(refused.stderr)).toEqual(
      evil.map(() => expect.stringContaining('not one within a folder')),
    );
    expect(await readdir(path.dirname(cwd))).not.toContain('evil');
    await put('bad.jsonl', 'not json\n{}\n');
    expect(await fdfs(['download', '--manifest', 'bad.jsonl'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bad.jsonl:1'),
    });
  });
});

describe('downloads', () => {
  it('take several ids, as URLs too, into a folder, and go on after one that fails', async () => {
    const [one, two] = await Promise.all([
      client.upload('one', { ext: 'txt' }),
      client.upload('two', { ext: 'txt' }),
    ]);
    await mkdir(path.join(cwd, 'to'));
    const none = one.fileId.replace(/.{7}\.txt$/, '0000000.txt');
    const args = [`https://img.example.com/files/${one.fileId}?token=x&ts=1`, none, `/${two.fileId}`, 'to'];
    const { code, stdout, stderr } = await fdfs(['download', ...args]);
    expect(code).toBe(3);
    expect(splitLines(stdout)).toEqual([one, two].map(({ fileId }) => `to/${path.basename(fileId)}`));
    expect(splitLines(stderr)).toHaveLength(1);
    expect((await read(`to/${path.basename(two.fileId)}`)).toString()).toBe('two');
    expect(await fdfs(['download', one.fileId, two.fileId, 'nowhere'])).toMatchObject({
      code: 2,
      stdout: '',
    });
    expect((await fdfs(['stat', `/${one.fileId}`, '--json'])).stdout).toContain(`"fileId":"${one.fileId}"`);
  });

  it('go on where an earlier one stopped', async () => {
    const { fileId } = await client.upload(content);
    const args = ['download', fileId, 'big', '--continue'];
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', phase: 'reply', afterBytes: 1_000_000, action: 'stall' });
    const child = startFdfs(args, { env: server.env, cwd });
    const partial = async () => {
      const [name] = await readdir(cwd);
      return name === undefined ? 0 : (await stat(path.join(cwd, name))).size;
    };
    try {
      await expect.poll(partial, { timeout: 20_000 }).toBeGreaterThan(500_000);
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    expect(await readdir(cwd)).toEqual([expect.stringMatching(/^\.fdfs-.*\.part$/)]);
    expect(await fdfs(args)).toMatchObject({ code: 0, stdout: 'big\n', stderr: '' });
    expect((await read('big')).equals(content)).toBe(true);
    expect(await readdir(cwd)).toEqual(['big']);
  });

  it('begin again when what was there is of another file, and leave a whole file alone', async () => {
    const { fileId } = await client.upload(content);
    expect((await fdfs(['download', fileId, 'big', '-c'])).code).toBe(0);
    const asked = server.fdfs.requests('DOWNLOAD_FILE');
    expect(await fdfs(['download', fileId, 'big', '-c'])).toMatchObject({ code: 0, stdout: 'big\n' });
    expect(server.fdfs.requests('DOWNLOAD_FILE')).toBe(asked);
    await put('big', bytes(3_000_000).fill(1));
    expect((await fdfs(['download', fileId, 'big', '-c'])).code).toBe(0);
    expect((await read('big')).equals(content)).toBe(true);
    expect(await readdir(cwd)).toEqual(['big']);
  });

  it('take the name that was kept, and never the place of another file', async () => {
    await put('报告 1.txt', 'report');
    const up = await fdfs(['upload', '报告 1.txt', '--keep-filename']);
    const fileId = up.stdout.trim();
    await mkdir(path.join(cwd, 'to'));
    expect(await fdfs(['download', fileId, 'to', '--keep-filename'])).toMatchObject({
      code: 0,
      stdout: 'to/报告 1.txt\n',
    });
    expect(await fdfs(['download', fileId, 'to', '--keep-filename'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('exists already'),
    });
    const evil = await client.upload('x', { metadata: { filename: '../../evil\x07.sh' } });
    expect(await fdfs(['download', evil.fileId, 'to', '--keep-filename'])).toMatchObject({
      code: 0,
      stdout: 'to/evil_.sh\n',
    });
    const dots = await client.upload('x', { metadata: { filename: '..' } });
    expect((await fdfs(['download', dots.fileId, 'to', '--keep-filename'])).stdout).toBe(
      `to/${path.basename(dots.fileId)}\n`,
    );
  });
});

describe('further commands', () => {
  it('store slaves, find storages, copy, and compare', async () => {
    await put('thumb.png', 'small');
    const { fileId } = await client.upload(content, { ext: 'png', metadata: { w: '1' } });
    const slave = (await fdfs(['upload-slave', fileId, '_s', 'thumb.png'])).stdout.trim();
    expect(slave).toBe(fileId.replace('.png', '_s.png'));
    const located = splitLines((await fdfs(['locate', fileId])).stdout);
    expect(located).toEqual((await client.locate(fileId)).map(({ host, port }) => `${host}:${port}`));
    const copied = (await fdfs(['copy', fileId, '--group', 'group2'])).stdout.trim();
    expect(copied).toMatch(/^group2\/.*\.png$/);
    expect(await client.getMetadata(copied)).toEqual({ w: '1' });
    await put('same', content);
    await put('longer', Buffer.concat([content, Buffer.from('x')]));
    await put('other', Buffer.concat([content.subarray(0, 2_000_000), Buffer.alloc(1_000_000)]));
    expect(await fdfs(['verify', copied, 'same'])).toMatchObject({ code: 0, stdout: 'same: same\n' });
    expect(await fdfs(['verify', copied, 'longer'])).toMatchObject({
      code: 1,
      stdout: 'differs from byte 3000000 on: longer\n',
    });
    const other = await fdfs(['verify', copied, 'other', '--json']);
    expect(JSON.parse(other.stdout)).toMatchObject({ same: false, differsAt: expect.any(Number) });
    expect(JSON.parse(other.stdout).differsAt).toBeGreaterThanOrEqual(2_000_000);
  });

  it('modify and finalize appender files', async () => {
    const { fileId } = await client.upload('hello world', { appender: true });
    expect(await fdfs(['modify', fileId, '6', '-'], { input: 'there, all' })).toMatchObject({
      code: 0,
      stderr: '',
    });
    const finalized = (await fdfs(['finalize', fileId])).stdout.trim();
    expect(finalized).not.toBe(fileId);
    expect((await fdfs(['download', finalized, '-'])).stdout).toBe('hello there, all');
    expect((await fdfs(['modify', finalized, 'x', '-'], { input: '' })).code).toBe(2);
  });
});
