import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as classic from '../../../src/adapters/classic/index.js';
import { createClient, parseFileId } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';

const {
  fdfs_init,
  fdfs_upload,
  fdfs_download,
  fdfs_delete,
  fdfs_getmeta,
  fdfs_setmeta,
  fdfs_query_servers,
  fdfs_append_file,
  fdfs_file_info,
  fdfs_upload_append,
  fdfs_list_all_groups,
  fdfs_delete_group,
  fdfs_delete_server,
  fdfs_set_trunk_server,
  fdfs_destroy,
} = classic;

/** No program listens there. */
const UNREACHABLE = '127.0.0.1:1';
const MISSING = 'M00/00/00/fwAAAWsCeYyAeQYEAAAACw1KEYU028.txt';
const GONE_APPENDER = 'group1/M00/03/03/fwAAFWsCeYyES7OJAAAAAP1dNqU935.log';
const OK = { result: 0 };

let directory: string;
let home: string;
beforeAll(async () => {
  home = process.cwd();
  directory = await mkdtemp(join(tmpdir(), 'classic-'));
});
afterAll(async () => {
  process.chdir(home);
  await rm(directory, { recursive: true, force: true });
});

async function local(name: string, content: string | Buffer): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

async function conf(trackers: readonly string[], more = ''): Promise<string> {
  const lines = trackers.map((tracker) => `tracker_server = ${tracker}\n`).join('');
  return await local(`client-${Math.random()}.conf`, `${lines}network_timeout = 10\n${more}`);
}

/** The one call of each verb that needs no server. */
const VERBS: [string, () => Promise<classic.Result>][] = [
  ['fdfs_upload', () => fdfs_upload('/etc/hosts', 'FILE')],
  ['fdfs_download', () => fdfs_download('group1', MISSING, null)],
  ['fdfs_delete', () => fdfs_delete('group1', MISSING)],
  ['fdfs_getmeta', () => fdfs_getmeta('group1', MISSING)],
  ['fdfs_setmeta', () => fdfs_setmeta('group1', MISSING, 'O', 'a=b')],
  ['fdfs_query_servers', () => fdfs_query_servers('group1', MISSING)],
  ['fdfs_append_file', () => fdfs_append_file(GONE_APPENDER, '/etc/hosts')],
  // The id of a slave file alone says nothing.
  ['fdfs_file_info', () => fdfs_file_info(`group1/${MISSING.replace('.txt', '_thumbnail.txt')}`)],
  ['fdfs_upload_append', () => fdfs_upload_append('/etc/hosts')],
  ['fdfs_list_all_groups', () => fdfs_list_all_groups(null, null)],
  ['fdfs_delete_group', () => fdfs_delete_group(null, 'group1')],
  ['fdfs_delete_server', () => fdfs_delete_server(null, 'group1', '127.0.0.1')],
  ['fdfs_set_trunk_server', () => fdfs_set_trunk_server(null, 'group1', null)],
];

describe('without a server', () => {
  afterEach(() => fdfs_destroy());

  it('there are fifteen verbs, and nothing else', () => {
    expect(Object.keys(classic).sort()).toEqual(
      [...VERBS.map(([name]) => name), 'fdfs_destroy', 'fdfs_init'].sort(),
    );
  });

  it.each(VERBS)('%s before fdfs_init, and after fdfs_destroy, is 22', async (_, call) => {
    const refused = { result: 22, message: expect.stringContaining('call fdfs_init first') };
    expect(await call()).toEqual(refused);
    expect(await fdfs_init({ trackers: UNREACHABLE })).toEqual(OK);
    expect(await fdfs_destroy()).toEqual(OK);
    expect(await call()).toEqual(refused);
  });

  it.each(VERBS)('%s without a tracker is 111', async (_, call) => {
    expect(await fdfs_init({ trackers: UNREACHABLE, retry: { retries: 0 } })).toEqual(OK);
    expect(await call()).toEqual({ result: 111, message: expect.stringContaining('ECONNREFUSED') });
    expect(await fdfs_destroy()).toEqual(OK);
    expect(await fdfs_init({ trackers: [UNREACHABLE, '127.0.0.1:2'], retry: { retries: 0 } })).toEqual(OK);
    expect((await call()).result).toBe(111);
  });

  it('fdfs_init describes what is wrong with its file, and keeps the client before', async () => {
    expect(await fdfs_init({ trackers: UNREACHABLE, retry: { retries: 0 } })).toEqual(OK);
    const missing = await fdfs_init(join(directory, 'nosuch.conf'));
    expect(missing).toEqual({ result: 2, message: expect.stringContaining('nosuch.conf') });
    const empty = await fdfs_init(await local('empty.conf', ''));
    expect(empty).toEqual({ result: 22, message: expect.stringContaining('tracker_server') });
    expect((await fdfs_init(undefined as never)).result).toBe(22);
    expect((await fdfs_list_all_groups()).result).toBe(111);
  });

  it('fdfs_destroy may be called at any time, any number of times', async () => {
    expect(await fdfs_destroy()).toEqual(OK);
    expect(await fdfs_destroy()).toEqual(OK);
  });
});

onEachServer('classic verbs', (server) => {
  const uploaded: [string, string][] = [];

  beforeEach(async () => {
    expect(await fdfs_init(await conf(server.trackers))).toEqual(OK);
  });
  afterEach(async () => {
    for (const [group, name] of uploaded.splice(0)) await fdfs_delete(group, name);
    expect(await fdfs_destroy()).toEqual(OK);
  });

  async function upload(...args: Parameters<typeof fdfs_upload>) {
    const answer = await fdfs_upload(...args);
    expect(answer).toEqual({
      result: 0,
      group_name: expect.stringMatching(/^group[12]$/),
      remote_filename: expect.stringMatching(/^M00\//),
      file_url: expect.stringMatching(/^http:\/\/[\d.]+\/group\d\/M00\//),
    });
    uploaded.push([answer.group_name!, answer.remote_filename!]);
    return [answer.group_name!, answer.remote_filename!] as const;
  }

  async function contentOf(group: string, name: string): Promise<Buffer> {
    const target = join(directory, 'copy');
    expect(await fdfs_download(group, name, target)).toMatchObject({ result: 0, local_filename: target });
    return await readFile(target);
  }

  it('fdfs_upload and fdfs_download: FILE, BUFF, CALLBACK, and no mode at all', async () => {
    const content = bytes(700_001);
    const path = await local('content.tar.gz', content);
    for (const [source, mode, ext] of [
      [path, 'FILE', 'tar.gz'],
      [path, null, 'tar.gz'],
      [path, undefined, 'tar.gz'],
      [path, 'BUFF', 'tar.gz'],
      [path, 'CALLBACK', 'tar.gz'],
      [content, 'BUFF', ''],
      [new Uint8Array(content), 'BUFF', ''],
      [
        async (write: classic.Write) => {
          for (let at = 0; at < content.length; at += 50_000) await write(content.subarray(at, at + 50_000));
        },
        'CALLBACK',
        '',
      ],
    ] as const) {
      const [group, name] = await upload(source, mode);
      expect(parseFileId(`${group}/${name}`)).toMatchObject({
        kind: 'normal',
        size: content.length,
        extension: ext,
      });
      expect((await contentOf(group, name)).equals(content)).toBe(true);
    }
    const [group, name] = await upload((write) => write('12345'), 'CALLBACK', 'txt', 5);
    expect(name).toMatch(/\.txt$/);
    expect((await contentOf(group, name)).toString()).toBe('12345');
  });

  it('fdfs_upload refuses what it cannot send', async () => {
    const folder = join(directory, 'folder');
    await mkdir(folder, { recursive: true });
    for (const mode of ['FILE', 'BUFF', 'CALLBACK', null] as const) {
      expect(await fdfs_upload(folder, mode)).toEqual({ result: 21, message: expect.any(String) });
      expect(await fdfs_upload(join(directory, 'nosuch'), mode)).toEqual({
        result: 2,
        message: expect.stringContaining('nosuch'),
      });
    }
    for (const [source, mode] of [
      [Buffer.from('x'), 'FILE'],
      [Buffer.from('x'), 'CALLBACK'],
      [() => {}, 'BUFF'],
      [5, 'BUFF'],
      [undefined, 'FILE'],
      ['/etc/hosts', 'OTHER'],
    ] as const) {
      expect((await fdfs_upload(source as never, mode as never)).result).toBe(22);
    }
    const short = await fdfs_upload((write) => write('123'), 'CALLBACK', null, 5);
    expect(short).toEqual({ result: 22, message: expect.stringContaining('5') });
    const failing = await fdfs_upload(() => Promise.reject(new Error('no more')), 'CALLBACK');
    expect(failing).toEqual({ result: 5, message: 'no more' });
  });

  it('fdfs_download writes the base name into the working directory, and nowhere else', async () => {
    const [group, name] = await upload(Buffer.from('here'), 'BUFF', 'txt');
    const folder = await mkdtemp(join(directory, 'cwd-'));
    process.chdir(folder);
    const base = name.slice(name.lastIndexOf('/') + 1);
    const elsewhere = await local('elsewhere', 'untouched');
    await symlink(elsewhere, base);
    expect(await fdfs_download(group, name)).toEqual({ result: 0, local_filename: base, file_size: 4 });
    expect(await readFile(base, 'utf8')).toBe('here');
    expect(await readFile(elsewhere, 'utf8')).toBe('untouched');
    for (const bad of [
      '../../../etc/passwd',
      `M00/00/00/../../../${base}`,
      `M00/00/00/..`,
      `M00/00/00/..\\${base}`,
      `M00/00/00/${base}/../../x`,
      '/tmp/x',
      '',
    ]) {
      expect((await fdfs_download(group, bad, null)).result).toBe(22);
    }
    process.chdir(directory);
    expect(await readdir(folder)).toEqual([base]);
  });

  it('fdfs_download refuses what it cannot write, and leaves no half file', async () => {
    const [group, name] = await upload(Buffer.from('content'), 'BUFF');
    const folder = await mkdtemp(join(directory, 'target-'));
    expect((await fdfs_download(group, name, folder)).result).toBe(21);
    expect((await fdfs_download(group, name, join(folder, 'no', 'such'))).result).toBe(2);
    expect((await fdfs_download(group, MISSING, join(folder, 'missing'))).result).toBe(2);
    expect((await fdfs_download('nosuch', MISSING, join(folder, 'missing'))).result).toBe(2);
    expect(await readdir(folder)).toEqual([]);
    const [emptyGroup, empty] = await upload(Buffer.alloc(0), 'BUFF');
    expect(await fdfs_download(emptyGroup, empty, join(folder, 'empty'))).toMatchObject({
      result: 0,
      file_size: 0,
    });
  });

  it('fdfs_delete, and again', async () => {
    const [group, name] = await upload(Buffer.from('short lived'), 'BUFF');
    expect(await fdfs_delete(group, name)).toEqual(OK);
    expect(await fdfs_delete(group, name)).toMatchObject({ result: 2 });
    expect(await fdfs_delete('nosuch', name)).toMatchObject({ result: 2 });
    expect(await fdfs_delete(group, 'nosuch')).toMatchObject({ result: 22 });
  });

  it('fdfs_setmeta and fdfs_getmeta: overwrite, merge, none at all', async () => {
    const [group, name] = await upload(Buffer.from('x'), 'BUFF');
    const table = async () => await fdfs_getmeta(group, name);
    expect(await table()).toEqual({ result: 0, meta_count: 0, metatable: [] });
    expect(await fdfs_setmeta(group, name, 'O', 'width=160,author=me,eq=a=b')).toEqual(OK);
    expect(await table()).toEqual({
      result: 0,
      meta_count: 3,
      metatable: ['author=me', 'eq=a=b', 'width=160'],
    });
    expect(await fdfs_setmeta(group, name, 'M', 'width=80,new=1')).toEqual(OK);
    expect((await table()).metatable).toEqual(['author=me', 'eq=a=b', 'new=1', 'width=80']);
    expect(await fdfs_setmeta(group, name, 'O', 'only=this')).toEqual(OK);
    expect((await table()).metatable).toEqual(['only=this']);
    expect(await fdfs_setmeta(group, name, 'O', '')).toEqual(OK);
    expect(await table()).toEqual({ result: 0, meta_count: 0, metatable: [] });
    for (const [flag, text] of [
      ['X', 'a=b'],
      ['m', 'a=b'],
      ['O', 'nothing'],
      ['O', 'a=b,'],
      ['O', undefined],
    ]) {
      expect(await fdfs_setmeta(group, name, flag as 'O', text as string)).toMatchObject({ result: 22 });
    }
    expect(await fdfs_setmeta(group, MISSING, 'O', 'a=b')).toMatchObject({ result: 2 });
    expect(await fdfs_getmeta(group, MISSING)).toMatchObject({ result: 2 });
  });

  it('fdfs_query_servers', async () => {
    const [group, name] = await upload(Buffer.from('x'), 'BUFF');
    const { result, server_count, storageServertable } = await fdfs_query_servers(group, name);
    expect([result, server_count]).toEqual([0, storageServertable!.length]);
    expect(server_count).toBeGreaterThan(0);
    for (const line of storageServertable!) expect(line).toMatch(/^[\d.]+:\d+$/);
    expect(await fdfs_query_servers('nosuch', name)).toMatchObject({ result: 2 });
    expect(await fdfs_query_servers(group, 'x')).toMatchObject({ result: 22 });
  });

  it('fdfs_upload_append, fdfs_append_file, fdfs_file_info', async () => {
    const { result, file_id } = await fdfs_upload_append(await local('first.log', 'first'));
    expect(result).toBe(0);
    const { group, remoteFilename } = parseFileId(file_id!);
    uploaded.push([group, remoteFilename]);
    expect(await fdfs_append_file(file_id!, await local('second', ' second'))).toEqual(OK);
    expect(await fdfs_append_file(file_id!, await local('none', ''))).toEqual(OK);
    expect((await contentOf(group, remoteFilename)).toString()).toBe('first second');
    const { fileinfotable } = await fdfs_file_info(file_id!);
    expect(fileinfotable).toMatchObject({
      get_from_server: true,
      file_type: 'appender',
      file_size: 12,
      crc32: crc32('first second'),
      source_ip_addr: expect.stringMatching(/^127\./),
    });
    expect(Math.abs(fileinfotable!.create_timestamp - Date.now() / 1000)).toBeLessThan(60);
    expect(await fdfs_append_file(file_id!, directory)).toMatchObject({ result: 21 });
    expect(await fdfs_append_file(file_id!, join(directory, 'nosuch'))).toMatchObject({ result: 2 });
    const [ordinaryGroup, ordinary] = await upload(Buffer.from('x'), 'BUFF');
    const more = await local('more', 'more');
    expect(await fdfs_append_file(`${ordinaryGroup}/${ordinary}`, more)).toMatchObject({ result: 22 });
    expect(await fdfs_append_file('nonsense', more)).toMatchObject({ result: 22 });
    expect(await fdfs_append_file(GONE_APPENDER, more)).toMatchObject({ result: 2 });
    expect(await fdfs_upload_append(directory)).toMatchObject({ result: 21 });
    expect(await fdfs_upload_append(join(directory, 'nosuch'))).toMatchObject({ result: 2 });
  });

  it('fdfs_file_info of an ordinary file, and of none', async () => {
    const [group, name] = await upload(Buffer.from('hello world'), 'BUFF', 'txt');
    const { result, fileinfotable } = await fdfs_file_info(`${group}/${name}`);
    expect(result).toBe(0);
    expect(fileinfotable).toMatchObject({ file_type: 'normal', file_size: 11, crc32: 0x0d4a1185 });
    expect(fileinfotable!.get_from_server).toBe(fileinfotable!.source_id !== 0);
    expect(await fdfs_file_info(`${group}/${MISSING.replace('.txt', '_thumbnail.txt')}`)).toMatchObject({
      result: 2,
    });
    expect(await fdfs_file_info('group1/M00/00/00/short')).toMatchObject({ result: 22 });
  });

  it('fdfs_list_all_groups', async () => {
    const { result, groups } = await fdfs_list_all_groups(null, null);
    expect(result).toBe(0);
    expect(groups!.map(({ name, storages }) => [name, storages.length])).toEqual([
      ['group1', 2],
      ['group2', 1],
    ]);
    const one = await fdfs_list_all_groups(server.trackers[0], 'group2');
    expect(one.groups!.map(({ name }) => name)).toEqual(['group2']);
    expect(await fdfs_list_all_groups(null, 'nosuch')).toMatchObject({ result: 2 });
    expect(await fdfs_list_all_groups(UNREACHABLE)).toMatchObject({ result: 111 });
    expect(await fdfs_list_all_groups('not:an:address')).toMatchObject({ result: 22 });
  });

  it('fdfs_delete_group, fdfs_delete_server, fdfs_set_trunk_server: refusals', async () => {
    expect(await fdfs_delete_group(null, 'group1')).toMatchObject({ result: 16 });
    expect(await fdfs_delete_group(server.trackers[0], 'nosuch')).toMatchObject({ result: 2 });
    expect(await fdfs_delete_group(UNREACHABLE, 'group1')).toMatchObject({ result: 111 });
    const { groups } = await fdfs_list_all_groups();
    const { id } = groups![0]!.storages[0]!;
    expect(await fdfs_delete_server(null, 'group1', id)).toMatchObject({ result: 16 });
    expect(await fdfs_delete_server(null, 'group1', '9.9.9.9')).toMatchObject({ result: 2 });
    expect(await fdfs_delete_server(UNREACHABLE, 'group1', id)).toMatchObject({ result: 111 });
    expect(await fdfs_delete_server(null, 'group1', '')).toMatchObject({ result: 22 });
    expect(await fdfs_set_trunk_server(null, 'group1', id)).toMatchObject({ result: 95 });
  });

  it('fdfs_init again takes the place of the first, and leaves a client that was passed alone', async () => {
    const client = createClient({ trackers: [...server.trackers] });
    expect(await fdfs_init(client)).toEqual(OK);
    expect((await fdfs_list_all_groups()).result).toBe(0);
    expect(await fdfs_destroy()).toEqual(OK);
    expect(await client.locate(`group1/${MISSING}`)).not.toEqual([]);
    await client.close();
  });
});
