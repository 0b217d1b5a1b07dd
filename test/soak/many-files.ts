/** An embedded directory with 100,000 files: how long a start takes and how much memory it needs, in a process of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedOptions } from '../../src/embedded/index.js';
import { NameMaker } from '../../src/embedded/storage/file-names.js';
import { bundleServer, killServer, startRunning } from '../embedded/server-process.js';
import { count, mib, ms, row } from './report.js';

const FILES = 100_000;
const FILES_PER_FOLDER = 100;
const MOST_MS = 1000;
const MOST_BYTES = 100 * 2 ** 20;

const STARTS: ReadonlyArray<[title: string, options: EmbeddedOptions]> = [
  // The second storage is new: it gets every file.
  ['and a second storage that has none of them', { groups: { group1: 2 } }],
  ['as it was left', { groups: { group1: 2 } }],
  ['and a capacity to count against', { capacityBytes: 2 ** 30 }],
  ['and trunk mode', { trunk: true }],
];

export async function manyFiles(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'soak-many-'));
  try {
    const server = await bundleServer(folder);
    const directory = join(folder, 'kept');
    makeFiles(join(directory, 'group1', '0'));
    for (const [title, options] of STARTS) {
      const running = await startRunning(server, { ...options, directory }, true);
      await killServer(running);
      row(
        `start with ${count(FILES)} files, ${title}`,
        `${ms(running.startMs)}, at most ${mib(running.peakBytes)}`,
        running.startMs <= MOST_MS && running.peakBytes <= MOST_BYTES,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As uploads leave them, with their binlog. */
function makeFiles(storage: string): void {
  const names = new NameMaker();
  const toHex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');
  const lines: string[] = [];
  let directory = '';
  for (let index = 0; index < FILES; index++) {
    const turn = Math.floor(index / FILES_PER_FOLDER);
    if (index % FILES_PER_FOLDER === 0) {
      directory = `${toHex(turn >> 8)}/${toHex(turn & 255)}/`;
      mkdirSync(join(storage, 'data', directory), { recursive: true });
    }
    const fields = { source: '100001', size: 10, crc32: 0, appender: false };
    const name = names.make(`M00/${directory}`, fields, '123.txt');
    writeFileSync(join(storage, 'data', name.slice(4)), '0123456789');
    lines.push(`${Date.now()} C ${name}\n`);
  }
  mkdirSync(join(storage, 'sync'));
  writeFileSync(join(storage, 'sync', 'binlog'), lines.join(''));
}
