/**
 * The embedded servers against real ones by many more sequences of requests than the tests send, in every mode that changes ids or
 * replies. `FUZZ_SEQUENCES` a mode, `FUZZ_SEED` the first seed, `FUZZ_MODES=ids,trunk` only these.
 */
import { findDifferences, startSides } from '../embedded/differential-sides.js';
import { type ClusterSettings, RealCluster } from '../helpers/real/real-cluster.js';
import { count, ms, row, skipped } from './report.js';

const SEQUENCES = Number(process.env.FUZZ_SEQUENCES ?? 20_000);
const FIRST_SEED = Number(process.env.FUZZ_SEED ?? 1);

const TRUNK = { use_trunk_file: true, slot_min_size: 256, slot_max_size: '1MB', trunk_file_size: '64MB' };

const MODES: Readonly<Record<string, ClusterSettings>> = {
  addresses: {},
  ids: { storageIds: true },
  wide: { tracker: { response_ip_addr_size: 'IPv6' } },
  // With one tracker the answers do not depend on which one leads.
  trunk: { trackers: 1, tracker: TRUNK },
};

export async function differential(): Promise<void> {
  const obstacle = RealCluster.findObstacle();
  if (obstacle) return skipped('embedded and real servers', obstacle);
  for (const name of process.env.FUZZ_MODES?.split(',') ?? Object.keys(MODES)) {
    const settings = MODES[name];
    if (!settings)
      throw new Error(`FUZZ_MODES: ${name} is unknown; known modes: ${Object.keys(MODES).join(', ')}`);
    const cluster = await RealCluster.start(settings);
    try {
      await compare(name, cluster.trackers);
    } finally {
      await cluster.stop();
    }
  }
}

async function compare(mode: string, trackers: readonly string[]): Promise<void> {
  const sides = await startSides(trackers);
  const started = performance.now();
  try {
    const { sequences, requests, differences } = await findDifferences(sides, FIRST_SEED, SEQUENCES);
    for (const difference of differences) console.log(difference);
    row(
      `embedded and real servers (${sides.version}), ${mode}`,
      `${count(sequences)} sequences, ${count(requests)} requests a side, ${differences.length} differences, in ${ms(performance.now() - started)}`,
      differences.length === 0 && sequences === SEQUENCES,
    );
  } finally {
    await sides.stop();
  }
}
