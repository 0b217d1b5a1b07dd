/** The package on Bun and Deno: installed as users install it, and run by their binaries from npm. Skipped where there are none. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findOnPath } from '../helpers/find-on-path.js';
import { onEachServer } from '../helpers/servers.js';
import { PackedPackage, type Project, run } from './installed.js';

/** Downloads take their time where the binaries are not in npm's cache. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let packed: PackedPackage;
let project: Project;
beforeAll(async () => {
  packed = await PackedPackage.make();
  project = await packed.install('runtimes', []);
  await project.add('runtime.js', 'module');
});
afterAll(() => packed?.remove());

/** Finds a program in the PATH, or has npm fetch it. */
async function findProgram(name: string): Promise<string | undefined> {
  const installed = findOnPath(name);
  if (installed !== undefined) return installed;
  const { code, output } = await run(packed.folder, 'npx', '--yes', '--package', name, '--', 'which', name);
  return code === 0 ? /^\/.+$/m.exec(output)?.[0] : undefined;
}

describe.each([
  ['bun', ['run']],
  ['deno', ['run', '--allow-all', '--node-modules-dir=manual']],
])('on %s', (name, flags) => {
  onEachServer('the package', (server) => {
    it('uploads, downloads and serves', async ({ skip }) => {
      const program = await findProgram(name);
      if (program === undefined) skip(`${name} is not installed, and npm cannot fetch it`);
      const ran = await run(project.folder, program!, ...flags, 'runtime.js', ...server.trackers);
      // Steps that fail come first; behind it Deno explains when it aborts the signals of requests.
      expect(ran).toEqual({ code: 0, output: expect.stringMatching(/^11 steps\n/) });
    });
  });
});
