/** What an open stream costs in memory. */
import { randomBytes } from 'node:crypto';
import { createClient } from 'fastdfs-streams';
import { type BenchRun, startEmbedded } from '../bench-run.js';
import { inChild } from '../children.js';
import { OURS } from '../contenders/index.js';
import { Rounds, type Row } from '../report.js';
import { MIB } from '../transfers/jobs.js';
import type { Held, HeldMemory } from './worker.js';

export const STREAMS = 2000;
/** What a process may have without any stream. */
const ALLOWED_MIB = 100;

/**
 * Against the embedded server unless BENCH_STREAMS_ON_CLUSTER is set: a storage takes 256 connections unless configured
 * more, and the memory looked at is the client's.
 */
export async function measureStreams(bench: BenchRun, kind: Held['kind']): Promise<Row[]> {
  const onCluster = process.env.BENCH_STREAMS_ON_CLUSTER !== undefined;
  const server = onCluster ? undefined : await startEmbedded();
  const trackers = server?.trackers ?? bench.trackers;
  const client = createClient({ trackers });
  try {
    const { fileId } = await client.upload(randomBytes(MIB));
    const rounds = new Rounds();
    for (let round = 0; round < bench.rounds; round++) {
      await rounds.add(OURS, () => measureOnce({ kind, trackers, count: STREAMS, fileId, bytes: MIB }));
    }
    await client.delete(fileId);
    return rounds.rows(`streams-${kind}`);
  } finally {
    await client.close();
    server?.stop();
  }
}

async function measureOnce(held: Held) {
  const { before, peak } = await inChild<HeldMemory>('streams/worker.js', held);
  return {
    [`KiB a stream above ${ALLOWED_MIB} MiB`]: (peak / 1024 - ALLOWED_MIB * 1024) / held.count,
    'KiB a stream in all': (peak - before) / 1024 / held.count,
    'MiB peak RSS': peak / MIB,
  };
}
