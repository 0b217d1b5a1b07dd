/** The commands on the cluster, as a process each: tables, JSON, verdicts and what an operator changes. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CliServer, cliServer, firstLine, readOutcome, runFdfs, startFdfs } from './harness.js';

let server: CliServer;

beforeAll(async () => {
  server = await cliServer({ groups: { group1: 2, group2: 1 }, trackers: 2, trunk: true });
});
afterEach(async () => {
  for (const index of [0, 1]) await server.fdfs.startStorage('group1', index);
});
afterAll(() => server.fdfs.stop());

const fdfs = (...args: string[]) => runFdfs(args, { env: server.env });

describe('groups and storages', () => {
  it('are listed as aligned tables', async () => {
    const groups = await fdfs('groups');
    expect(groups).toMatchObject({ code: 0, stderr: '' });
    const lines = groups.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^GROUP +STORAGES +READABLE +WRITABLE +FREE +TOTAL +USED/);
    expect(lines.slice(1).map((line) => line.split(/ +/)[0])).toEqual(['group1', 'group2']);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);

    const storages = await fdfs('storages');
    expect(storages.stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(storages.stdout).toContain(server.fdfs.storageAddress('group1', 1));
  });

  it('are printed whole as JSON', async () => {
    const groups = JSON.parse((await fdfs('groups', '--json')).stdout);
    expect(groups).toMatchObject([
      { name: 'group1', storageCount: 2 },
      { name: 'group2', storageCount: 1 },
    ]);
    const storages = JSON.parse((await fdfs('storages', 'group1', '--json')).stdout);
    expect(storages).toMatchObject([
      { group: 'group1', status: 'ACTIVE', operations: { upload: { total: expect.any(Number) } } },
      { group: 'group1', joinedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
  });

  it('that do not exist are not found', async () => {
    const { code, stdout, stderr } = await fdfs('storages', 'group9', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FASTDFS_NOT_FOUND', exitCode: 3 } });
    expect(stderr).toMatch(/^fdfs: LIST_STORAGE was refused .*no such group.*\n$/);
  });
});

describe('health', () => {
  it('has an exit code for each verdict', async () => {
    expect(await fdfs('health')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The cluster is ok /),
    });
    await server.fdfs.stopStorage('group1', 1);
    const degraded = await fdfs('health', '--json');
    expect(degraded.code).toBe(1);
    expect(JSON.parse(degraded.stdout)).toMatchObject({ verdict: 'degraded', reasons: [expect.any(String)] });
    const down = await runFdfs(['health', '--tracker', '127.0.0.1:1']);
    expect(down.code).toBe(2);
    expect(down.stdout).toMatch(/^The cluster is down .*\n {2}- tracker 127.0.0.1:1 cannot be reached/);
  });
});

describe('monitor', () => {
  it('shows trackers, groups and storages', async () => {
    const { code, stdout } = await fdfs('monitor');
    expect(code).toBe(0);
    const tables = stdout.split('\n\n');
    expect(tables.map((table) => table.split(' ')[0])).toEqual(['The', 'TRACKER', 'GROUP', 'GROUP']);
    for (const tracker of server.fdfs.trackers) expect(stdout).toContain(tracker);
    const document = JSON.parse((await fdfs('monitor', '--json')).stdout);
    expect(document).toMatchObject({ verdict: 'ok', groups: [{ storages: [{}, {}] }, { storages: [{}] }] });
  });

  it('shows what cannot be reached', async () => {
    const { code, stdout } = await runFdfs(['monitor', '--tracker', '127.0.0.1:1', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'down',
      trackers: [
        { reachable: false, error: { code: 'FASTDFS_CONNECT_FAILED', message: expect.any(String) } },
      ],
    });
  });

  it('watches until Ctrl-C, a document on each line', async () => {
    const child = startFdfs(['monitor', '--interval', '0.05', '--json'], { env: server.env });
    for (let look = 0; look < 2; look++) {
      expect(JSON.parse(await firstLine(child))).toMatchObject({ verdict: 'ok' });
    }
    child.kill('SIGINT');
    expect(await readOutcome(child)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('admin', () => {
  it('changes nothing without a yes', async () => {
    for (const args of [
      ['delete-group', 'group2'],
      ['delete-storage', 'group1', '100002'],
      ['set-trunk', 'group2'],
    ]) {
      const { code, stderr } = await fdfs('admin', ...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^fdfs: there is no terminal to ask on; pass --yes to .*\n$/);
    }
  });

  it('reports what the servers refuse', async () => {
    const group = await fdfs('admin', 'delete-group', 'group2', '--yes');
    expect(group).toMatchObject({ code: 1, stderr: expect.stringContaining('status 16') });
    const storage = await fdfs('admin', 'delete-storage', 'group1', '100009', '-y');
    expect(storage.code).toBe(3);
    const active = await fdfs('admin', 'delete-storage', 'group2', '100003', '-y');
    expect(active).toMatchObject({ code: 1, stderr: expect.stringContaining('stop it first') });
  });

  it('sets the trunk server and removes a stopped storage', async () => {
    const storages = JSON.parse((await fdfs('storages', 'group1', '--json')).stdout);
    const trunk = storages.find((storage: { trunkServer: boolean }) => storage.trunkServer)?.id;
    const again = await fdfs('admin', 'set-trunk', 'group1', trunk, '--yes');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('status 114') });

    const spare = await cliServer({ groups: { group1: 2 } });
    try {
      await spare.fdfs.stopStorage('group1', 1);
      const { code, stdout } = await runFdfs(
        ['admin', 'delete-storage', 'group1', '100002', '--yes', '--json'],
        {
          env: spare.env,
        },
      );
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ group: 'group1', storageId: '100002', deleted: true });
    } finally {
      await spare.fdfs.stop();
    }
  });
});
