/** Medians of the rounds, as a table and as rows. */
import type { Measured, Scenario } from './jobs.js';

export interface Row {
  scenario: string;
  contender: string;
  /** Operations, or MiB, a second. */
  rate: number;
  unit: 'op/s' | 'MiB/s';
  /** Microseconds of client CPU an operation, or milliseconds a GiB. */
  cpu: number;
  peakRssMiB: number;
  /** Rate divided by that of the contender it is compared with. */
  ratio: number;
}

const MIB = 1024 * 1024;

export function summarize(scenario: Scenario, measured: Map<string, Measured[]>): Row[] {
  const isSmall = scenario.concurrency > 1;
  const rows = [...measured].map(([contender, rounds]): Row => {
    const rate = median(
      rounds.map(({ times, seconds }) => (isSmall ? times : scenario.bytes / MIB) / seconds),
    );
    const cpu = median(
      rounds.map(({ cpuSeconds, times }) =>
        isSmall ? (cpuSeconds * 1e6) / times : (cpuSeconds * 1000 * 1024 * MIB) / scenario.bytes,
      ),
    );
    const peakRssMiB = median(rounds.map(({ peakRss }) => peakRss / MIB));
    return {
      scenario: scenario.title,
      contender,
      rate,
      unit: isSmall ? 'op/s' : 'MiB/s',
      cpu,
      peakRssMiB,
      ratio: 1,
    };
  });
  const base = rows.find(({ contender }) => contender === scenario.against)?.rate;
  for (const row of rows) row.ratio = base === undefined ? Number.NaN : row.rate / base;
  return rows;
}

export function printTable(scenario: Scenario, rows: Row[]): void {
  const isSmall = scenario.concurrency > 1;
  console.log(scenario.title);
  for (const { contender, rate, unit, cpu, peakRssMiB, ratio } of rows) {
    console.log(
      `  ${contender.padEnd(24)}${rate.toFixed(0).padStart(8)} ${unit}` +
        `${cpu.toFixed(0).padStart(9)} ${isSmall ? 'µs CPU/op ' : 'ms CPU/GiB'}` +
        `${peakRssMiB.toFixed(0).padStart(7)} MiB RSS` +
        `${Number.isNaN(ratio) ? '' : `${ratio.toFixed(2).padStart(8)} ×`}`,
    );
  }
  console.log();
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
