/** The directory on disk: one process at a time, nothing half-written after a kill, nothing left of killed processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
