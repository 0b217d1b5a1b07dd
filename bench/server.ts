/** An embedded server in a process of its own, for a bench without a cluster. */
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';

const fdfs = await EmbeddedFastDFS.start();
process.once('SIGTERM', () => fdfs.stop().then(() => process.exit(0)));
process.send!({ trackers: fdfs.trackers });
