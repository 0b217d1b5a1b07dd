/** What this package is to reach, and whether it does. */
import { C_CLIENT, FLOOR, FLOOR_ASKING, OURS } from './contenders/index.js';
import { FDFS_SERVE, FDFS_STORAGE, MEMORY_STORAGE, STATIC } from './http/contenders.js';
import { format, type Row } from './report.js';

interface Target {
  scenario: string;
  /** Whose; this package's own where not said. */
  contender?: string;
  figure: string;
  /** A multiple of another contender's figure, or where there is none, the figure itself. */
  atLeast?: number;
  atMost?: number;
  /** The other contender. */
  of?: string;
}

export interface Verdict extends Target {
  /** The ratio, or the figure. */
  value?: number;
  /** Undefined where it was not measured. */
  met?: boolean;
}

const RSS = 'MiB peak RSS';
const MOST_RSS = 100;
const KIB_A_STREAM = 'KiB a stream above 100 MiB';

const TRANSFERS = [
  'upload-small',
  'download-small',
  'upload-file',
  'upload-unknown',
  'download-file',
  'download-consumed',
];

const TARGETS: Target[] = [
  { scenario: 'upload-small', figure: 'op/s', atLeast: 1.2, of: FLOOR_ASKING },
  { scenario: 'upload-small', figure: 'op/s', atLeast: 1, of: C_CLIENT },
  { scenario: 'upload-small', figure: 'µs CPU/op', atMost: 1.1, of: FLOOR_ASKING },
  { scenario: 'download-small', figure: 'op/s', atLeast: 1.2, of: FLOOR_ASKING },
  { scenario: 'download-small', figure: 'op/s', atLeast: 1, of: C_CLIENT },
  { scenario: 'upload-file', figure: 's', atMost: 1.05, of: FLOOR },
  { scenario: 'upload-unknown', figure: 's', atMost: 1.5, of: FLOOR },
  { scenario: 'download-file', figure: 's', atMost: 1.1, of: FLOOR },
  { scenario: 'download-consumed', figure: 's', atMost: 1.15, of: FLOOR },
  ...TRANSFERS.map((scenario) => ({ scenario, figure: RSS, atMost: MOST_RSS })),
  { scenario: 'streams-upload', figure: KIB_A_STREAM, atMost: 64 },
  { scenario: 'streams-download', figure: KIB_A_STREAM, atMost: 64 },
  { scenario: 'import', figure: 'ms to import', atMost: 20 },
  web('multer-small', FDFS_STORAGE, MEMORY_STORAGE, 'req/s', { atLeast: 1 / 1.1 }),
  web('multer-large', FDFS_STORAGE, MEMORY_STORAGE, 's each', { atMost: 1.1 }),
  web('serve-small', FDFS_SERVE, STATIC, 'req/s', { atLeast: 0.8 }),
  web('serve-large', FDFS_SERVE, STATIC, 's each', { atMost: 1 }),
];

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
    const other = target.of === undefined ? 1 : figureOf(target.of);
    if (own === undefined || other === undefined) return target;
    const value = own / other;
    const met = value >= (target.atLeast ?? -Infinity) && value <= (target.atMost ?? Infinity);
    return { ...target, value, met };
  });
}

export function printVerdicts(verdicts: Verdict[]): void {
  if (verdicts.length === 0) return;
  console.log('targets');
  for (const { scenario, figure, atLeast, atMost, of, value, met } of verdicts) {
    const bound = `${atLeast === undefined ? '≤' : '≥'} ${format(atLeast ?? atMost!)}${of ? ` × ${of}` : ''}`;
    const state = met === undefined ? 'not measured' : met ? 'met' : 'NOT MET';
    const shown = value === undefined ? '' : format(value);
    console.log(
      `  ${scenario.padEnd(20)}${figure.padEnd(30)}${bound.padEnd(34)}${shown.padStart(8)}  ${state}`,
    );
  }
}
