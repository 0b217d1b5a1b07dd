/** Listing, verification, comparison, pruning and mirroring of all files, on both servers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FastDFSAdmin, type FastDFSClient, type ListedFile } from '../../src/index.js';
import { onEachServer } from '../helpers/servers.js';

onEachServer(
  'all files of a cluster',
  (server) => {
    let client: FastDFSClient;
    let admin: FastDFSAdmin;
    let folder: string;
    /** Everything that this test has stored and not removed. */
    let known: Set<string>;
    /** What others have left in a cluster that is shared. */
    let before: Set<string>;

    beforeEach(async () => {
      client = server.client();
      admin = new FastDFSAdmin(client);
      folder = await mkdtemp(join(tmpdir(), 'cluster-files-'));
      known = new Set();
      before = new Set((await list()).map(({ fileId }) => fileId));
    });
    afterEach(async () => {
      const leftovers = (await list()).map(({ fileId }) => fileId).filter((fileId) => !before.has(fileId));
      await client.deleteMany([...known, ...leftovers].sort().reverse());
      await admin.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function list(group?: string, options = {}): Promise<ListedFile[]> {
      const files: ListedFile[] = [];
      for await (const file of admin.listFiles(group, options)) files.push(file);
      return files;
    }

    async function store(content: string, options = {}): Promise<string> {
      const { fileId } = await client.upload(Buffer.from(content), {
        group: 'group1',
        ext: 'txt',
        ...options,
      });
      known.add(fileId);
      return fileId;
    }

    async function storeSlave(master: string, prefix: string, content: string): Promise<string> {
      const { fileId } = await client.uploadSlave(master, prefix, Buffer.from(content), { ext: 'jpg' });
      known.add(fileId);
      return fileId;
    }

    async function discard(fileId: string): Promise<void> {
      await client.delete(fileId);
      known.delete(fileId);
    }

    /** Of this test, once the storages have written their logs and replicated. */
    async function waitForListing(storage?: string): Promise<void> {
      await expect
        .poll(
          async () =>
            (await list('group1', { storage }))
              .map(({ fileId }) => fileId)
              .filter((fileId) => !before.has(fileId))
              .sort(),
          { timeout: 20_000, interval: 300 },
        )
        .toEqual([...known].filter((fileId) => fileId.startsWith('group1/')).sort());
    }

    async function storeAllKinds() {
      const plain = await store('plain', { metadata: { a: '1' } });
      const empty = await store('');
      const appender = await store('begin', { appender: true, ext: 'log' });
      await client.append(appender, Buffer.from(' and end'));
      const slave = await storeSlave(plain, '_small', 'slave');
      const nested = await storeSlave(slave, '_x', 'slave of a slave');
      const appenderSlave = await storeSlave(appender, '_a', 'slave of an appender file');
      const removed = await store('removed', { metadata: { b: '2' } });
      await discard(removed);
      const finalized = await client.finalize(await store('will be ordinary', { appender: true }));
      for (const fileId of [...known]) if (!(await client.exists(fileId))) known.delete(fileId);
      known.add(finalized);
      await client.setMetadata(slave, { w: '200' });
      return { plain, empty, appender, slave, nested, appenderSlave, finalized };
    }

    it('are listed exactly, from each storage', { timeout: 90_000 }, async () => {
      const { plain, appender, slave, nested, appenderSlave, finalized } = await storeAllKinds();
      const storages = await admin.listStorages('group1');
      for (const { id } of storages) await waitForListing(id);
      const files = new Map((await list('group1')).map((file) => [file.fileId, file]));
      expect(files.get(plain)).toMatchObject({ kind: 'normal', size: 5, hasMetadata: true, group: 'group1' });
      expect(files.get(plain)!.sourceAddress).not.toBe('');
      expect(files.get(appender)).toMatchObject({ kind: 'appender', hasMetadata: false });
      expect(files.get(slave)).toMatchObject({ kind: 'slave', slaveOf: plain, hasMetadata: true });
      expect(files.get(nested)).toMatchObject({ kind: 'slave', slaveOf: plain });
      expect(files.get(appenderSlave)).toMatchObject({ kind: 'appender', slaveOf: appender });
      expect(files.get(finalized)).toMatchObject({ kind: 'normal', size: 16 });
      const confirmed = new Map((await list('group1', { confirm: true })).map((file) => [file.fileId, file]));
      expect(confirmed.get(appender)!.size).toBe(13);
      expect(confirmed.get(slave)!.size).toBe(5);
      const ids = async (options: object) => {
        const matching = await list('group1', options);
        return matching.map(({ fileId }) => fileId).filter((fileId) => known.has(fileId));
      };
      expect((await ids({ kind: 'slave' })).sort()).toEqual([slave, nested].sort());
      expect((await ids({ ext: 'log' })).sort()).toEqual([appender]);
      expect(await ids({ olderThan: '1h' })).toEqual([]);
      expect(await ids({ newerThan: '1h' })).toHaveLength(known.size);
      const listing = admin.listFiles('group1');
      for await (const _ of listing);
      expect(listing.sources.map(({ storePath }) => storePath)).toEqual([0]);
      expect(Date.now() - listing.sources[0]!.listedAt.getTime()).toBeLessThan(30_000);
    });

    it('have no fault where nothing is wrong', { timeout: 90_000 }, async () => {
      await storeAllKinds();
      await waitForListing();
      const verification = admin.verify({ files: known, concurrency: 2, bytesPerSecond: 2 ** 20 });
      const faults = [];
      for await (const fault of verification) faults.push(fault);
      expect(faults).toEqual([]);
      expect(verification.summary).toMatchObject({ files: known.size, complete: true });
      expect(verification.summary.copies).toBe(known.size * (await admin.listStorages('group1')).length);
      const missing = [...known][0]!.replace(/.{4}(?=\d*\.\w+$)/, 'AAAA');
      const problems = [];
      for await (const { problem, fileId } of admin.verify({ files: [missing] }))
        problems.push({ problem, fileId });
      expect(new Set(problems.map(({ problem }) => problem))).toEqual(new Set(['missing']));
    });

    it('are compared with what an application knows', { timeout: 90_000 }, async () => {
      const { plain, slave, nested, empty } = await storeAllKinds();
      await waitForListing();
      const compare = async (ids: Iterable<string>, options = {}) => {
        const items: string[] = [];
        for await (const { problem, fileId } of admin.findOrphans(ids, { group: 'group1', ...options })) {
          if (problem !== 'orphan' || known.has(fileId)) items.push(`${problem} ${fileId}`);
        }
        return items.sort();
      };
      expect(await compare(known)).toEqual([]);
      const without = [...known].filter((fileId) => fileId !== empty && fileId !== slave);
      const lost = plain.replace(/.{4}(?=\d*\.\w+$)/, 'AAAA');
      expect(await compare([...without, lost, 'no file id'])).toEqual(
        [`orphan ${empty}`, `missing ${lost}`, 'invalid no file id'].sort(),
      );
      expect(
        await compare(
          [...known].filter((fileId) => fileId !== nested),
          { slaves: 'separate' },
        ),
      ).toEqual([`orphan ${nested}`]);
      expect(await compare([], { olderThan: '1h' })).toEqual([]);
    });

    it('are pruned exactly as the dry run says, slaves with their masters', { timeout: 90_000 }, async () => {
      const ext = `p${Math.random().toString(36).slice(2, 6)}`;
      const master = await store('old', { ext });
      const slave = await storeSlave(master, '_thumbnail', 'its slave');
      const other = await store('another', { ext: 'keep' });
      await waitForListing();
      const options = { olderThan: new Date(Date.now() + 60_000), ext, group: 'group1' };
      const dry = await admin.prune(options);
      expect(dry).toMatchObject({ dryRun: true, fileIds: [slave, master], failures: [] });
      expect(await client.exists(master)).toBe(true);
      expect((await admin.prune({ ...options, dryRun: false })).fileIds).toEqual(dry.fileIds);
      // The other storage removes its copies a moment later.
      const there = () => Promise.all([master, slave, other].map((fileId) => client.exists(fileId)));
      await expect.poll(there, { timeout: 10_000 }).toEqual([false, false, true]);
      known.delete(master);
      known.delete(slave);
      await expect(admin.prune({} as never)).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    });

    it('are mirrored to a directory, once', { timeout: 90_000 }, async () => {
      const { plain, appender, empty } = await storeAllKinds();
      await waitForListing();
      const options = { map: join(folder, 'ids.jsonl'), group: 'group1', newerThan: '1h' };
      const target = { directory: join(folder, 'copy') };
      const first = await admin.mirror(target, options);
      expect(first.failures).toEqual([]);
      expect(first.copied).toBeGreaterThanOrEqual(known.size);
      for (const fileId of known) {
        expect(await readFile(join(folder, 'copy', fileId))).toEqual(await client.download(fileId));
      }
      expect(JSON.parse(await readFile(join(folder, 'copy', `${plain}-m.json`), 'utf8'))).toEqual({ a: '1' });
      expect(await readFile(join(folder, 'copy', empty), 'utf8')).toBe('');
      await client.append(appender, Buffer.from(', and more'));
      const second = await admin.mirror(target, options);
      expect(second).toMatchObject({ copied: 0, updated: 1, failures: [] });
      expect(await readFile(join(folder, 'copy', appender), 'utf8')).toBe('begin and end, and more');
    });

    it('are mirrored to another cluster, and an upload that was cut off is found again', {
      timeout: 120_000,
    }, async () => {
      const { plain, slave, nested, appender, appenderSlave, empty } = await storeAllKinds();
      await waitForListing();
      const map = join(folder, 'ids.jsonl');
      const options = { map, group: 'group1', targetGroup: 'group2', newerThan: '1h', settleSeconds: 4 };
      // As a process leaves it that is killed between the upload and the line about it.
      const [{ fileId: half }, { size, crc32 }] = await Promise.all([
        client.upload(Buffer.from('plain'), { group: 'group2', ext: 'txt' }),
        client.stat(plain),
      ]);
      const start = { start: plain, at: Date.now(), size, crc32, appender: false };
      await writeFile(map, `${JSON.stringify(start)}\n{"from":"gro`);
      const report = await admin.mirror({ cluster: client }, options);
      expect(report).toMatchObject({ failures: [], adopted: 1 });
      const lines = (await readFile(map, 'utf8')).trim().split('\n');
      const copies = new Map(
        lines.map((line) => JSON.parse(line)).flatMap(({ from, to }) => (from ? [[from, to] as const] : [])),
      );
      expect(copies.get(plain)).toBe(half);
      expect([...copies.keys()]).toEqual(expect.arrayContaining([...known]));
      for (const fileId of known) {
        const copy = copies.get(fileId)!;
        expect(await client.download(copy)).toEqual(await client.download(fileId));
        expect(await client.getMetadata(copy)).toEqual(await client.getMetadata(fileId));
      }
      const base = (fileId: string) => fileId.replace(/\.\w+$/, '');
      expect(copies.get(slave)).toBe(`${base(half)}_small.jpg`);
      expect(copies.get(nested)).toBe(`${base(half)}_small_x.jpg`);
      expect(copies.get(appenderSlave)).toBe(`${base(copies.get(appender)!)}_a.jpg`);
      await client.append(copies.get(appender)!, Buffer.from('.'));
      expect(await client.download(copies.get(empty)!)).toHaveLength(0);
      expect(await admin.mirror({ cluster: client }, options)).toMatchObject({ copied: 0, failures: [] });
      await client.deleteMany([...copies.values()].sort().reverse());
    });
  },
  { alone: true },
);

describe('options of calls on all files', () => {
  it('are checked before anything is asked', async () => {
    await using admin = new FastDFSAdmin({ trackers: '127.0.0.1:1' });
    const refused = expect.objectContaining({ code: 'FASTDFS_ARGUMENT' });
    expect(() => admin.listFiles('group1', { olderthan: '1d' } as never)).toThrow(refused);
    expect(() => admin.listFiles('group1', { olderThan: '1 day' })).toThrow(refused);
    expect(() => admin.listFiles('no group')).toThrow(refused);
    expect(() => admin.verify({ sample: 2 })).toThrow(refused);
    expect(() => admin.verify({ bytesPerSecond: 1 })).toThrow(refused);
    expect(() => admin.findOrphans([], { slaves: 'none' as never })).toThrow(refused);
    await expect(admin.prune({ olderThan: '1d', dryrun: true } as never)).rejects.toThrow(refused);
    await expect(admin.mirror({ directory: '/tmp' }, {} as never)).rejects.toThrow(refused);
    await expect(admin.mirror({} as never, { map: '/tmp/x' })).rejects.toThrow(refused);
    await expect(admin.listGroups({ trackr: 'x' } as never)).rejects.toThrow(refused);
  });
});
