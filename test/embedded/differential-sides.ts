/** An embedded cluster beside a real one with the same settings, and the search for sequences that they answer differently. */
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedFastDFS, type EmbeddedOptions } from '../../src/embedded/index.js';
import { FastDFSAdmin } from '../../src/index.js';
import { makeSequence, runSequence, type Side, type Step, shrink } from './differential.js';
import { group16, Raw } from './raw.js';

const CONCURRENCY = 24;
const READY_MS = 30_000;
/** After this many differences the search ends. */
const ENOUGH = 5;
/** Addresses of their own, as the storages of the real cluster have. */
const OWN_HOSTS = { group1: ['127.0.0.1', '127.0.0.2'], group2: ['127.0.0.3'] };

export interface Sides {
  readonly version: string;
  readonly embedded: Side;
  readonly real: Side;
  stop(): Promise<void>;
}

/** @param trackers of a real cluster: group1 with two storages, group2 with one */
export async function startSides(trackers: readonly string[]): Promise<Sides> {
  const settings = await readSettings(trackers);
  const fdfs = await EmbeddedFastDFS.start(settings);
  const embedded = await findStorage(fdfs.trackers[0]!);
  const real = await findStorage(trackers[0]!);
  try {
    await waitUntilAlike(embedded.tracker, real.tracker);
  } catch (error) {
    await fdfs.stop();
    throw error;
  }
  return { version: settings.serverVersion!, embedded, real, stop: () => fdfs.stop() };
}

/** A storage that has become ACTIVE may be left out of the list for uploads for some seconds more. */
async function waitUntilAlike(embedded: string, real: string): Promise<void> {
  const [ours, theirs] = [await Raw.connect(embedded), await Raw.connect(real)];
  try {
    const { length } = await ours.ok(107, group16('group1'));
    const deadline = Date.now() + READY_MS;
    while ((await theirs.ok(107, group16('group1'))).length !== length) {
      if (Date.now() > deadline) throw new Error(`The storages of group1 are not ready after ${READY_MS} ms`);
      await delay(200);
    }
  } finally {
    ours.close();
    theirs.close();
  }
}

/** Reads from a real tracker what decides the bytes of replies. */
async function readSettings(trackers: readonly string[]): Promise<EmbeddedOptions> {
  const raw = await Raw.connect(trackers[0]!);
  const parameters = (await raw.ok(75)).toString();
  raw.close();
  await using admin = new FastDFSAdmin({ trackers: [...trackers] });
  const [group1, group2] = [await admin.listStorages('group1'), await admin.listStorages('group2')];
  // Replies are as long as the addresses in them: the same addresses, at other ports.
  const isLocal = [...group1, ...group2].every(({ host }) => host.startsWith('127.'));
  const hosts = { group1: group1.map(({ host }) => host), group2: group2.map(({ host }) => host) };
  return {
    groups: { group1: 2, group2: 1 },
    storageHosts: isLocal ? hosts : OWN_HOSTS,
    storeLookup: 0,
    serverVersion: group1[0]!.version,
    storageIds: parameters.includes('use_storage_id=1'),
    trunk: parameters.includes('use_trunk_file=1'),
    addressBytes: parameters.includes('response_ip_addr_size=46') ? 46 : 16,
  };
}

async function findStorage(tracker: string): Promise<Side> {
  const raw = await Raw.connect(tracker);
  const where = await raw.ok(104, group16('group1'));
  raw.close();
  // An address has 15 bytes or 45; the store path follows the port.
  const storage = `${where.toString('latin1', 16, where.indexOf(0, 16))}:${where.readBigInt64BE(where.length - 9)}`;
  return { tracker, storage };
}

export interface Search {
  readonly sequences: number;
  /** On each side. */
  readonly requests: number;
  /** Each as text: the seed, the fewest steps that show it, and both outcomes. */
  readonly differences: readonly string[];
}

/** Runs the sequences of the seeds from `first` on. */
export async function findDifferences(
  { embedded, real }: Sides,
  first: number,
  count: number,
): Promise<Search> {
  const differences: string[] = [];
  let sequences = 0;
  let requests = 0;
  const compare = async (steps: readonly Step[]): Promise<string | undefined> => {
    const [ours, theirs] = await Promise.all([runSequence(embedded, steps), runSequence(real, steps)]);
    const at = ours.findIndex((line, index) => line !== theirs[index]);
    if (at < 0) return undefined;
    return `${JSON.stringify(steps.slice(0, at + 1), null, 1)}\nembedded ${ours[at]}\nreal     ${theirs[at]}`;
  };
  const work = async () => {
    while (sequences < count && differences.length < ENOUGH) {
      const seed = first + sequences++;
      const steps = makeSequence(seed);
      requests += steps.length;
      if ((await compare(steps)) === undefined) continue;
      const fewest = await shrink(steps, async (fewer) => (await compare(fewer)) !== undefined);
      const difference = await compare(fewest);
      if (difference !== undefined) differences.push(`seed ${seed}: ${difference}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { sequences, requests, differences };
}
