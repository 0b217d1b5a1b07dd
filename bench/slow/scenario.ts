/** What `parallel` gives where a network limits each connection. */
import { createWriteStream, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BenchRun } from '../bench-run.js';
import { answerOf, inChild, start } from '../children.js';
import { Rounds, type Row } from '../report.js';
import { MIB } from '../transfers/jobs.js';
import { noise } from '../transfers/measure.js';
import type { SlowDownload } from './worker.js';

export const FOUR_CONNECTIONS = 'parallel: 4';
export const ONE_CONNECTION = 'parallel: 1';

const PARALLEL = { [FOUR_CONNECTIONS]: 4, [ONE_CONNECTION]: 1 };
export const MB_PER_SECOND = 20;
export const SLOW_MIB = 64;

export async function measureSlow(bench: BenchRun): Promise<Row[]> {
  const { client, trackers, folder, rounds: count } = bench;
  const local = path.join(folder, 'slow');
  await pipeline(noise(SLOW_MIB * MIB), createWriteStream(local));
  const { fileId } = await client.uploadFile(local);
  const [storage] = await client.locate(fileId);
  const proxy = start('slow/proxy.js');
  try {
    proxy.send({ ...storage!, bytesPerSecond: MB_PER_SECOND * 1e6 });
    const job = { trackers, fileId, target: local, port: await answerOf<number>(proxy) };
    const rounds = new Rounds();
    for (let round = 0; round < count; round++) {
      for (const [contender, parallel] of Object.entries(PARALLEL)) {
        await rounds.add(contender, async () => {
          const download: SlowDownload = { ...job, parallel };
          const seconds = await inChild<number>('slow/worker.js', download);
          return { s: seconds, 'MB/s': (SLOW_MIB * MIB) / 1e6 / seconds };
        });
      }
    }
    return rounds.rows('download-parallel');
  } finally {
    proxy.kill();
    rmSync(local, { force: true });
    await client.delete(fileId);
  }
}
