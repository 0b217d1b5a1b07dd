/**
 * A process of its own that uses a client and then has nothing more to do. Arguments: trackers, and `close` or `leave`.
 * Prints `done` when its last call has ended.
 */
import { createClient } from '../../src/index.js';
import { pieces } from './bytes.js';

const [trackers = '', how = 'close'] = process.argv.slice(2);
const client = createClient({ trackers: trackers.split(','), pool: { idleTimeoutMs: 60_000 } });
const { fileId } = await client.upload(pieces(Buffer.alloc(200_000)), { blockBytes: 50_000 });
await Promise.all(Array.from({ length: 8 }, () => client.download(fileId)));
for await (const chunk of client.createDownloadStream(fileId)) if (chunk.length > 0) break;
const doomed = client.createUploadStream();
doomed.on('error', () => undefined);
doomed.write('x');
doomed.destroy();
await client.delete(fileId);
if (how === 'close') await client.close();
process.send?.('done');
process.disconnect?.();
