/** One contender, one task, in a process of its own, without a warm-up: operators start a process for each. */
import path from 'node:path';
import { FastDFSAdmin } from 'fastdfs-streams';
import { OURS } from '../contenders/index.js';
import { cpuSeconds, peakRss, serve } from '../own-process.js';
import { floorAt } from './floor.js';
import type { AdminJob, AdminMeasured, Handled } from './jobs.js';

serve<AdminJob, AdminMeasured>(async (job) => {
  const cpu = cpuSeconds();
  const started = performance.now();
  const handled = await (job.contender === OURS ? oursAt(job) : floorAt(job));
  const seconds = (performance.now() - started) / 1000;
  return { ...handled, seconds, cpuSeconds: cpuSeconds() - cpu, peakRss: peakRss() };
});

async function oursAt({ task, trackers, group, folder }: AdminJob): Promise<Handled> {
  await using admin = new FastDFSAdmin({ trackers });
  if (task === 'ls') {
    let files = 0;
    for await (const _ of admin.listFiles(group)) files++;
    return { files, bytes: 0 };
  }
  if (task === 'verify') {
    const verification = admin.verify({ group });
    for await (const { message, fileId } of verification) throw new Error(`${fileId}: ${message}`);
    return verification.summary;
  }
  const report = await admin.mirror({ directory: folder }, { group, map: path.join(folder, 'map') });
  for (const { error } of report.failures) throw error;
  return { files: report.copied, bytes: report.bytes };
}
