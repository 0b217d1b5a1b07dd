/** An embedded server in a process of its own, for a bench without a cluster. */
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';

const fdfs = await EmbeddedFastDFS.start();
const stop = () => void fdfs.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('disconnect', stop);
process.send!({ result: fdfs.trackers });
