/** The directory on disk: one process at a time, nothing half-written after a kill, nothing left of killed processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseFileId } from '../../src/core/model/file-id.js';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient } from '../../src/index.js';
import { mountSmallDisk } from '../helpers/small-disk.js';
import { Raw, type RawReply } from './raw.js';
import { append, COMMAND, download, named, setMeta, slave, upload } from './requests.js';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 6);
const SOURCE = fileURLToPath(new URL('./killed-server.ts', import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embedded-directory-'));
  const bundle = await rolldown({ input: SOURCE, platform: 'node' });
  await bundle.write({ file: join(directory, 'server.mjs'), format: 'esm' }); // starts faster than the sources
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function startProcess(...args: string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [join(directory, 'server.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout!);
  const [line] = (await once(lines, 'line')) as [string];
  return { child, line };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

it('a directory in use is refused, by this process and by others, until its cluster ends', async () => {
  const own = join(directory, 'locked');
  const first = await EmbeddedFastDFS.start({ directory: own });
  await expect(EmbeddedFastDFS.start({ directory: own })).rejects.toMatchObject({
    code: 'FASTDFS_ARGUMENT',
    message: expect.stringContaining('in use'),
  });
  const { child, line } = await startProcess(own);
  expect(line).toContain('in use');
  if (child.exitCode === null) await once(child, 'exit');
  await first.stop();
  const second = await EmbeddedFastDFS.start({ directory: own });
  await second.stop();
});

it(`${ROUNDS} kills at random moments leave every acknowledged file whole, and nothing half-written`, {
  timeout: 60_000 + ROUNDS * 2000,
}, async () => {
  const own = join(directory, 'killed');
  const stored = new Map<string, Buffer>();
  const described = new Set<string>();
  let { child, line } = await startProcess(own);
  for (let round = 0; round < ROUNDS; round++) {
    await using client = createClient({ trackers: line, retry: { retries: 0 }, networkTimeoutMs: 2000 });
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
    child.kill('SIGKILL');
    killed = true;
    await Promise.all([once(child, 'exit'), ...work]);
    ({ child, line } = await startProcess(own));
  }
  const client = createClient({ trackers: line });
  for (const [fileId, content] of stored) {
    expect((await client.download(fileId)).equals(content)).toBe(true);
    if (!described.has(fileId)) continue;
    expect(await client.getMetadata(fileId)).toMatchObject({ size: String(content.length) });
  }
  await client.close();
  await kill(child);
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
  const { child, line } = await startProcess();
  const left = line.split(' ')[1]!;
  expect(existsSync(left)).toBe(true);
  expect(dirname(left)).toBe(tmpdir());
  await kill(child);
  const fdfs = await EmbeddedFastDFS.start();
  await expect.poll(() => existsSync(left), { timeout: 5000 }).toBe(false);
  expect(existsSync(fdfs.directory)).toBe(true);
  await fdfs.stop();
});

it('a full disk leaves nothing half-written, and metadata and contents as they were', async (context) => {
  const disk = join(directory, 'disk');
  const unmount = mountSmallDisk(disk, 8);
  if (!unmount) return context.skip('mounting a small disk is not permitted');
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
    unmount();
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
