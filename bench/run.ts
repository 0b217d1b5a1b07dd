/**
 * `npm run bench [-- part of a scenario's name, …]`: this package beside a bare socket, the C client and other clients from npm, in one run,
 * rounds interleaved, medians. README.md beside this file says what is compared and which settings there are.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { FLOOR_LISTED } from './admin/jobs.js';
import { measureAdmin } from './admin/scenarios.js';
import { prepareRun } from './bench-run.js';
import { growth, measureGrowth } from './cluster/growth.js';
import { measureReplicas, ONE_STORAGE } from './cluster/replicas.js';
import { measureTracker } from './cluster/tracker-rate.js';
import { OURS } from './contenders/index.js';
import { measureWeb, webScenarios } from './http/scenarios.js';
import { printTable, type Row } from './report.js';
import { MB_PER_SECOND, measureSlow, ONE_CONNECTION, SLOW_MIB } from './slow/scenario.js';
import { measureStart } from './start/scenario.js';
import { measureStreams, STREAMS } from './streams/scenario.js';
import { judge, printVerdicts } from './targets.js';
import { transfers } from './transfers/jobs.js';
import { measureTransfer } from './transfers/measure.js';

const wanted = process.argv.slice(2);
const bench = await prepareRun(process.env);
const rows: Row[] = [];

function isWanted(id: string): boolean {
  return wanted.length === 0 || wanted.some((part) => id.includes(part));
}

function report(title: string, more: Row[], figure?: string, against?: string): void {
  rows.push(...more);
  printTable(title, more, figure, against);
}

try {
  const server = bench.embedded ? 'embedded server' : bench.trackers.join(', ');
  const storages = `${bench.storages} ${bench.storages === 1 ? 'storage' : 'storages'}`;
  const machine = `Node ${process.version}, ${cpus().length} CPUs`;
  console.log(`${machine}, ${server}, ${storages}, medians of ${bench.rounds} rounds`);
  if (typeof bench.cClient === 'string') console.log(`No C client: ${bench.cClient}`);
  console.log();
  for (const transfer of transfers(bench.smallTimes, bench.largeMiB)) {
    if (!isWanted(transfer.id)) continue;
    const figure = transfer.concurrency > 1 ? 'op/s' : 's';
    report(transfer.title, await measureTransfer(bench, transfer), figure, transfer.against);
  }
  if (isWanted('download-parallel')) {
    const title = `download ${SLOW_MIB} MiB to a file, ${MB_PER_SECOND} MB/s for each connection`;
    report(title, await measureSlow(bench), 'MB/s', ONE_CONNECTION);
  }
  for (const scenario of webScenarios(bench.smallTimes)) {
    if (!isWanted(scenario.id)) continue;
    const figure = scenario.concurrency > 1 ? 'req/s' : 's each';
    report(scenario.title, await measureWeb(bench, scenario), figure, scenario.contenders[1]);
  }
  for (const kind of ['upload', 'download'] as const) {
    if (!isWanted(`streams-${kind}`)) continue;
    report(`${STREAMS} ${kind} streams, half-way through 1 MiB each`, await measureStreams(bench, kind));
  }
  if (isWanted('import')) report('import, in a fresh process', await measureStart(bench));
  // What takes long, or looks at the cluster more than at this package, runs only when it is named.
  if (wanted.includes('growth')) {
    for (const transfer of growth(bench.smallTimes)) {
      report(transfer.title, await measureGrowth(bench, transfer), 'op/s', transfer.against);
    }
  }
  if (wanted.includes('replicas'))
    report('download over replicas', await measureReplicas(bench), 'op/s', ONE_STORAGE);
  if (wanted.includes('admin')) {
    for await (const { title, rows: more } of measureAdmin(bench)) report(title, more, 's', FLOOR_LISTED);
  }
  if (wanted.includes('tracker')) report('queries to one tracker', await measureTracker(bench));
  const verdicts = judge(rows);
  printVerdicts(verdicts);
  if (rows.length === 0) console.error(`Nothing is called ${wanted.join(' or ')}: see bench/README.md`);
  if (rows.length === 0 || rows.some(({ contender, failed }) => contender === OURS && failed)) {
    process.exitCode = 1;
  }
  if (process.env.BENCH_JSON) {
    const { trackers, embedded, storages, rounds, smallTimes, largeMiB } = bench;
    const settings = { node: process.version, trackers, embedded, storages, rounds, smallTimes, largeMiB };
    writeFileSync(
      process.env.BENCH_JSON,
      `${JSON.stringify({ settings, rows, targets: verdicts }, undefined, 2)}\n`,
    );
  }
} finally {
  await bench.close();
}
