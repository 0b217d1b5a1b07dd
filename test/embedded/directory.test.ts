/** The directory on disk: one process at a time, nothing half-written after a kill, nothing left of killed processes. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseFileId } from '../../src/core/model/file-id.js';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient } from '../../src/index.js';
import { mountSmallDisk } from '../helpers/small-disk.js';
import { Raw, type RawReply } from './raw.js';
import { append, COMMAND, download, named, setMeta, slave, upload } from './requests.js';
import { bundleServer, killServer, startRunning, startServer } from './server-process.js';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 6);
/** Records of a directory that was used for long. */
const RECORDS = 100_000;
const MIB = 2 ** 20;

let directory: string;
let server: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embedded-directory-'));
  server = await bundleServer(directory);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('a directory in use is refused, by this process and by others, until its cluster ends', async () => {
  const own = join(directory, 'locked');
  const first = await EmbeddedFastDFS.start({ directory: own });
  await expect(EmbeddedFastDFS.start({ directory: own })).rejects.toMatchObject({
    code: 'FASTDFS_ARGUMENT',
    message: expect.stringContaining('in use'),
  });
  const second = await startServer(server, { directory: own });
  expect(second.outcome).toContain('in use');
  await killServer(second);
  await first.stop();
  const third = await EmbeddedFastDFS.start({ directory: own });
  await third.stop();
});

it(`${ROUNDS} kills at random moments leave every acknowledged file whole, and nothing half-written`, {
  timeout: 60_000 + ROUNDS * 2000,
}, async () => {
  const own = join(directory, 'killed');
  const stored = new Map<string, Buffer>();
  const described = new Set<string>();
  const options = { groups: { group1: 2 }, syncDelayMs: 20, directory: own };
  let running = await startRunning(server, options);
  for (let round = 0; round < ROUNDS; round++) {
    const { trackers } = running;
    await using client = createClient({ trackers, retry: { retries: 0 }, networkTimeoutMs: 2000 });
    let killed = false;
    const work = [0, 1, 2].map(async (worker) => {
      for (let i = 0; !killed && i < 500; i++) {
        const content = Buffer.alloc(
          (i * 7919 + worker * 131) % (i % 5 === 0 ? 700_000 : 20_000),
          `${round}-${worker}-${i}`,
        );
        // Apart from each other: an upload whose metadata fails tries for seconds to remove its file.
        const fileId = await client.upload(content).then(
          (result) => result.fileId,
          () => undefined,
        );
        if (fileId === undefined) continue;
        stored.set(fileId, content);
        const metadata = { round: String(round), size: String(content.length) };
        await client.setMetadata(fileId, metadata).then(
          () => described.add(fileId),
          () => undefined,
        );
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 150));
    const dying = killServer(running);
    killed = true;
    await Promise.all([dying, ...work]);
    running = await startRunning(server, options);
  }
  const client = createClient({ trackers: running.trackers });
  for (const [fileId, content] of stored) {
    expect((await client.download(fileId)).equals(content)).toBe(true);
    if (!described.has(fileId)) continue;
    expect(await client.getMetadata(fileId)).toMatchObject({ size: String(content.length) });
  }
  await client.close();
  await killServer(running);
  const again = await EmbeddedFastDFS.start({ directory: own, groups: { group1: 2 } });
  try {
    await again.sync();
    for (const file of again.files()) {
      // A file whose reply was lost may exist, but whole, and on every storage.
      const { size, crc32: sum } = parseFileId(file.fileId);
      expect(file).toMatchObject({ size, storages: [0, 1] });
      for (const index of ['0', '1']) {
        const content = readFileSync(join(own, 'group1', index, 'data', file.remoteFilename.slice(4)));
        expect(crc32(content)).toBe(sum);
      }
    }
    for (const index of ['0', '1']) expect(readdirSync(join(own, 'group1', index, 'tmp'))).toEqual([]);
  } finally {
    await again.stop();
  }
  expect(stored.size).toBeGreaterThan(ROUNDS);
  expect(described.size).toBeGreaterThan(ROUNDS);
});

it('the temporary directory of a killed process is removed by the next start', async () => {
  const running = await startRunning(server, {});
  const left = running.directory;
  expect(existsSync(left)).toBe(true);
  expect(dirname(left)).toBe(tmpdir());
  await killServer(running);
  const fdfs = await EmbeddedFastDFS.start();
  await expect.poll(() => existsSync(left), { timeout: 5000 }).toBe(false);
  expect(existsSync(fdfs.directory)).toBe(true);
  await fdfs.stop();
});

it('directories without a lock are removed once they are old, but not those of version 0.1, which has none', async () => {
  const paths = ['fastdfs-embedded-', 'embedded-fastdfs-'].map((prefix) =>
    mkdtempSync(join(tmpdir(), prefix)),
  );
  try {
    for (const path of paths) utimesSync(path, 0, 0);
    await using _ = await EmbeddedFastDFS.start();
    await expect.poll(() => paths.map((path) => existsSync(path)), { timeout: 5000 }).toEqual([false, true]);
  } finally {
    for (const path of paths) rmSync(path, { recursive: true, force: true });
  }
});

it(`a storage with ${RECORDS} changes to send starts at once, and sends them in 100 MiB of memory`, async () => {
  const own = join(directory, 'many');
  const log = join(own, 'group1', '0', 'sync');
  mkdirSync(log, { recursive: true });
  const lines = Array.from({ length: RECORDS }, (_, index) => {
    const number = String(index).padStart(6, '0');
    return `1700000000000 C M00/00/00/fwAAAWsHkUCECIoG${number}AI8_aMU729.txt\n`;
  });
  writeFileSync(join(log, 'binlog'), lines.join(''));
  const options = { groups: { group1: 2 }, directory: own };
  const running = await startRunning(server, options, true);
  await killServer(running);
  expect(running.peakBytes).toBeLessThan(100 * MIB);
  const own2 = join(directory, 'few');
  const idle = await startRunning(server, { ...options, directory: own2 }, true);
  await killServer(idle);
  // The processor may be busy with other tests: as long as an empty directory takes, and a little more.
  expect(running.startMs).toBeLessThan(3 * idle.startMs + 300);
});

it('a full disk leaves nothing half-written, and metadata and contents as they were', async (context) => {
  const disk = join(directory, 'disk');
  const small = mountSmallDisk(disk, 8);
  if (!small) return context.skip('mounting a small disk is not permitted');
  // A capacity that the disk does not have: it is full in the middle of a write, not at the check before it.
  const options = {
    directory: join(disk, 'kept'),
    capacityBytes: 2 ** 30,
    reservedBytes: 0,
    storageIds: false,
  };
  const filler = join(disk, 'filler');
  let fdfs = await EmbeddedFastDFS.start(options);
  try {
    const storage = fdfs.storageAddress('group1');
    const ask = async (code: number, body: Buffer) => {
      const raw = await Raw.connect(storage);
      const reply = await raw.request(code, body);
      raw.close();
      return reply as RawReply;
    };
    const store = async (code: number, content: string) =>
      (await ask(code, upload(content))).body.toString('latin1', 16);
    const [plain, log] = [await store(COMMAND.upload, 'plain'), await store(COMMAND.appender, 'log')];
    await ask(COMMAND.setMeta, setMeta(plain, 'O', 'a\x021'));
    const before = fdfs.files();
    const large = Buffer.alloc(2 ** 20, 'x');
    fillDisk(filler);
    for (const [code, body] of [
      [COMMAND.upload, upload('y'.repeat(5000))],
      [COMMAND.upload, upload(large)],
      [COMMAND.appender, upload(large)],
      [COMMAND.slave, slave(plain, '_s', 'jpg', large)],
      [COMMAND.append, append(log, large)],
      [COMMAND.setMeta, setMeta(plain, 'O', `a\x022\x01b\x02${'z'.repeat(200)}`)],
      [COMMAND.setMeta, setMeta(plain, 'M', `b\x02${'z'.repeat(200)}`)],
    ] as const)
      expect((await ask(code, body)).status).toBe(28);
    const folder = join(options.directory, 'group1', '0');
    expect(fdfs.files()).toEqual(before.map((file) => ({ ...file, modifiedAt: expect.any(Date) })));
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    expect((await ask(COMMAND.getMeta, named(plain))).body.toString()).toBe('a\x021');
    expect((await ask(COMMAND.download, download(log))).body.toString()).toBe('log');
    // Empty files take no room, but each takes a line of the binlog.
    const empty: string[] = [];
    const statuses = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const { status, body } = await ask(COMMAND.upload, upload(''));
      statuses.add(status);
      if (status === 0) empty.push(body.toString('latin1', 16));
    }
    expect(statuses).toEqual(new Set([0, 28]));
    rmSync(filler);
    expect((await ask(COMMAND.append, append(log, 'ged'))).status).toBe(0);
    expect((await ask(COMMAND.setMeta, setMeta(plain, 'M', 'b\x022'))).status).toBe(0);
    const later = await store(COMMAND.upload, 'later');
    await fdfs.stop();
    for (const line of readFileSync(join(folder, 'sync', 'binlog'), 'latin1')
      .trimEnd()
      .split('\n'))
      expect(line).toMatch(/^\d{13} [CAU] M00\/\S+( \d+ \d+)?$/);
    fdfs = await EmbeddedFastDFS.start(options);
    expect(fdfs.files().map(({ remoteFilename, size }) => [remoteFilename, size])).toEqual(
      [[plain, 5], [log, 6], [later, 5], ...empty.map((name) => [name, 0])].sort(),
    );
  } finally {
    await fdfs.stop();
    small.unmount();
  }
});

/** Writes until the disk takes no byte more. */
function fillDisk(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const size of [64 * 1024, 1]) {
      const block = Buffer.alloc(size);
      for (let i = 0; i < 100_000; i++) {
        try {
          writeSync(file, block);
        } catch (error) {
          expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
          break;
        }
      }
    }
  } finally {
    closeSync(file);
  }
}
