/** A public server under attack, while somebody with honest business goes on using it. */
import type { FastDFSClient } from '../../src/index.js';
import { Attackers, openings } from './attackers.js';
import { bytes } from './bytes.js';
import { countInUse } from './in-use.js';
import { MIB, openFiles, Peak, settledMemory } from './memory.js';
import { PublicServer, TUS } from './public-server.js';

export interface Force {
  /** Requests that stop in the middle: of the head, of a form, of a resumable upload. */
  halfOpen: number;
  /** Who ask for 16 MiB and never read. */
  deaf: number;
  /** Bodies at a byte every {@link EVERY_MS}. */
  crawling: number;
  /** Readers at the same pace. */
  sipping: number;
  /** Who leave in mid-body, all at one moment. */
  vanishing: number;
  /** Honest uploads and downloads meanwhile. */
  honest: number;
}

export interface Aftermath {
  /** Connections of attackers that stood at one time. */
  crowd: number;
  /** Answers to honest requests that were wrong. */
  wrong: number;
  slowestMs: number;
  /** Connections to FastDFS that crawling and half-open bodies held. */
  held: number;
  peakBytes: number;
  /** From when the attackers had left until no connection was leased. */
  freeMs: number;
  leased: number;
  grownBytes: number;
  /** Open files and sockets, before and after. */
  handles: [before: number, after: number];
  /** Files that should not remain. */
  strays: number;
}

const EVERY_MS = 50;
/** Resumable uploads that the attackers share; one upload serves one of them at a time. */
const UPLOADS = 50;
const SETTLE_MS = 40_000;

/** @param files how many files there are on the server */
export async function assault(
  client: FastDFSClient,
  files: () => number | Promise<number>,
  force: Force,
): Promise<Aftermath> {
  await using site = await PublicServer.over(client);
  const attackers = new Attackers(site.port);
  const { fileId } = await client.upload(bytes(16 * MIB), { group: 'group1' });
  const uploads: string[] = [];
  for (let made = 0; made < UPLOADS; made++) uploads.push(await site.begin(1_000_000));
  const upload = (index: number) => uploads[index % uploads.length]!;
  await honestly(site, client, 2);
  const before = { memory: await settledMemory(), handles: openFiles() };
  const peak = new Peak(50);
  try {
    const halves = [
      () => openings.head(fileId),
      () => openings.form(),
      (index: number) => openings.patch(upload(index)),
    ];
    await attackers.lurk(many(force.halfOpen, (index) => halves[index % 3]!(index)));
    const bodies = [() => openings.form(), (index: number) => openings.patch(upload(index))];
    await attackers.crawl(
      many(force.crawling, (index) => bodies[index % 2]!(index)),
      EVERY_MS,
    );
    await settle(() => countInUse(client) === 0, SETTLE_MS);
    const held = countInUse(client);
    await attackers.sip(
      many(force.sipping, () => openings.get(fileId)),
      EVERY_MS,
    );
    await attackers.lurk(many(force.deaf, () => openings.get(fileId)));
    const crowd = attackers.present;
    const first = await honestly(site, client, force.honest);

    const ways = [
      () => openings.form(),
      (index: number) => openings.patch(upload(index)),
      () => openings.get(fileId),
    ];
    const leaving = attackers.vanish(
      many(force.vanishing, (index) => ways[index % 3]!(index)),
      bytes(200_000),
    );
    const second = await honestly(site, client, force.honest);
    await leaving;

    const { heap, buffers } = peak.stop();
    attackers.leave();
    const left = performance.now();
    await settle(() => countInUse(client) === 0 && attackers.present === 0, SETTLE_MS);
    const freeMs = performance.now() - left;
    const leased = countInUse(client);
    for (const path of uploads) await fetch(site.base + path, { method: 'DELETE', headers: TUS });
    await client.delete(fileId);
    return {
      crowd,
      wrong: first.wrong + second.wrong,
      slowestMs: Math.max(first.slowestMs, second.slowestMs),
      held,
      peakBytes: heap + buffers,
      freeMs,
      leased,
      grownBytes: (await settledMemory()) - before.memory,
      handles: [before.handles, openFiles()],
      strays: await files(),
    };
  } finally {
    peak.stop();
    attackers.leave();
  }
}

/** Uploads by form and reads back, one after the other, as one user does it. */
async function honestly(
  site: PublicServer,
  client: FastDFSClient,
  rounds: number,
): Promise<{ wrong: number; slowestMs: number }> {
  let wrong = 0;
  let slowestMs = 0;
  for (let round = 0; round < rounds; round++) {
    const content = bytes(50_000, round + 1);
    const started = performance.now();
    try {
      const fileId = await site.post(content);
      if (!(await site.get(`/f/${fileId}`)).equals(content)) wrong++;
      await client.delete(fileId);
    } catch (error) {
      console.error(error);
      wrong++;
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  return { wrong, slowestMs };
}

async function settle(settled: () => boolean, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!settled() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}

function many(count: number, make: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
