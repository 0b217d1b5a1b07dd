/** Four processes write, remove, copy and move blobs under a hundred keys at the same time: nothing is lost, nothing is left. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, FastDFSAdmin, type FastDFSClient } from '../../src/index.js';
import { KINDS, openIndex } from '../adapters/indexes/kinds.js';
import { findLeftovers, runWriter } from '../adapters/indexes/processes.js';
import { count, ms, row, skipped } from './report.js';
import { ServerProcess } from './server-process-handle.js';

const PROCESSES = 4;
const OPERATIONS = 10_000;
const KEYS = 100;
const CONCURRENCY = 8;
/** Storages write their logs every second, and changes reach the others after that. */
const LISTING_MS = 30_000;

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
        const listed = await findListed(
          client,
          entries.map(([, fileId]) => fileId),
          new Set(made),
        );
        const stored = server ? await server.files() : entries.length;
        row(
          title,
          `${count(made.length)} files stored in ${ms(took)}: ${broken.length} keys lost, ${orphans.length} orphans; ` +
            `findOrphans() finds ${listed.length} faults; ${entries.length} keys and ${stored} files at the end`,
          broken.length + orphans.length + listed.length === 0 &&
            stored === entries.length &&
            made.length > OPERATIONS / 2,
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

/** What the lists of the storages and the keys do not agree on, of the files that were made here. */
async function findListed(
  client: FastDFSClient,
  known: readonly string[],
  made: ReadonlySet<string>,
): Promise<string[]> {
  const admin = new FastDFSAdmin(client);
  const deadline = performance.now() + LISTING_MS;
  for (;;) {
    const faults: string[] = [];
    for await (const { problem, fileId } of admin.findOrphans(known)) {
      if (made.has(fileId)) faults.push(`${problem} ${fileId}`);
    }
    if (faults.length === 0 || performance.now() > deadline) return faults;
    await delay(500);
  }
}
