/** The embedded servers against real ones, by seeded sequences of requests: any difference is printed, shrunk. */
import { expect, it } from 'vitest';
import { hasRealServer, shareCluster } from '../helpers/real/shared-cluster.js';
import { findDifferences, startSides } from './differential-sides.js';

const SEQUENCES = Number(process.env.FUZZ_SEQUENCES ?? 1000);
const FIRST_SEED = Number(process.env.FUZZ_SEED ?? 1);

it.skipIf(!hasRealServer())(
  `embedded and real servers answer ${SEQUENCES} sequences alike`,
  {
    timeout: 120_000 + SEQUENCES * 200,
  },
  async () => {
    const sides = await startSides(await shareCluster());
    try {
      const { sequences, requests, differences } = await findDifferences(sides, FIRST_SEED, SEQUENCES);
      expect(differences).toEqual([]);
      expect(sequences).toBe(SEQUENCES);
      expect(requests).toBeGreaterThan(2 * SEQUENCES);
    } finally {
      await sides.stop();
    }
  },
);
