/** A cluster in a process of its own, to be killed: prints its trackers and its directory, or why it could not start. */
import { EmbeddedFastDFS } from '../../src/embedded/index.js';

const [directory] = process.argv.slice(2);
try {
  const fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, syncDelayMs: 20, directory });
  console.log(
    directory === undefined ? `${fdfs.trackers.join(',')} ${fdfs.directory}` : fdfs.trackers.join(','),
  );
} catch (error) {
  console.log((error as Error).message);
}
