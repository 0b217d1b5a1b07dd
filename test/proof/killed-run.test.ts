/** A run of the tests that is killed leaves no process, no folder, no mount and no address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { hasBrowser } from '../examples/browser.js';
import { findPostgres, findRedis } from '../helpers/databases.js';
import { canStartCluster } from '../helpers/real/shared-cluster.js';
import { findProcesses, isRunning, readCommand } from '../helpers/run/clean-up.js';
import { removeAbandoned, startRun } from '../helpers/run/run.js';

const START_MS = 120_000;
/** Until then everything has ended. */
const END_MS = 15_000;
const VITEST = path.resolve('node_modules/vitest/vitest.mjs');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'killed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function commandsIn(run: string): string[] {
  return findProcesses(run).map(readCommand);
}

const PROGRAMS = [
  { installed: true, command: /vitest/ },
  { installed: true, command: /main\.js dev/ },
  { installed: true, command: /node -e / },
  { installed: canStartCluster(), command: /fdfs_trackerd/ },
  { installed: canStartCluster(), command: /fdfs_storaged/ },
  { installed: findRedis() !== undefined, command: /redis-server/ },
  { installed: findPostgres() !== undefined, command: /postgres -D/ },
  { installed: hasBrowser, command: /chrom/ },
];

describe.skipIf(process.platform !== 'linux')('after a SIGKILL', () => {
  it('of the runner, everything that the tests have started ends', {
    timeout: START_MS + END_MS,
  }, async () => {
    const ready = path.join(folder, 'ready');
    // Not in the folder of this file: sockets need short paths.
    const env = { ...process.env, TMPDIR: inject('runFolder'), READY_FILE: ready };
    const args = [VITEST, 'run', '--config', 'test/helpers/run/killed/vitest.config.ts'];
    const runner = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = collectOutput(runner);
    await expect
      .poll(() => existsSync(ready) || runner.exitCode !== null, { timeout: START_MS, interval: 100 })
      .toBe(true);
    expect(runner.exitCode, output.join('')).toBe(null);
    const run = readFileSync(ready, 'utf8');
    const addresses = addressesOf(run);
    expect(addresses).toHaveLength(canStartCluster() ? 1 : 0);
    const commands = commandsIn(run);
    for (const { command } of PROGRAMS.filter(({ installed }) => installed))
      expect(commands).toContainEqual(expect.stringMatching(command));

    const ended = once(runner, 'exit');
    runner.kill('SIGKILL');
    await ended;
    await expect.poll(() => commandsIn(run), { timeout: END_MS, interval: 100 }).toEqual([]);
    await expect.poll(() => existsSync(run), { timeout: END_MS, interval: 100 }).toBe(false);
    for (const address of addresses) expect(loopbackAddresses()).not.toContain(address);
  });

  it('of all its own processes, the next run ends and removes what is left', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const run = path.join(folder, `fastdfs-tests-${dead.pid}-abcdef`);
    mkdirSync(path.join(run, 'file'), { recursive: true });
    writeFileSync(path.join(run, 'file', 'content'), 'x');
    const env = { ...process.env, TMPDIR: path.join(run, 'file') };
    const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env });
    await expect.poll(() => findProcesses(run)).toEqual([left.pid]);
    await removeAbandoned(folder);
    expect(isRunning(left.pid!)).toBe(false);
    expect(existsSync(run)).toBe(false);
  });
});

describe('a run', () => {
  it('leaves a run alone whose process is running', async () => {
    const run = path.join(folder, `fastdfs-tests-${process.pid}-abcdef`);
    mkdirSync(run);
    await removeAbandoned(folder);
    expect(existsSync(run)).toBe(true);
  });

  it('removes its folder at its end', async () => {
    const before = process.env.TMPDIR;
    const run = await startRun();
    expect(process.env.TMPDIR).toBe(run.folder);
    writeFileSync(path.join(run.folder, 'content'), 'x');
    await run.end();
    expect(existsSync(run.folder)).toBe(false);
    expect(process.env.TMPDIR).toBe(before);
  });
});

function collectOutput({ stdout, stderr }: ChildProcess): string[] {
  const output: string[] = [];
  for (const stream of [stdout!, stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  return output;
}

/** Returns the loopback addresses that the clusters of a run have added. */
function addressesOf(run: string): string[] {
  return readdirSync(run)
    .map((name) => path.join(run, name, 'loopback'))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
}

function loopbackAddresses(): string[] {
  return (networkInterfaces().lo ?? []).map(({ address }) => address);
}
