/** The tests' own configuration, for a run that is killed. */
import { defineConfig } from 'vitest/config';
import config from '../../../../vitest.config.js';

export default defineConfig({
  ...config,
  test: { ...config.test, include: ['test/helpers/run/killed/everything.ts'] },
});
