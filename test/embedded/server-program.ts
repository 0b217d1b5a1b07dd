/**
 * Starts a cluster with the options of its first argument and prints one line of JSON: what has started, or why not. With a second
 * argument it replicates everything first.
 */
import { EmbeddedFastDFS } from '../../src/embedded/index.js';

const [options = '{}', replicates] = process.argv.slice(2);
try {
  const started = performance.now();
  const fdfs = await EmbeddedFastDFS.start(JSON.parse(options));
  const startMs = performance.now() - started;
  const { trackers, directory } = fdfs;
  if (replicates) await fdfs.sync();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ trackers, directory, startMs, peakBytes }));
} catch (error) {
  console.log(JSON.stringify((error as Error).message));
}
