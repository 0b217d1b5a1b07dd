/** Ten million known ids against the files of a cluster: every difference is found, in bounded memory. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FilesCluster } from './cluster-files.js';
import { count, mib, ms, row } from './report.js';

const KNOWN = Number(process.env.SOAK_KNOWN ?? 10_000_000);
const MAX_RSS = 300 * 1024 * 1024;
/** Masters without slaves that the list leaves out. */
const LEFT_OUT = 100;

export async function findOrphans(
  { title, trackers }: FilesCluster,
  known: ReadonlySet<string>,
  folder: string,
): Promise<void> {
  const file = join(folder, 'known');
  const left = [...known].filter((fileId) => fileId.endsWith('.jpg')).slice(0, LEFT_OUT);
  const out = new Set(left);
  await writeFile(file, [...known].filter((fileId) => !out.has(fileId)).join('\n'));
  const invented = KNOWN - known.size + left.length;
  const script = `
    const { FastDFSAdmin } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)});
    const { createReadStream } = await import('node:fs');
    const { createInterface } = await import('node:readline');
    const admin = new FastDFSAdmin({ trackers: ${JSON.stringify(trackers)} });
    async function* known() {
      yield* createInterface({ input: createReadStream(${JSON.stringify(file)}) });
      // Of 2016, from 127.0.0.1, 11 bytes.
      for (let index = 0; index < ${invented}; index++) {
        yield 'group1/M00/00/00/fwAAAVc' + index.toString(36).padStart(8, '0') + 'QYEAAAACw1KA028.txt';
      }
    }
    const counts = {};
    for await (const { problem } of admin.findOrphans(known(), { group: 'group1', slaves: 'separate' })) {
      counts[problem] = (counts[problem] ?? 0) + 1;
    }
    await admin.close();
    console.log(JSON.stringify({ ...counts, rss: process.resourceUsage().maxRSS * 1024 }));`;
  const started = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const found = JSON.parse(stdout) as { orphan?: number; missing?: number; invalid?: number; rss: number };
  const { orphan = 0, missing = 0, invalid = 0, rss } = found;
  const duration = performance.now() - started;
  const figure = `${count(orphan)} orphans of ${left.length}, ${count(missing)} missing of ${count(invented)}, ${invalid} invalid, in ${ms(duration)}, RSS ${mib(rss)}`;
  const ok = orphan === left.length && missing === invented && invalid === 0 && rss <= MAX_RSS;
  row(`${title}: orphans among ${count(KNOWN)} known ids`, figure, ok);
}
