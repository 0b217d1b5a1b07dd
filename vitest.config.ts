import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^fastdfs-streams$/, replacement: source('index.ts') },
      { find: /^fastdfs-streams\/embedded$/, replacement: source('embedded/index.ts') },
      { find: /^fastdfs-streams\/(.+)$/, replacement: source('adapters/$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/run/setup.ts'],
    setupFiles: ['test/helpers/run/each-file.ts', 'test/helpers/equal-buffers.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // By default Vitest leaves one core free, which on two would run file by file; most files wait for servers.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Some proofs measure time, and machines of CI are shared: a test that fails twice has failed.
    retry: process.env.CI ? 1 : 0,
    typecheck: { enabled: false },
  },
});
