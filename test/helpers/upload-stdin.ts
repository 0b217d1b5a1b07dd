/** A process of its own that uploads its standard input by its path. Argument: trackers. Prints the file id. */
import { createClient } from '../../src/index.js';

const client = createClient({ trackers: (process.argv[2] ?? '').split(',') });
const { fileId } = await client.uploadFile('/dev/stdin');
await client.close();
process.stdout.write(fileId);
