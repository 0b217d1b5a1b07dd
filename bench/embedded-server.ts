/** An embedded server in a process of its own, for a bench without a cluster. */
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';

/** 2,000 streams are held at once, each on a connection of its own. */
const MAX_CONNECTIONS = 4096;

const fdfs = await EmbeddedFastDFS.start({ maxConnections: MAX_CONNECTIONS });
const stop = () => void fdfs.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('disconnect', stop);
process.send!({ result: fdfs.trackers });
