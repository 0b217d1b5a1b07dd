/** What it costs to import the package, each time in a fresh process. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchRun } from '../bench-run.js';
import { OURS } from '../contenders/index.js';
import { Rounds, type Row } from '../report.js';

const run = promisify(execFile);
const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
/** Processes for each round of the others: these are over quickly. */
const PROCESSES_PER_ROUND = 4;

const IMPORTS = {
  [OURS]: 'fastdfs-streams',
  'node:net and node:fs alone': 'data:text/javascript,import "node:net"; import "node:fs";',
};

export async function measureStart(bench: BenchRun): Promise<Row[]> {
  const rounds = new Rounds();
  for (let round = 0; round < bench.rounds * PROCESSES_PER_ROUND; round++) {
    for (const [contender, name] of Object.entries(IMPORTS)) {
      await rounds.add(contender, async () => {
        const { stdout } = await run(process.execPath, [WORKER, name]);
        return { 'ms to import': Number(stdout) };
      });
    }
  }
  return rounds.rows('import');
}
