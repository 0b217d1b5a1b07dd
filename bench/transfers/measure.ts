/** Every contender at one transfer, in interleaved rounds. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BenchRun } from '../bench-run.js';
import { inChild } from '../children.js';
import { C_CLIENT, CONTENDERS, OURS_WIDE } from '../contenders/index.js';
import { isInstalled } from '../contenders/npm-peers.js';
import { type Figures, Rounds, type Row } from '../report.js';
import { GIB, type Job, type Measured, MIB, type Transfer } from './jobs.js';

/** Files that the small downloads take turns with. */
const SMALL_FILES = 200;
const REMOVALS_AT_ONCE = 16;

export async function measureTransfer(
  bench: BenchRun,
  transfer: Transfer,
  contenders = contendersOf(bench),
): Promise<Row[]> {
  const job = await prepare(bench, transfer);
  const rounds = new Rounds();
  for (let round = 0; round < bench.rounds; round++) {
    for (const contender of turned(contenders, round)) {
      if (!canDo(bench, contender, transfer)) continue;
      await rounds.add(contender, async () => {
        const measured = await measureOnce(bench, { ...job, contender });
        await removeAll(bench, measured.made);
        return figuresOf(transfer, measured);
      });
    }
  }
  await removeAll(bench, job.fileIds ?? []);
  return rounds.rows(transfer.id);
}

/** Another one first in each round: the first one meets what the machine did before. */
function turned(contenders: string[], round: number): string[] {
  const first = round % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

/** All that can be had here, this package once. */
export function contendersOf({ cClient }: BenchRun): string[] {
  const here = Object.keys(CONTENDERS).filter((name) => {
    if (name === OURS_WIDE) return false;
    const [, peer] = /^npm (.*)/.exec(name) ?? [];
    return peer === undefined || isInstalled(peer);
  });
  return typeof cClient === 'string' ? here : [...here, C_CLIENT];
}

/** Content of unknown length is beyond the others. */
function canDo({ cClient }: BenchRun, contender: string, { kind }: Transfer): boolean {
  if (contender === C_CLIENT) return typeof cClient !== 'string' && cClient.can(kind);
  return kind !== 'uploadUnknown' || !contender.startsWith('npm ');
}

async function measureOnce({ cClient }: BenchRun, job: Job): Promise<Measured> {
  if (job.contender === C_CLIENT && typeof cClient !== 'string') return await cClient.measure(job);
  return await inChild<Measured>('transfers/worker.js', job);
}

function figuresOf({ bytes, times }: Transfer, measured: Measured): Figures {
  const { seconds, cpuSeconds, peakRss, latency } = measured;
  const rss = { 'MiB peak RSS': peakRss / MIB };
  if (bytes < MIB) {
    return {
      'op/s': times / seconds,
      'ms p50': latency.p50,
      'ms mean': latency.mean,
      'ms p99': latency.p99,
      'µs CPU/op': (cpuSeconds * 1e6) / times,
      ...rss,
    };
  }
  return {
    s: seconds,
    'MiB/s': (times * bytes) / MIB / seconds,
    'ms CPU/GiB': (cpuSeconds * 1000 * GIB) / (times * bytes),
    ...rss,
  };
}

/** What the job needs to be there: content, a local file, files on the server. */
async function prepare(bench: BenchRun, transfer: Transfer): Promise<Omit<Job, 'contender'>> {
  const { kind, bytes, concurrency, times, warmUp } = transfer;
  const { client, folder, trackers } = bench;
  const job = { kind, trackers, concurrency, times, warmUp, folder };
  if (kind === 'upload') return { ...job, content: randomBytes(bytes) };
  if (kind === 'download') {
    const uploads = Array.from({ length: SMALL_FILES }, () => client.upload(randomBytes(bytes)));
    return { ...job, fileIds: (await Promise.all(uploads)).map(({ fileId }) => fileId) };
  }
  const local = path.join(folder, 'content');
  await pipeline(noise(bytes), createWriteStream(local));
  if (kind === 'uploadFile' || kind === 'uploadUnknown') return { ...job, path: local };
  return { ...job, fileIds: [(await client.uploadFile(local)).fileId] };
}

export function* noise(bytes: number): Generator<Buffer> {
  const block = randomBytes(MIB);
  for (let left = bytes; left > 0; left -= block.length)
    yield left < block.length ? block.subarray(0, left) : block;
}

export async function removeAll({ client }: BenchRun, fileIds: string[]): Promise<void> {
  const left = [...fileIds];
  const lane = async () => {
    for (let fileId = left.pop(); fileId; fileId = left.pop()) await client.delete(fileId);
  };
  await Promise.all(Array.from({ length: REMOVALS_AT_ONCE }, lane));
}
