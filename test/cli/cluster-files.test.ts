/** `fdfs ls`, `verify`, `orphans`, `prune` and `mirror` as processes: lines, JSON, exit codes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type FastDFSClient } from '../../src/index.js';
import { type CliServer, cliServer, runFdfs } from './harness.js';

let server: CliServer;
let client: FastDFSClient;
let folder: string;
let known: string[];

beforeAll(async () => {
  server = await cliServer({ groups: { group1: 2 }, binlogFlushMs: 0 });
  client = createClient({ trackers: server.fdfs.trackers });
  folder = await mkdtemp(join(tmpdir(), 'cli-files-'));
  const { fileId } = await client.upload(Buffer.from('one'), { ext: 'txt', metadata: { a: '1' } });
  const slave = await client.uploadSlave(fileId, '_small', Buffer.from('small'), { ext: 'jpg' });
  const other = await client.upload(Buffer.from('another'), { ext: 'bin' });
  known = [fileId, slave.fileId, other.fileId].sort();
  while (lines((await fdfs('ls', '--storage', '100002')).stdout).length < 3);
}, 60_000);
afterAll(async () => {
  await client.close();
  await server.fdfs.stop();
  await rm(folder, { recursive: true, force: true });
});

const fdfs = (...args: string[]) => runFdfs(args, { env: server.env });
const lines = (text: string) => text.trim().split('\n').filter(Boolean).sort();

describe('all files', { timeout: 60_000 }, () => {
  it('are listed as ids, with details, as JSON, and summed up', async () => {
    expect(lines((await fdfs('ls')).stdout)).toEqual(known);
    const long = (await fdfs('ls', 'group1', '--long', '--ext', 'txt')).stdout;
    expect(long).toMatch(/^normal {3}m +3 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}group1\/M00\S+\.txt\n$/);
    const files = lines((await fdfs('ls', '--json')).stdout).map((line) => JSON.parse(line));
    expect(files.map(({ fileId }) => fileId).sort()).toEqual(known);
    expect(files.find(({ kind }) => kind === 'slave')).toMatchObject({
      slaveOf: expect.stringMatching(/txt$/),
    });
    expect((await fdfs('ls', '--count')).stdout).toBe('3\n');
    expect((await fdfs('ls', '--count', '--older-than', '1h')).stdout).toBe('0\n');
    expect((await fdfs('ls', '--du')).stdout).toMatch(/group1 +M00 +normal +2 +10 B/);
  });

  it('of a group that there is not are exit code 3; a wrong age is 2', async () => {
    expect((await fdfs('ls', 'group9')).code).toBe(3);
    expect((await fdfs('ls', '--older-than', 'soon')).code).toBe(2);
  });

  it('are verified; exit code 1 when something is wrong', async () => {
    const right = await fdfs('verify', '--json');
    expect(right).toMatchObject({ code: 0 });
    expect(JSON.parse(right.stdout)).toMatchObject({ summary: { files: 3, copies: 6, complete: true } });
    const list = join(folder, 'lost.txt');
    await writeFile(list, `${known[0]!.replace(/.{4}(?=\d*\.\w+$)/, 'AAAA')}\n`);
    const wrong = await fdfs('verify', '--files', list);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/^missing {2}group1\/M00.*no storage has the file\n/);
  });

  it('are compared with a list; exit code 1 when they differ', async () => {
    const list = join(folder, 'known.txt');
    await writeFile(list, known.join('\n'));
    expect(await fdfs('orphans', '--known', list)).toMatchObject({ code: 0, stdout: '' });
    const [first, ...rest] = known.filter((fileId) => !fileId.includes('_small'));
    await writeFile(list, `${rest.join('\n')}\n`);
    const differ = await fdfs('orphans', '--known', list, '--ext', first!.slice(-3));
    expect(differ).toMatchObject({ code: 1, stdout: `orphan  ${first}\n` });
  });

  it('are mirrored; the same command again copies nothing', async () => {
    const args = ['mirror', join(folder, 'copy'), '--map', join(folder, 'ids.jsonl'), '--json'];
    const first = await fdfs(...args);
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout).summary).toMatchObject({ copied: 3, failures: 0 });
    for (const fileId of known) {
      expect(await readFile(join(folder, 'copy', fileId))).toEqual(await client.download(fileId));
    }
    expect(JSON.parse((await fdfs(...args)).stdout).summary).toMatchObject({ copied: 0, skipped: 3 });
    expect((await fdfs('mirror', '--map', 'x')).code).toBe(2);
  });

  it('are pruned only with --yes', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const dry = await fdfs('prune', '--older-than', '1s', '--ext', 'txt');
    expect(lines(dry.stdout)).toEqual(known.filter((fileId) => !fileId.endsWith('.bin')));
    expect(dry.stderr).toMatch(/2 files, .* would be removed/);
    const removed = await fdfs('prune', '--older-than', '1s', '--ext', 'txt', '--yes');
    expect(removed.stdout).toBe(dry.stdout);
    await expect
      .poll(async () => lines((await fdfs('ls')).stdout), { timeout: 20_000 })
      .toEqual(known.filter((fileId) => fileId.endsWith('.bin')));
    expect((await fdfs('prune')).code).toBe(2);
  });
});
