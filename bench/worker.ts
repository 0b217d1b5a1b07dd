/** One contender, one job, in a process of its own: so that time, CPU and memory are its alone. */
import { rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONTENDERS } from './contenders.js';
import type { Job, Measured } from './jobs.js';

async function work(job: Job): Promise<Measured | undefined> {
  const contender = await CONTENDERS[job.contender]!(job.trackers, job.concurrency);
  if (!contender) return undefined;
  const made: string[] = [];
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 10);
  const target = path.join(job.folder ?? tmpdir(), `bench-${process.pid}`);
  try {
    const run = {
      upload: contender.upload && (async () => void made.push(await contender.upload!(job.content!))),
      download:
        contender.download &&
        ((index: number) => contender.download!(job.fileIds![index % job.fileIds!.length]!)),
      uploadFile:
        contender.uploadFile &&
        (async () => void made.push(await contender.uploadFile!(job.path!, statSync(job.path!).size))),
      uploadUnknown:
        contender.uploadUnknown && (async () => void made.push(await contender.uploadUnknown!(job.path!))),
      downloadFile: contender.downloadFile && (() => contender.downloadFile!(job.fileIds![0]!, target)),
      drain: contender.drain && (() => contender.drain!(job.fileIds![0]!)),
    }[job.kind];
    if (!run) return undefined;
    await repeat(Math.min(job.times, job.warmUp), job.concurrency, run);
    const cpu = process.cpuUsage();
    const started = performance.now();
    await repeat(job.times, job.concurrency, run);
    const seconds = (performance.now() - started) / 1000;
    const used = process.cpuUsage(cpu);
    return { seconds, times: job.times, cpuSeconds: (used.user + used.system) / 1e6, peakRss: peak, made };
  } finally {
    clearInterval(watch);
    rmSync(target, { force: true });
    await contender.close();
  }
}

/** `times` runs, `concurrency` of them at any moment. */
async function repeat(
  times: number,
  concurrency: number,
  run: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < times) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, times) }, lane));
}

process.once('message', (job: Job & { content?: { data: number[] } }) => {
  work(job).then(
    (measured) => process.send!({ measured }, () => process.exit(0)),
    (error) => process.send!({ error: String(error?.stack ?? error) }, () => process.exit(1)),
  );
});
