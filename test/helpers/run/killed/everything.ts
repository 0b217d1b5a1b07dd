/** Starts one of everything that tests start, writes the folder of the run to the file that `READY_FILE` names, and waits. */
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { inject, it } from 'vitest';
import { firstLine, startFdfs } from '../../../cli/harness.js';
import { CHROMIUM, CHROMIUM_ARGS, hasBrowser } from '../../../examples/browser.js';
import { findPostgres, findRedis, startPostgres, startRedis } from '../../databases.js';
import { canStartCluster, startCluster } from '../../real/shared-cluster.js';
import { mountSmallDisk } from '../../small-disk.js';

const STARTED_MS = 120_000;

it('starts everything and waits', { timeout: STARTED_MS }, async () => {
  const env = { ...process.env, TMPDIR: inject('runFolder') };
  await Promise.all([
    canStartCluster() && startCluster({ groups: ['group1'], trackers: 1 }),
    findRedis() && startRedis(),
    findPostgres() && startPostgres(),
    // The path of its socket must be short.
    hasBrowser && chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS, env }),
    firstLine(startFdfs(['dev', '--json'])),
  ]);
  // One that does not end when it is asked to.
  const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ready")';
  await firstLine(spawn(process.execPath, ['-e', script]));
  mountSmallDisk(path.join(tmpdir(), 'disk'), 1);
  const file = process.env.READY_FILE!;
  writeFileSync(`${file}.part`, inject('runFolder'));
  renameSync(`${file}.part`, file);
  await new Promise(() => undefined);
});
