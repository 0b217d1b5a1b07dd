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
    // Some proofs measure time, and machines of CI are shared: a test that fails twice has failed.
    retry: process.env.CI ? 1 : 0,
    typecheck: { enabled: false },
  },
});
