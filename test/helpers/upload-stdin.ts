/** A process of its own that uploads its standard input by its path. Argument: trackers. Prints the file id. */
import { createClient } from '../../src/index.js';

await using client = createClient({ trackers: (process.argv[2] ?? '').split(',') });
const { fileId } = await client.uploadFile('/dev/stdin');
process.stdout.write(fileId);
