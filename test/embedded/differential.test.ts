/** The embedded servers against real ones, by seeded sequences of requests: any difference is printed, shrunk. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { hasRealServer, shareCluster } from '../helpers/real/shared-cluster.js';
import { makeSequence, runSequence, type Side, shrink } from './differential.js';
import { group16, Raw } from './raw.js';

const SEQUENCES = Number(process.env.FUZZ_SEQUENCES ?? 1000);
const FIRST_SEED = Number(process.env.FUZZ_SEED ?? 1);
const CONCURRENCY = 24;
/** Addresses of their own, as the storages of the real cluster have. */
const HOSTS = { group1: ['127.0.0.1', '127.0.0.2'], group2: ['127.0.0.3'] };

async function findStorage(tracker: string): Promise<Side> {
  const raw = await Raw.connect(tracker);
  const where = await raw.ok(104, group16('group1'));
  raw.close();
  return {
    tracker,
    storage: `${where.toString('latin1', 16, where.indexOf(0, 16))}:${where.readBigInt64BE(31)}`,
  };
}

describe.skipIf(!hasRealServer())('embedded and real servers', () => {
  let fdfs: EmbeddedFastDFS;
  let sides: Side[];

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start({
      groups: { group1: 2, group2: 1 },
      storageHosts: HOSTS,
      storeLookup: 0,
    });
    const [real] = await shareCluster();
    sides = [await findStorage(fdfs.trackers[0]!), await findStorage(real!)];
  });
  afterAll(() => fdfs?.stop());

  async function compare(steps: Parameters<typeof runSequence>[1]): Promise<string | undefined> {
    const [embedded = [], real = []] = await Promise.all(sides.map((side) => runSequence(side, steps)));
    const at = embedded.findIndex((line, index) => line !== real[index]);
    if (at < 0) return undefined;
    return `${JSON.stringify(steps.slice(0, at + 1), null, 1)}\nembedded ${embedded[at]}\nreal     ${real[at]}`;
  }

  it(`answer ${SEQUENCES} sequences alike`, { timeout: 60_000 + SEQUENCES * 200 }, async () => {
    const differences: string[] = [];
    let next = FIRST_SEED;
    const work = Array.from({ length: CONCURRENCY }, async () => {
      while (next < FIRST_SEED + SEQUENCES && differences.length < 5) {
        const seed = next++;
        const steps = makeSequence(seed);
        if ((await compare(steps)) === undefined) continue;
        const fewest = await shrink(steps, async (fewer) => (await compare(fewer)) !== undefined);
        const difference = await compare(fewest);
        if (difference !== undefined) differences.push(`seed ${seed}: ${difference}`);
      }
    });
    await Promise.all(work);
    expect(differences).toEqual([]);
  });
});
