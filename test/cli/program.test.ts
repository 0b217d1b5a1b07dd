/** What all commands share: which cluster is meant, help, errors, exit codes, JSON. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseCluster, chooseMapping } from '../../src/cli/cluster-choice.js';
import { resolveOptions } from '../../src/core/config/client-options.js';
import { type CliServer, cliServer, runFdfs } from './harness.js';

let directory: string;
let one: CliServer;
let two: CliServer;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'cli-'));
  one = await cliServer({ groups: { one: 1 } });
  two = await cliServer({ groups: { two: 1 } });
});
afterAll(async () => {
  await one.fdfs.stop();
  await two.fdfs.stop();
  await rm(directory, { recursive: true });
});

async function confPath({ fdfs }: CliServer, name: string, ...more: string[]): Promise<string> {
  const file = path.join(directory, name);
  await writeFile(file, [`tracker_server = ${fdfs.trackers[0]}`, ...more, ''].join('\n'));
  return file;
}

async function groupSeen(args: string[], env: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await runFdfs([...args, 'groups', '--json'], { env });
  expect(stderr).toBe('');
  return JSON.parse(stdout)[0].name;
}

describe('the cluster', () => {
  it('is the first one that is named: option, FDFS_CONF, FDFS_TRACKERS', async () => {
    const ofOne = await confPath(one, 'one.conf');
    const ofTwo = await confPath(two, 'two.conf');
    const [tracker] = one.fdfs.trackers;
    expect(await groupSeen(['--conf', ofOne], { FDFS_CONF: ofTwo, ...two.env })).toBe('one');
    expect(await groupSeen(['--tracker', tracker!], { FDFS_CONF: ofTwo, ...two.env })).toBe('one');
    expect(await groupSeen([], { FDFS_CONF: ofOne, ...two.env })).toBe('one');
    expect(await groupSeen([], { FDFS_CONF: '', ...two.env })).toBe('two');
  });

  it('is otherwise the one of the usual file, if there is one', async () => {
    const usual = await confPath(one, 'usual.conf');
    expect(chooseCluster({}, {}, usual)).toEqual({ conf: usual });
    expect(chooseCluster({}, { FDFS_TRACKERS: 'a,b' }, usual)).toEqual({ trackers: 'a,b' });
    expect(() => chooseCluster({}, {}, path.join(directory, 'missing'))).toThrow(
      /--conf or --tracker.*fdfs dev/,
    );
  });

  it('may have trackers of two addresses each', () => {
    const env = { FDFS_TRACKERS: 'a:1, [10.0.0.1,192.0.2.1]:22122 ,[::1]:22122,' };
    const { trackers } = resolveOptions(chooseCluster({}, env) as { trackers: string });
    expect(trackers.map((addresses) => addresses.map(({ host, port }) => `${host} ${port}`))).toEqual([
      ['a 1'],
      ['10.0.0.1 22122', '192.0.2.1 22122'],
      ['::1 22122'],
    ]);
    expect(chooseCluster({ tracker: ['a', 'b'] }, env)).toEqual({ trackers: ['a', 'b'] });
  });

  it('cannot be named in two ways at once, or by a file that is not there', async () => {
    const both = await runFdfs(['groups', '--conf', 'x', '--tracker', 'y']);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be used with') });
    const missing = await runFdfs(['groups', '--conf', 'missing.conf'], { cwd: directory });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/^fdfs: .*missing\.conf.*\n$/) });
  });

  it('has its warnings shown when asked for, and mistakes always', async () => {
    const conf = await confPath(one, 'warned.conf', 'no_such_key = 1');
    expect(await runFdfs(['--conf', conf, 'health'])).toMatchObject({ code: 0, stderr: '' });
    const { stderr } = await runFdfs(['--conf', conf, 'health', '--verbose']);
    expect(stderr).toMatch(/^fdfs: warning: .*warned\.conf:2: unknown key "no_such_key" is ignored\n$/);
    const misspelt = await confPath(one, 'misspelt.conf', 'network_timeuot = 1');
    const seen = await runFdfs(['--conf', misspelt, 'health']);
    expect(seen.stderr).toMatch(/^fdfs: warning: .*misspelt\.conf:2: .*did you mean network_timeout\?\n$/);
    expect((await runFdfs(['--conf', misspelt, 'health', '--quiet'])).stderr).toBe('');
  });
});

describe('address mapping', () => {
  it('comes from options, else from FDFS_MAP', () => {
    const env = { FDFS_MAP: '10.0.0.1=a:1, [fd00::1]:2=b,' };
    expect(chooseMapping({}, env)).toEqual({ '10.0.0.1': 'a:1', '[fd00::1]:2': 'b' });
    expect(chooseMapping({ map: ['10.0.0.2 = c'] }, env)).toEqual({ '10.0.0.2': 'c' });
    expect(chooseMapping({}, {})).toBeUndefined();
    expect(chooseMapping({}, { FDFS_MAP: '' })).toBeUndefined();
    expect(() => chooseMapping({ map: ['10.0.0.2'] }, {})).toThrow(/announced=reachable/);
  });

  it('leads to the addresses that it names', async () => {
    const { id, port } = JSON.parse((await runFdfs(['storages', '--json'], { env: one.env })).stdout)[0];
    expect(id).toBeDefined();
    const wrong = await runFdfs(['upload', '-', '--map', `127.0.0.1:${port}=127.0.0.1:1`], {
      env: one.env,
      input: 'x',
    });
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain('127.0.0.1:1');
    const right = await runFdfs(['upload', '-'], {
      env: { ...one.env, FDFS_MAP: `127.0.0.1:${port}=localhost` },
      input: 'x',
    });
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(await runFdfs(['groups', '--map', 'x'], { env: one.env })).toMatchObject({ code: 2 });
    expect(await runFdfs(['groups', '--map', 'x=y:0'], { env: one.env })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/mapAddress.*y:0/),
    });
  });
});

describe('help', () => {
  it('names commands, configuration and exit codes', async () => {
    const { code, stdout, stderr } = await runFdfs(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const text of ['upload', 'monitor', 'dev', 'FDFS_CONF', '/etc/fdfs/client.conf', 'Exit codes:']) {
      expect(stdout).toContain(text);
    }
    const upload = await runFdfs(['upload', '--help']);
    expect(upload.stdout).toContain('--appender');
    expect(upload.stdout).toContain('--tracker');
    expect((await runFdfs(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('is what one gets without a command', async () => {
    expect(await runFdfs([])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Usage: fdfs/),
    });
  });
});

describe('errors', () => {
  it('of the command line are one line, with what was meant', async () => {
    const unknown = await runFdfs(['uplod']);
    expect(unknown).toMatchObject({
      code: 2,
      stderr: "fdfs: unknown command 'uplod' (did you mean upload?)\n",
    });
    for (const [name, meant] of Object.entries({
      put: 'upload',
      get: 'download',
      delete: 'rm',
      info: 'stat',
    })) {
      expect((await runFdfs([name, 'x'])).stderr).toBe(
        `fdfs: unknown command '${name}' (did you mean ${meant}?)\n`,
      );
    }
    const option = await runFdfs(['stat', 'x', '--servr']);
    expect(option).toMatchObject({
      code: 2,
      stderr: "fdfs: unknown option '--servr' (did you mean --server?)\n",
    });
    const missing = await runFdfs(['stat', '--json']);
    expect(missing).toMatchObject({
      code: 2,
      stderr: "fdfs: missing required argument 'fileIds' (see --help)\n",
    });
    expect(JSON.parse(missing.stdout)).toEqual({
      error: { code: 'USAGE', message: "missing required argument 'fileIds'", exitCode: 2 },
    });
  });

  it('of a cluster that is not there have a code of their own', async () => {
    const { code, stdout, stderr } = await runFdfs(['groups', '--tracker', '127.0.0.1:1', '--json']);
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: 'fdfs: Cannot connect to 127.0.0.1:1 (ECONNREFUSED)\n',
    });
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'FASTDFS_CONNECT_FAILED', address: '127.0.0.1:1', exitCode: 4 },
    });
  });

  it('show their stack when asked', async () => {
    const { stderr } = await runFdfs(['groups', '--tracker', '127.0.0.1:1', '--verbose']);
    expect(stderr).toMatch(/^fdfs: Cannot connect.*\nNetworkError: .*\n {4}at /);
    expect(stderr).toContain('[cause]');
  });
});
