/**
 * The official command line tools against the embedded servers, with nothing but a client.conf. They block, so each
 * runs as a child process while the servers live in this one.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS, type EmbeddedOptions } from '../../src/embedded/index.js';
import { findOnPath } from '../helpers/find-on-path.js';

const run = promisify(execFile);
const TOOLS = [
  'fdfs_upload_file',
  'fdfs_upload_appender',
  'fdfs_append_file',
  'fdfs_regenerate_filename',
  'fdfs_download_file',
  'fdfs_file_info',
  'fdfs_delete_file',
  'fdfs_test',
  'fdfs_test1',
  'fdfs_appender_test',
  'fdfs_appender_test1',
  'fdfs_monitor',
];
const installed = TOOLS.every((tool) => findOnPath(tool) !== undefined);

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

type Mode = [title: string, options: EmbeddedOptions & { groups: Record<string, number> }, extra: string];

const MODES: Mode[] = [
  ['storages with ids', { groups: { group1: 2, group2: 1 }, trackers: 2 }, ''],
  ['one storage without id', { groups: { group1: 1 } }, ''],
  [
    'storages without ids',
    {
      groups: { group1: 2, group2: 1 },
      storageHosts: { group1: ['127.0.0.2', '127.0.0.3'], group2: ['127.0.0.4'] },
    },
    '',
  ],
  ['ids loaded from the tracker', { groups: { group1: 2 } }, 'load_fdfs_parameters_from_tracker = true\n'],
  ['wide addresses', { groups: { group1: 2 }, addressBytes: 46 }, ''],
  ...(hasIPv6 ? ([['IPv6', { groups: { group1: 2 }, host: '::1' }, '']] satisfies Mode[]) : []),
  ['trunk mode', { groups: { group1: 2 }, trunk: true }, ''],
  ['trunk mode without ids', { groups: { group1: 1 }, trunk: true, storageIds: false }, ''],
];

describe.skipIf(!installed).each(MODES)('official tools: %s', (_title, options, extra) => {
  let fdfs: EmbeddedFastDFS;
  let directory: string;
  let conf: string;
  let small: string;
  let large: string;
  const content = Buffer.alloc(3_000_000, 'abc');

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start(options);
    directory = await mkdtemp(join(tmpdir(), 'c-tools-'));
    conf = join(directory, 'client.conf');
    small = join(directory, 'small.txt');
    large = join(directory, 'large.bin');
    const trackers = fdfs.trackers.map((tracker) => `tracker_server = ${tracker}\n`).join('');
    await writeFile(
      conf,
      `base_path = ${directory}\nconnect_timeout = 5\nnetwork_timeout = 10\n${extra}${trackers}`,
    );
    await writeFile(small, 'hello world');
    await writeFile(large, content);
  });

  afterAll(async () => {
    await fdfs?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Addresses of the storages of its group. */
  function hostsOf(fileId: string): string[] {
    const group = fileId.slice(0, fileId.indexOf('/'));
    return Array.from({ length: options.groups[group]! }, (_, index) =>
      fdfs.storageAddress(group, index).replace(/:\d+$/, '').replace(/[[\]]/g, ''),
    );
  }

  async function tool(name: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(name, [conf, ...args], { timeout: 20_000 });
    return stdout.trim();
  }

  it('uploads, downloads, describes and deletes', async () => {
    for (const [path, expected] of [
      [small, Buffer.from('hello world')],
      [large, content],
    ] as const) {
      const fileId = await tool('fdfs_upload_file', path);
      expect(fdfs.files().map((file) => file.fileId)).toEqual([fileId]);
      const copy = join(directory, 'copy');
      await tool('fdfs_download_file', fileId, copy);
      expect((await readFile(copy)).equals(expected)).toBe(true);
      const info = await tool('fdfs_file_info', fileId);
      expect(info).toContain('file type: normal');
      expect(hostsOf(fileId)).toContain(/source ip address: (\S+)/.exec(info)?.[1]);
      expect(info).toContain(`file size: ${expected.length}`);
      expect(info).toContain(`(0x${crc32(expected).toString(16).padStart(8, '0')})`);
      await tool('fdfs_delete_file', fileId);
      expect(fdfs.files()).toEqual([]);
    }
  });

  it('appends and regenerates', async () => {
    const appender = await tool('fdfs_upload_appender', small);
    await tool('fdfs_append_file', appender, large);
    const info = await tool('fdfs_file_info', appender);
    expect(info).toContain('file type: appender');
    expect(info).toContain(`file size: ${11 + content.length}`);
    const fileId = await tool('fdfs_regenerate_filename', appender);
    expect(await tool('fdfs_file_info', fileId)).toContain(`file size: ${11 + content.length}`);
    await tool('fdfs_delete_file', fileId);
    expect(fdfs.files()).toEqual([]);
  });

  it('runs the test programs', async () => {
    const uploaded = await tool('fdfs_test', 'upload', small);
    expect(uploaded).toContain('storage_upload_slave_by_filename');
    const name = /remote_filename=(\S+)/.exec(uploaded)?.[1] ?? '';
    const group = /group_name=(\w+), remote_filename/.exec(uploaded)?.[1] ?? '';
    expect(await tool('fdfs_test', 'setmeta', group, name, 'O', 'width=160,author=me')).toContain(
      'set meta data success',
    );
    const metadata = await tool('fdfs_test', 'getmeta', group, name);
    expect(metadata).toContain('author=me');
    expect(metadata).toContain('width=160');
    expect(await tool('fdfs_test', 'query_servers', group, name)).toContain('server list');
    const appended = await tool('fdfs_appender_test', small);
    expect(appended).toContain('append file successfully');
    expect(appended).toContain('modify file successfully');
    expect(await tool('fdfs_test1', 'upload', small)).toContain('storage_upload_slave_by_filename');
    expect(await tool('fdfs_appender_test1', small)).toContain('modify file successfully');
    fdfs.reset();
  });

  it('monitors', async () => {
    const text = await tool('fdfs_monitor');
    expect(text).toContain(`group count: ${Object.keys(options.groups).length}`);
    expect(text.match(/ {2}ACTIVE/g)).toHaveLength(
      Object.values(options.groups).reduce((sum, count) => sum + count, 0),
    );
    expect(text).toContain('version = 6.16.1');
  });
});
