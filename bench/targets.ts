/** What this package is to reach, and whether it does. */
import { FLOOR_LISTED } from './admin/jobs.js';
import { C_CLIENT, FLOOR, FLOOR_ASKING, OURS, OURS_WIDE } from './contenders/index.js';
import { FDFS_SERVE, FDFS_STORAGE, MEMORY_STORAGE, STATIC } from './http/contenders.js';
import { format, type Row } from './report.js';
import { FOUR_CONNECTIONS, ONE_CONNECTION } from './slow/scenario.js';

interface Target {
  scenario: string;
  /** Whose; this package's own where not said. */
  contender?: string;
  figure: string;
  atLeast?: number;
  atMost?: number;
  /** The contender whose figure the bound is a multiple of. */
  of?: string;
  /** The contender whose figure is taken off first. Without both, the bound is for the figure itself. */
  beyond?: string;
}

export interface Verdict extends Target {
  /** The ratio, the difference, or the figure. */
  value?: number;
  /** Undefined where it was not measured. */
  met?: boolean;
}

const RSS = 'MiB peak RSS';
const MOST_RSS = 100;
const KIB_A_STREAM = 'KiB a stream above 100 MiB';

const TRANSFERS = [
  'upload-small',
  'upload-cold',
  'download-small',
  'download-cold',
  'upload-file',
  'upload-unknown',
  'download-file',
  'download-consumed',
];

const TARGETS: Target[] = [
  time('upload-small', 1.1, C_CLIENT),
  time('upload-small', 1, FLOOR_ASKING),
  { scenario: 'upload-small', figure: 'µs CPU/op', atMost: 7, beyond: FLOOR_ASKING },
  time('upload-cold', 1.3, C_CLIENT),
  time('download-small', 1, C_CLIENT),
  time('download-cold', 1.3, C_CLIENT),
  time('growth-upload-1', 1, FLOOR_ASKING),
  time('growth-upload-16', 1.1, C_CLIENT),
  time('growth-upload-16', 1, FLOOR_ASKING),
  ...[64, 256].map((atOnce) => wide(time(`growth-upload-${atOnce}`, 0.9, FLOOR_ASKING))),
  ...[64, 256, 1024].map((atOnce) => wide(time(`growth-upload-${atOnce}`, 1, C_CLIENT))),
  time('growth-download-16', 1, C_CLIENT),
  ...[64, 256, 1024].map((atOnce) => wide(time(`growth-download-${atOnce}`, 1, C_CLIENT))),
  { scenario: 'upload-file', figure: 's', atMost: 1.05, of: FLOOR },
  { scenario: 'upload-unknown', figure: 's', atMost: 1.5, of: FLOOR },
  { scenario: 'download-file', figure: 's', atMost: 1.1, of: FLOOR },
  { scenario: 'download-consumed', figure: 's', atMost: 1.1, of: FLOOR },
  {
    scenario: 'download-parallel',
    contender: FOUR_CONNECTIONS,
    figure: 'MB/s',
    atLeast: 3.5,
    of: ONE_CONNECTION,
  },
  ...TRANSFERS.map((scenario) => ({ scenario, figure: RSS, atMost: MOST_RSS })),
  { scenario: 'streams-upload', figure: KIB_A_STREAM, atMost: 64 },
  { scenario: 'streams-download', figure: KIB_A_STREAM, atMost: 64 },
  { scenario: 'admin-verify', figure: 's', atMost: 1.3, of: FLOOR_LISTED },
  { scenario: 'admin-mirror', figure: 's', atMost: 1.3, of: FLOOR_LISTED },
  { scenario: 'import', figure: 'ms to import', atMost: 20 },
  web('multer-small', FDFS_STORAGE, MEMORY_STORAGE, 'req/s', { atLeast: 1 / 1.1 }),
  web('multer-large', FDFS_STORAGE, MEMORY_STORAGE, 's each', { atMost: 1.1 }),
  web('serve-small', FDFS_SERVE, STATIC, 'req/s', { atLeast: 0.8 }),
  web('serve-large', FDFS_SERVE, STATIC, 's each', { atMost: 1 }),
];

/** At most so many times the other's time, as a ratio of rates. */
function time(scenario: string, most: number, of: string): Target {
  return { scenario, figure: 'op/s', atLeast: 1 / most, of };
}

/** For as many connections as the others come near. */
function wide(target: Target): Target {
  return { ...target, contender: OURS_WIDE };
}

function web(
  scenario: string,
  contender: string,
  of: string,
  figure: string,
  bound: { atLeast: number } | { atMost: number },
): Target {
  return { scenario, contender, of, figure, ...bound };
}

/** The targets of the scenarios that were run. */
export function judge(rows: Row[]): Verdict[] {
  const run = new Set(rows.map(({ scenario }) => scenario));
  return TARGETS.filter(({ scenario }) => run.has(scenario)).map((target) => {
    const figureOf = (name: string) =>
      rows.find(({ scenario, contender }) => scenario === target.scenario && contender === name)?.figures[
        target.figure
      ];
    const own = figureOf(target.contender ?? OURS);
    const factor = target.of === undefined ? 1 : figureOf(target.of);
    const offset = target.beyond === undefined ? 0 : figureOf(target.beyond);
    if (own === undefined || factor === undefined || offset === undefined) return target;
    const value = (own - offset) / factor;
    const met = value >= (target.atLeast ?? -Infinity) && value <= (target.atMost ?? Infinity);
    return { ...target, value, met };
  });
}

export function printVerdicts(verdicts: Verdict[]): void {
  if (verdicts.length === 0) return;
  console.log('targets');
  for (const { scenario, figure, atLeast, atMost, of, beyond, value, met } of verdicts) {
    const other = of ? ` × ${of}` : beyond ? ` beyond ${beyond}` : '';
    const bound = `${atLeast === undefined ? '≤' : '≥'} ${format(atLeast ?? atMost!)}${other}`;
    const state = met === undefined ? 'not measured' : met ? 'met' : 'NOT MET';
    const shown = value === undefined ? '' : format(value);
    console.log(
      `  ${scenario.padEnd(22)}${figure.padEnd(28)}${bound.padEnd(38)}${shown.padStart(8)}  ${state}`,
    );
  }
}
