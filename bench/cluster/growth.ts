/** What becomes of rate, latency and memory as more is done at the same time. */
import type { BenchRun } from '../bench-run.js';
import { C_CLIENT, FLOOR, FLOOR_ASKING, OURS, OURS_WIDE } from '../contenders/index.js';
import type { Row } from '../report.js';
import { SMALL_WARM_UP, type Transfer } from '../transfers/jobs.js';
import { contendersOf, measureTransfer } from '../transfers/measure.js';

const LEVELS = [1, 16, 64, 256, 1024];
/** The others have a connection for each call, up to 200. */
const WIDE_FROM = 64;
const CONTENDERS = [OURS, FLOOR_ASKING, FLOOR, C_CLIENT];

export function growth(smallTimes: number): Transfer[] {
  return (['upload', 'download'] as const).flatMap((kind) =>
    LEVELS.map((concurrency) => ({
      id: `growth-${kind}-${concurrency}`,
      title: `${kind} 4 KiB, ${concurrency} at once`,
      kind,
      concurrency,
      times: Math.ceil(smallTimes / 2),
      warmUp: SMALL_WARM_UP,
      bytes: 4096,
      against: FLOOR_ASKING,
    })),
  );
}

export async function measureGrowth(bench: BenchRun, transfer: Transfer): Promise<Row[]> {
  const here = contendersOf(bench).filter((contender) => CONTENDERS.includes(contender));
  const wide = transfer.concurrency >= WIDE_FROM ? [OURS_WIDE] : [];
  return await measureTransfer(bench, transfer, [...here, ...wide]);
}
