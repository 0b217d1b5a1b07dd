/** The package on Bun and Deno: installed as users install it, and run by their binaries from npm. Skipped where there are none. */

import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
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
