/** An embedded server in a process of its own, so that the figures of the other process are the client's alone. */
import { EmbeddedFastDFS } from '../../src/embedded/index.js';

const fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2, group2: 1 }, trackers: 2 });
process.send!(fdfs.trackers);
process.on('message', (what) => {
  if (what === 'connections') process.send!(fdfs.connections());
  if (what === 'files') process.send!(fdfs.files().length);
});
process.on('disconnect', () => void fdfs.stop());
