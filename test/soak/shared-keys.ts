/** Four processes write, remove, copy and move blobs under a hundred keys at the same time: nothing is lost, nothing is left. */
import { createClient } from '../../src/index.js';
import { KINDS, openIndex } from '../adapters/indexes/kinds.js';
import { findLeftovers, runWriter } from '../adapters/indexes/processes.js';
import { count, ms, row, skipped } from './report.js';
import { ServerProcess } from './server-process-handle.js';

const PROCESSES = 4;
const OPERATIONS = 10_000;
const KEYS = 100;
const CONCURRENCY = 8;

/** On a cluster that runs already where `FDFS_TEST_TRACKERS` names one, else on an embedded server in another process. */
export async function sharedKeys(): Promise<void> {
  const named = process.env.FDFS_TEST_TRACKERS?.split(',');
  const server = named ? undefined : await ServerProcess.start();
  const trackers = named ?? server!.trackers;
  try {
    for (const { kind, obstacle, shared, start } of KINDS) {
      if (!shared) continue;
      const title = `${count(OPERATIONS)} concurrent writes of ${KEYS} keys in ${PROCESSES} processes, ${kind}`;
      if (obstacle !== undefined) {
        skipped(title, obstacle);
        continue;
      }
      const place = await start();
      try {
        const began = performance.now();
        const jobs = Array.from({ length: PROCESSES }, (_, seed) => ({
          trackers,
          real: named !== undefined,
          kind,
          location: place.location,
          name: 'soak',
          seed: seed + 1,
          writes: OPERATIONS / PROCESSES,
          keys: KEYS,
          concurrency: CONCURRENCY,
        }));
        const made = (await Promise.all(jobs.map(runWriter))).flat();
        const took = performance.now() - began;
        const index = openIndex(kind, place.location, 'soak');
        const client = createClient({ trackers });
        const { broken, orphans, entries } = await findLeftovers(client, index, made);
        const stored = server ? await server.files() : entries.length;
        row(
          title,
          `${count(made.length)} files stored in ${ms(took)}: ${broken.length} keys lost, ${orphans.length} orphans; ` +
            `${entries.length} keys and ${stored} files at the end`,
          broken.length + orphans.length === 0 && stored === entries.length && made.length > OPERATIONS / 2,
        );
        for (const [, fileId] of entries) await client.delete(fileId);
        await client.close();
        await index.close!();
      } finally {
        await place.close();
      }
    }
  } finally {
    server?.stop();
  }
}
