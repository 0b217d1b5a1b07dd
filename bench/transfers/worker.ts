/** One contender, one job, in a process of its own: so that time, CPU and memory are its alone. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { CONTENDERS, type Contender } from '../contenders/index.js';
import { cpuSeconds, peakRss, serve } from '../own-process.js';
import type { Job, Latency, Measured } from './jobs.js';

type Run = (index: number) => Promise<unknown>;

serve<Job, Measured>(async (job) => {
  const contender = await CONTENDERS[job.contender]!(job.trackers, job.concurrency);
  const target = path.join(job.folder, `target-${process.pid}`);
  const made: string[] = [];
  try {
    const run = runOf(contender, job, target, made);
    await repeat(Math.min(job.times, job.warmUp), job.concurrency, run);
    rmSync(target, { force: true });
    const cpu = cpuSeconds();
    const started = performance.now();
    const milliseconds = await repeat(job.times, job.concurrency, run);
    return {
      seconds: (performance.now() - started) / 1000,
      cpuSeconds: cpuSeconds() - cpu,
      peakRss: peakRss(),
      latency: latencyOf(milliseconds),
      made,
    };
  } finally {
    rmSync(target, { force: true });
    await contender.close();
  }
});

function runOf(contender: Contender, job: Job, target: string, made: string[]): Run {
  const keep = async (fileId: Promise<string>) => void made.push(await fileId);
  const idOf = (index: number) => job.fileIds![index % job.fileIds!.length]!;
  const { upload, download, uploadFile, uploadUnknown, downloadFile, drain } = contender;
  const runs: Record<Job['kind'], Run | undefined> = {
    upload: upload && (() => keep(upload(job.content!))),
    download: download && ((index) => download(idOf(index))),
    uploadFile: uploadFile && (() => keep(uploadFile(job.path!))),
    uploadUnknown: uploadUnknown && (() => keep(uploadUnknown(job.path!))),
    downloadFile: downloadFile && ((index) => downloadFile(idOf(index), target)),
    drain: drain && ((index) => drain(idOf(index))),
  };
  const run = runs[job.kind];
  if (!run) throw new Error('cannot do this');
  return run;
}

/** `times` runs, `concurrency` of them at any moment. Returns how long each took. */
async function repeat(times: number, concurrency: number, run: Run): Promise<Float64Array> {
  const milliseconds = new Float64Array(times);
  let next = 0;
  const lane = async () => {
    let started = performance.now();
    while (next < times) {
      const index = next++;
      await run(index);
      // One look at the clock for each run: the end of one is the start of the next.
      const ended = performance.now();
      milliseconds[index] = ended - started;
      started = ended;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, times) }, lane));
  return milliseconds;
}

function latencyOf(milliseconds: Float64Array): Latency {
  const sorted = milliseconds.toSorted();
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
  const mean = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  return { p50: at(0.5), mean, p99: at(0.99) };
}
