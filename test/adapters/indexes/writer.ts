/**
 * A process that shares keys with others: `writer.ts <job as JSON>`. It writes, removes, copies and moves blobs at random, and prints
 * the ids of the files it has made, one a line. With `hangBeforeSwap` it uploads one blob, prints `stored`, and never swaps.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BlobNotFoundError, fdfsBlobStore } from '../../../src/adapters/blob-store/index.js';
import { createClient, ServerError } from '../../../src/index.js';
import { openIndex } from './kinds.js';

export interface WriterJob {
  trackers: string[];
  kind: string;
  location: string;
  name: string;
  seed: number;
  writes: number;
  keys: number;
  concurrency: number;
  /** The storages are real ones: between two folders they answer an upload with 2, now and then. */
  real?: boolean;
  hangBeforeSwap?: boolean;
}

/** What a blob holds: its writer, and how often it has written. */
export function contentFor(seed: number, n: number): string {
  return `written by ${seed} as number ${n}`;
}

const job = JSON.parse(process.argv[2] ?? '{}') as WriterJob;
const client = createClient({ trackers: job.trackers, pool: { maxPerServer: job.concurrency } });
const index = openIndex(job.kind, job.location, job.name);

/** Deterministic: a run can be repeated. */
let state = job.seed * 2654435761;
function random(below: number): number {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor((state / 2147483648) * below);
}

async function storm(): Promise<void> {
  const store = fdfsBlobStore(client, { index });
  let done = 0;
  const key = () => `key-${random(job.keys)}`;
  const work = async () => {
    while (done < job.writes) {
      const n = done++;
      const kind = random(20);
      try {
        if (kind === 0) await store.remove(key());
        else if (kind === 1) await store.move(key(), key());
        else if (kind === 2) await store.copy(key(), key());
        else console.log((await store.put(key(), contentFor(job.seed, n))).fileId);
      } catch (error) {
        const isRefused = job.real && error instanceof ServerError && error.command === 'UPLOAD_FILE';
        if (!(error instanceof BlobNotFoundError) && !isRefused) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: job.concurrency }, work));
}

async function hang(): Promise<void> {
  await index.get('opens the index');
  const swap = async (): Promise<boolean> => {
    console.log('stored');
    await delay(60_000);
    return false;
  };
  const store = fdfsBlobStore(client, {
    index: { get: (key) => index.get(key), keys: (prefix, page) => index.keys(prefix, page), swap },
    keepKey: true,
  });
  await store.put('key-0', 'never reachable');
}

if (process.argv[1]?.endsWith('writer.ts')) {
  await (job.hangBeforeSwap ? hang() : storm());
  await client.close();
  await index.close?.();
}
