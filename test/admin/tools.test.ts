/**
 * The official monitoring tools beside the admin: on either server they must see the same. They block, so each runs as
 * a child process. What clients do meanwhile is counted in both: a number of a tool lies between two looks of the admin.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as classic from '../../src/adapters/classic/index.js';
import { FastDFSAdmin, type GroupWithStorages, type StorageRecord } from '../../src/index.js';
import { findOnPath } from '../helpers/find-on-path.js';
import { findFreePort } from '../helpers/free-port.js';
import { onEachServer } from '../helpers/servers.js';

const run = promisify(execFile);
const MIB = 2 ** 20;
const TOOLS = [
  'fdfs_monitor',
  'fdfs_tracker_stat',
  'fdfs_storage_stat',
  'fdfs_volumn_stat',
  'fdfs_exporter',
  'fdfs_file_info',
];
const missing = TOOLS.filter((tool) => findOnPath(tool) === undefined);
if (missing.length > 0) console.warn(`Not installed, so not compared with: ${missing.join(', ')}`);

/** `name = value` lines, one table for the group and one for each of its storages. */
interface Monitored {
  fields: Map<string, string>;
  storages: Map<string, string>[];
}

function parseMonitor(text: string): Monitored[] {
  return text.split(/^Group \d+:\n/m).flatMap((section, index) => {
    if (index === 0) return [];
    const [group, ...storages] = section.split(/^\tStorage \d+:\n/m).map((lines) => {
      const pairs = [...lines.matchAll(/^\s*(.+?)\s*=[ ]?(.*)$/gm)];
      return new Map(pairs.map(([, name, value]) => [name!, value!.trim()]));
    });
    return [{ fields: group!, storages }];
  });
}

/** Times as the tools print them with TZ=UTC; 0 is 1970. */
const time = (date: Date | undefined) =>
  (date ?? new Date(0)).toISOString().replace('T', ' ').replace('.000Z', '');

const COUNTERS: Record<string, (storage: StorageRecord) => { total: number; success: number }> = {
  upload_count: ({ operations }) => operations.upload,
  append_count: ({ operations }) => operations.append,
  modify_count: ({ operations }) => operations.modify,
  truncate_count: ({ operations }) => operations.truncate,
  set_meta_count: ({ operations }) => operations.setMetadata,
  delete_count: ({ operations }) => operations.delete,
  download_count: ({ operations }) => operations.download,
  get_meta_count: ({ operations }) => operations.getMetadata,
  create_link_count: ({ operations }) => operations.createLink,
  delete_link_count: ({ operations }) => operations.deleteLink,
  upload_bytes: ({ bytes }) => bytes.upload,
  append_bytes: ({ bytes }) => bytes.append,
  modify_bytes: ({ bytes }) => bytes.modify,
  download_bytes: ({ bytes }) => bytes.download,
  sync_in_bytes: ({ bytes }) => bytes.syncIn,
  sync_out_bytes: ({ bytes }) => bytes.syncOut,
  file_open_count: ({ disk }) => disk.open,
  file_read_count: ({ disk }) => disk.read,
  file_write_count: ({ disk }) => disk.write,
};
const TIMES = {
  last_heart_beat_time: 'lastHeartbeat',
  last_source_update: 'lastSourceUpdate',
  last_sync_update: 'lastSyncUpdate',
  last_synced_timestamp: 'lastSynced',
} as const;
const MODES: Record<string, string> = { 'both (normal)': 'both' };

onEachServer('monitoring tools and admin', (server) => {
  describe.skipIf(missing.length > 0)('see the same', () => {
    let directory: string;
    let conf: string;
    let admin: FastDFSAdmin;
    /** Trackers need not agree to the second, so all ask the leader. */
    let tracker: string;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'admin-tools-'));
    });
    afterAll(() => rm(directory, { recursive: true, force: true }));
    beforeEach(async () => {
      admin = new FastDFSAdmin({ trackers: server.trackers });
      tracker = (await admin.listTrackers()).find(({ leader }) => leader)!.address;
      conf = join(directory, 'client.conf');
      await writeFile(conf, `base_path = ${directory}\ntracker_server = ${tracker}\n`);
    });
    afterEach(() => admin.close());

    async function tool(name: string, ...args: string[]): Promise<string> {
      const env = { ...process.env, TZ: 'UTC' };
      const { stdout } = await run(name, args, { timeout: 20_000, env });
      return stdout;
    }

    async function look(): Promise<GroupWithStorages[]> {
      const infos = await admin.listGroups({ tracker });
      return await Promise.all(
        infos.map(async (info) => ({ ...info, storages: await admin.listStorages(info.name, { tracker }) })),
      );
    }

    it('fdfs_monitor, field by field', async () => {
      const before = await look();
      const monitored = parseMonitor(await tool('fdfs_monitor', conf));
      const after = await look();
      expect(monitored).toHaveLength(before.length);
      for (const [index, { fields, storages }] of monitored.entries()) {
        const group = before[index]!;
        expect(Object.fromEntries(fields)).toMatchObject({
          'group name': group.name,
          'storage server count': String(group.storageCount),
          'readable server count': String(group.readableCount),
          'writable server count': String(group.writableCount),
          'storage server port': String(group.storagePort),
          'store path count': String(group.storePathCount),
          'subdir count per path': String(group.subdirCountPerPath),
        });
        expectSpace(fields, group);
        expect(storages).toHaveLength(group.storages.length);
        for (const [at, printed] of storages.entries()) {
          expectStorage(printed, group.storages[at]!, after[index]!.storages[at]!);
        }
      }
    });

    function expectStorage(printed: Map<string, string>, before: StorageRecord, after: StorageRecord): void {
      const { host, port, status } = before;
      expect(Object.fromEntries(printed)).toMatchObject({
        id: before.id,
        host: `${host}:${port}  ${status}`,
        version: before.version,
        'join time': time(before.joinedAt),
        'up time': time(before.upSince),
        'upload priority': String(before.uploadPriority),
        store_path_count: String(before.storePathCount),
        subdir_count_per_path: String(before.subdirCountPerPath),
        current_write_path: String(before.currentWritePath),
        'source storage id': before.sourceId ?? '',
        if_trunk_server: before.trunkServer ? '1' : '0',
        'connection.alloc_count': String(before.connections!.allocated),
      });
      expect(MODES[printed.get('read write mode')!]).toBe(before.rwMode);
      expectSpace(printed, before);
      for (const [name, read] of Object.entries(COUNTERS)) {
        for (const kind of ['total', 'success'] as const) {
          // The tool itself misspells one of them.
          const value = Number(printed.get(`${kind}_${name}`) ?? printed.get(`s${kind}_${name}`));
          expectBetween(`${kind}_${name}`, value, read(before)[kind], read(after)[kind]);
        }
      }
      for (const [name, field] of Object.entries(TIMES)) {
        const value = printed.get(name)!.slice(0, 19);
        expect(value >= time(before[field]) && value <= time(after[field]), `${name}: ${value}`).toBe(true);
      }
      const most = Number(printed.get('connection.max_count'));
      expectBetween('max_count', most, before.connections!.max, after.connections!.max);
    }

    /** The tool rounds to what fits three characters. */
    function expectSpace(
      printed: Map<string, string>,
      space: { totalBytes: number; freeBytes: number; reservedBytes?: number; availableBytes?: number },
    ): void {
      const UNITS: Record<string, number> = { MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
      for (const [name, bytes] of [
        ['disk total space', space.totalBytes],
        ['disk free space', space.freeBytes],
        ['disk reserved space', space.reservedBytes!],
        ['disk available space', space.availableBytes!],
      ] as const) {
        const [number, unit] = printed.get(name)!.split(' ');
        expect(Math.abs(Number(number) - bytes / UNITS[unit!]!), `${name} ${number} ${unit}`).toBeLessThan(
          1.1,
        );
      }
    }

    function expectBetween(name: string, value: number, low: number, high: number): void {
      expect(value >= low && value <= high, `${name}: ${low} ≤ ${value} ≤ ${high}`).toBe(true);
    }

    it('fdfs_tracker_stat', async () => {
      const text = await tool('fdfs_tracker_stat', '-c', conf);
      const lines = (await admin.getTrackerOverview()).map(
        ({ address, leader, active }) =>
          `${address}, is_leader: ${leader ? 1 : 0}, is_active: ${active ? 1 : 0}, `,
      );
      for (const line of lines) expect(text).toContain(line);
      expect(text).toContain(`tracker server count: ${lines.length}`);
    });

    it('fdfs_storage_stat', async () => {
      const text = await tool('fdfs_storage_stat', '-c', conf);
      const { storages } = await admin.getStorageOverview({ tracker });
      for (const { address, status } of storages) expect(text).toContain(`${address} ${status}, connections`);
      expect(text).toContain(`storage server count: ${storages.length}`);
    });

    it('fdfs_volumn_stat', async () => {
      const text = await tool('fdfs_volumn_stat', '-c', conf);
      const { volumes } = await admin.getSpaceOverview({ tracker });
      for (const { group, diskAvailable } of volumes) {
        expect(text).toContain(`${group} disk_available: ${diskAvailable ? 1 : 0}, disk space`);
      }
      const available = volumes.filter(({ diskAvailable }) => diskAvailable).length;
      expect(text).toContain(`counts {total: ${volumes.length}, available: ${available}}`);
    });

    it('fdfs_exporter, to the megabyte', async () => {
      const port = await findFreePort();
      const file = join(directory, 'exporter.conf');
      const settings = { bind_addr: '127.0.0.1', port, base_path: directory, fdfs_client_cfg: conf };
      await writeFile(
        file,
        Object.entries(settings)
          .map((pair) => `${pair.join(' = ')}\n`)
          .join(''),
      );
      const exporter = spawn('fdfs_exporter', ['-c', file], { stdio: 'ignore' });
      const ended = once(exporter, 'exit');
      try {
        const before = await look();
        const metrics = await fetchMetrics(port);
        const after = await look();
        for (const [index, group] of before.entries()) {
          const of = (name: string) => metrics.get(`fastdfs_group_${name}{group="${group.name}"}`);
          expect(of('total_mb')).toBe(group.totalBytes / MIB);
          expect(of('reserved_mb')).toBe(group.reservedBytes! / MIB);
          expect(of('storage_count')).toBe(group.storageCount);
          expect(of('readable_server_count')).toBe(group.readableCount);
          expect(of('writable_server_count')).toBe(group.writableCount);
          for (const [at, { id, host }] of group.storages.entries()) {
            const labels = `{group="${group.name}",storage_id="${id}",ip="${host}",status="7"}`;
            const [low, high] = [group.storages[at]!, after[index]!.storages[at]!];
            for (const name of ['upload', 'download', 'delete', 'append', 'modify'] as const) {
              const value = metrics.get(`fastdfs_storage_${name}_total${labels}`)!;
              expectBetween(name, value, low.operations[name].total, high.operations[name].total);
            }
          }
        }
      } finally {
        exporter.kill('SIGKILL');
        await ended;
      }
    });

    it('fdfs_file_info and the classic verb', async () => {
      expect(await classic.fdfs_init(conf)).toEqual({ result: 0 });
      const client = server.client();
      const ordinary = (await client.upload('hello world', { ext: 'txt' })).fileId;
      const appender = (await client.upload('hello', { appender: true })).fileId;
      await client.append(appender, ' there');
      const slave = (await client.uploadSlave(ordinary, '_thumbnail', 'small')).fileId;
      for (const fileId of [ordinary, appender, slave]) {
        const text = await tool('fdfs_file_info', conf, fileId);
        const { result, fileinfotable: info } = await classic.fdfs_file_info(fileId);
        expect(result).toBe(0);
        const printed = new Map(
          [...text.matchAll(/^(.+?): (.*)$/gm)].map(([, name, value]) => [name, value]),
        );
        expect({
          asked: printed.get('GET FROM SERVER'),
          type: printed.get('file type'),
          id: printed.get('source storage id'),
          ip: printed.get('source ip address'),
          created: printed.get('file create timestamp'),
          size: printed.get('file size'),
          crc32: Number(/\((0x[0-9a-f]+)\)/.exec(printed.get('file crc32')!)?.[1]),
        }).toEqual({
          asked: String(info!.get_from_server),
          type: info!.file_type,
          id: String(info!.source_id),
          ip: info!.source_ip_addr,
          created: time(new Date(info!.create_timestamp * 1000)),
          size: String(info!.file_size),
          crc32: info!.crc32,
        });
        await client.delete(fileId);
      }
      await classic.fdfs_destroy();
    });
  });
});

async function fetchMetrics(port: number): Promise<Map<string, number>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      const lines = (await response.text())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(
        lines.map((line) => {
          const space = line.lastIndexOf(' ');
          return [line.slice(0, space), Number(line.slice(space + 1))];
        }),
      );
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
