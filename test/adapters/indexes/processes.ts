/** Runs writers as processes of their own, and checks what they leave. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { KeyIndex } from '../../../src/adapters/indexes/index.js';
import type { FastDFSClient } from '../../../src/index.js';
import type { WriterJob } from './writer.js';

/** How long a change may take to reach every storage of a group. */
const REPLICATION_MS = 15_000;

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url));

export function startWriter(job: WriterJob): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', WRITER, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Runs a writer to its end. @returns ids of the files that it has made */
export async function runWriter(job: WriterJob): Promise<string[]> {
  const child = startWriter(job);
  const fileIds: string[] = [];
  createInterface(child.stdout!).on('line', (line) => fileIds.push(line));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`writer ${job.seed} ended with ${code}`);
  return fileIds;
}

export interface Leftovers {
  /** Keys that lead to no file, or to a file that is not whole. */
  broken: string[];
  /** Files that exist and no key leads to. */
  orphans: string[];
  entries: [string, string][];
}

/** Compares the index with the files that its writers have made. */
export async function findLeftovers(
  client: FastDFSClient,
  index: KeyIndex,
  made: string[],
): Promise<Leftovers> {
  const entries = await index.entries!('');
  const live = new Set(entries.map(([, fileId]) => fileId));
  const broken: string[] = [];
  for (const [key, fileId] of entries) {
    const text = await client.download(fileId).then(String, (error: Error) => error.message);
    if (!/^written by \d+ as number \d+$/.test(text)) broken.push(`${key}: ${text}`);
  }
  const orphans = await waitForDeletes(
    client,
    made.filter((fileId) => !live.has(fileId)),
  );
  return { broken, orphans, entries };
}

/** A storage that is behind still answers for a file that was deleted at its source. @returns the files that remain */
async function waitForDeletes(client: FastDFSClient, fileIds: string[]): Promise<string[]> {
  const deadline = Date.now() + REPLICATION_MS;
  for (let left = fileIds; ; await delay(100)) {
    left = await findExisting(client, left);
    if (left.length === 0 || Date.now() > deadline) return left;
  }
}

async function findExisting(client: FastDFSClient, fileIds: string[]): Promise<string[]> {
  const rest = [...fileIds];
  const existing: string[] = [];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let fileId = rest.pop(); fileId !== undefined; fileId = rest.pop())
        if (await client.exists(fileId)) existing.push(fileId);
    }),
  );
  return existing;
}
