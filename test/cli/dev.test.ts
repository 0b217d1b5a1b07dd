/** `fdfs dev`: starts, serves, ends cleanly, and finds its files again. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../src/index.js';
import { findFreePort } from '../helpers/free-port.js';
import { firstLine, readOutcome, runFdfs, startFdfs } from './harness.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'cli-dev-'));
});
afterAll(() => rm(directory, { recursive: true }));

interface Ready {
  trackers: string[];
  conf: string;
  directory: string;
  http?: string;
}

async function startDev(...args: string[]) {
  const child = startFdfs(['dev', '--json', ...args]);
  const ready: Ready = JSON.parse(await firstLine(child));
  return {
    ready,
    async stop(signal: NodeJS.Signals) {
      child.kill(signal);
      return await readOutcome(child);
    },
  };
}

it('prints one line when it is ready', async () => {
  const child = startFdfs(['dev', '--group', 'a=2', '--group', 'b', '--trackers', '2']);
  const line = await firstLine(child);
  const [, trackers, conf] =
    /^FastDFS \(for development\) is ready: trackers (\S+) conf (\S+)$/.exec(line) ?? [];
  expect(trackers?.split(',')).toHaveLength(2);
  const groups = await runFdfs(['groups', '--json'], { env: { FDFS_CONF: conf! } });
  expect(JSON.parse(groups.stdout)).toMatchObject([
    { name: 'a', storageCount: 2 },
    { name: 'b', storageCount: 1 },
  ]);
  child.kill('SIGINT');
  expect(await readOutcome(child)).toMatchObject({ code: 0, stderr: '' });
  await expect(stat(path.dirname(conf!))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('finds its files again at the next start', async () => {
  const dir = path.join(directory, 'kept');
  const port = String(await findFreePort());
  const first = await startDev('--dir', dir, '--port', port);
  expect(first.ready.trackers).toEqual([`127.0.0.1:${port}`]);
  expect(first.ready.conf).toBe(path.join(dir, 'client.conf'));
  const conf = ['--conf', first.ready.conf];
  const { stdout } = await runFdfs([...conf, 'upload', '-', '--meta', 'a=1'], { input: 'still here' });
  const fileId = stdout.trim();
  expect(await first.stop('SIGTERM')).toMatchObject({ code: 0, stderr: '' });

  const second = await startDev('--dir', dir, '--port', port);
  expect((await runFdfs([...conf, 'download', fileId, '-'])).stdout).toBe('still here');
  expect((await runFdfs([...conf, 'meta', 'get', fileId])).stdout).toBe('a=1\n');
  expect((await second.stop('SIGINT')).code).toBe(0);
});

it('serves the files over HTTP', async () => {
  const { ready, stop } = await startDev('--http', '0');
  await using client = createClient(ready.conf);
  const { fileId } = await client.upload('over http', { ext: 'txt' });
  const response = await fetch(`${ready.http}/${fileId}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect(await response.text()).toBe('over http');
  expect((await fetch(`${ready.http}/${fileId.replace(/.{5}\.txt/, 'AAAAA.txt')}`)).status).toBe(404);
  expect((await stop('SIGTERM')).code).toBe(0);
});

it('names a port that is taken, and what else it cannot do', async () => {
  const { ready, stop } = await startDev();
  const port = ready.trackers[0]!.split(':')[1]!;
  for (const option of ['--port', '--http']) {
    const taken = await runFdfs(['dev', option, port]);
    expect(taken).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`port ${port} of 127.0.0.1`),
    });
  }
  await stop('SIGTERM');
  for (const args of [
    ['--group', 'g=0'],
    ['--group', 'no group=1'],
    ['--trackers', '99'],
    ['--port', '70000'],
  ]) {
    expect(await runFdfs(['dev', ...args])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^fdfs: /),
    });
  }
});

it("leaves somebody else's client.conf alone", async () => {
  const conf = path.join(directory, 'client.conf');
  await writeFile(conf, 'tracker_server = 192.0.2.1\n');
  const { code, stderr } = await runFdfs(['dev', '--dir', directory]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('choose another --dir') });
  expect(await readFile(conf, 'utf8')).toBe('tracker_server = 192.0.2.1\n');
});

it('takes over a tracker.conf and a storage.conf, and flags before them', async () => {
  const tracker = path.join(directory, 'tracker.conf');
  const storage = path.join(directory, 'storage.conf');
  await writeFile(
    tracker,
    '# sample\nstore_lookup = 1\nstore_group = b\nstore_server=1\nuse_trunk_file = true\nreserved_storage_space = 10MB\n',
  );
  await writeFile(storage, '[x]\nstore_path_count = 2\nupload_priority = 7\n');
  const args = ['--like', tracker, '--like', storage, '--group', 'a=1', '--group', 'b=2'];
  const { ready, stop } = await startDev(
    ...args,
    '--capacity',
    '50M',
    '--sync-delay',
    '10',
    '--download-server',
    '1',
  );
  await using client = createClient(ready.conf);
  for (const storePath of ['M00', 'M01']) {
    const { fileId } = await client.upload('small');
    expect(fileId).toMatch(new RegExp(`^b/${storePath}/.{56}$`)); // a trunk file: 60 characters
  }
  const [record] = JSON.parse((await runFdfs(['--conf', ready.conf, 'storages', 'b', '--json'])).stdout);
  expect(record).toMatchObject({ uploadPriority: 7, storePathCount: 2 });
  expect((await stop('SIGTERM')).code).toBe(0);
  expect(await runFdfs(['dev', '--like', path.join(directory, 'none.conf')])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('cannot read'),
  });
  expect((await runFdfs(['dev', '--store-lookup', '7'])).code).toBe(2);
});
