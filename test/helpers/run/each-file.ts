/**
 * Checks each test file when its tests have ended: its temporary folder is empty, every process that it started has ended, and Node has
 * not warned of listeners that pile up.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, inject, vi } from 'vitest';
import { findProcesses, readCommand } from './clean-up.js';

/** For processes that were killed, and for servers that end with their client. */
const ENDED_MS = 5_000;
/** tsx keeps its cache there. */
const CACHE = /^tsx-\d+$/;

const folder = mkdtempSync(path.join(inject('runFolder'), 'file-'));
chmodSync(folder, 0o711);
process.env.TMPDIR = folder;

const warnings: string[] = [];
process.on('warning', ({ name, stack }) => {
  if (name === 'MaxListenersExceededWarning') warnings.push(stack ?? name);
});

afterAll(async () => {
  await vi.waitFor(
    () => expect(findProcesses(folder).map(readCommand), 'processes that still run').toEqual([]),
    { timeout: ENDED_MS },
  );
  const left = readdirSync(folder).filter((name) => !CACHE.test(name));
  rmSync(folder, { recursive: true, force: true });
  expect(left, 'files that are left in the temporary folder').toEqual([]);
  expect(warnings).toEqual([]);
});
