/** Listing, verifying and mirroring all files of a group, each beside bare sockets. */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FastDFSAdmin } from 'fastdfs-streams';
import type { BenchRun } from '../bench-run.js';
import { inChild } from '../children.js';
import { OURS } from '../contenders/index.js';
import { type Figures, Rounds, type Row } from '../report.js';
import { MIB } from '../transfers/jobs.js';
import { noise, removeAll } from '../transfers/measure.js';
import { type AdminJob, type AdminMeasured, FLOOR_LISTED, type Task } from './jobs.js';

const TASKS: readonly Task[] = ['ls', 'verify', 'mirror'];
const SMALL_BYTES = 4096;
const LARGE_FILES = 4;
const LARGE_MIB = 64;
const UPLOADS_AT_ONCE = 16;
/** A storage lists what it has written to its log: every 60 s, unless configured otherwise. */
const LISTED_LIMIT_MS = 180_000;

export async function* measureAdmin(bench: BenchRun): AsyncGenerator<{ title: string; rows: Row[] }> {
  const { trackers, rounds: count, listedFiles } = bench;
  await using admin = new FastDFSAdmin({ trackers });
  const [{ name: group } = { name: '' }] = await admin.listGroups();
  const storages = (await admin.listStorages(group)).filter(({ status }) => status === 'ACTIVE');
  const made: string[] = [];
  try {
    await makeFiles(bench, group, made);
    for (const { id } of storages) await untilListed(admin, group, id, made);
    for (const task of TASKS) {
      const rounds = new Rounds();
      for (let round = 0; round < count; round++) {
        for (const contender of round % 2 ? [FLOOR_LISTED, OURS] : [OURS, FLOOR_LISTED]) {
          const job = { contender, task, trackers, group, storages };
          await rounds.add(contender, () => measureOnce(bench, job));
        }
      }
      const title = `${task} of ${listedFiles} files of 4 KiB and ${LARGE_FILES} of ${LARGE_MIB} MiB`;
      yield { title, rows: rounds.rows(`admin-${task}`) };
    }
  } finally {
    await removeAll(bench, made);
  }
}

async function measureOnce(bench: BenchRun, job: Omit<AdminJob, 'folder'>): Promise<Figures> {
  const folder = path.join(bench.folder, 'admin');
  mkdirSync(folder);
  try {
    const measured = await inChild<AdminMeasured>('admin/worker.js', { ...job, folder });
    const { files, bytes, seconds, cpuSeconds, peakRss } = measured;
    return {
      s: seconds,
      'files/s': files / seconds,
      ...(bytes > 0 && { 'MiB/s': bytes / MIB / seconds }),
      'µs CPU/file': (cpuSeconds * 1e6) / files,
      'MiB peak RSS': peakRss / MIB,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function makeFiles(
  { client, folder, listedFiles }: BenchRun,
  group: string,
  made: string[],
): Promise<void> {
  let left = listedFiles;
  const lane = async () => {
    while (left-- > 0) made.push((await client.upload(randomBytes(SMALL_BYTES), { group })).fileId);
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, lane));
  const local = path.join(folder, 'large');
  await pipeline(noise(LARGE_MIB * MIB), createWriteStream(local));
  for (let index = 0; index < LARGE_FILES; index++) {
    const content = createReadStream(local);
    made.push((await client.upload(content, { group, size: LARGE_MIB * MIB })).fileId);
  }
  rmSync(local);
}

async function untilListed(
  admin: FastDFSAdmin,
  group: string,
  storage: string,
  fileIds: string[],
): Promise<void> {
  const limit = Date.now() + LISTED_LIMIT_MS;
  for (;;) {
    const missing = new Set(fileIds);
    for await (const { fileId } of admin.listFiles(group, { storage })) missing.delete(fileId);
    if (missing.size === 0) return;
    if (Date.now() > limit) throw new Error(`storage ${storage} does not list ${missing.size} files`);
    await sleep(1000);
  }
}
