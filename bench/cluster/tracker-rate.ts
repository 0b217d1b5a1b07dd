/** How many questions one tracker answers, asked by the floor. */
import type { BenchRun } from '../bench-run.js';
import { inChild } from '../children.js';
import { Rounds, type Row } from '../report.js';
import type { Asked, Questions } from './tracker-worker.js';

const CONCURRENCY = 64;

export async function measureTracker({
  client,
  trackers,
  rounds: count,
  smallTimes,
}: BenchRun): Promise<Row[]> {
  const { fileId } = await client.upload('asked for');
  const rounds = new Rounds();
  for (let round = 0; round < count; round++) {
    for (const about of ['store', 'fetch'] as const) {
      await rounds.add(`where to ${about}`, async () => {
        const questions: Questions = {
          tracker: trackers[0]!,
          about,
          fileId,
          times: smallTimes * 2,
          concurrency: CONCURRENCY,
        };
        const { seconds, cpuSeconds } = await inChild<Asked>('cluster/tracker-worker.js', questions);
        return {
          'queries/s': questions.times / seconds,
          'µs CPU/query of the asker': (cpuSeconds * 1e6) / questions.times,
        };
      });
    }
  }
  await client.delete(fileId);
  return rounds.rows('tracker');
}
