/** A public server under a heavier attack than the tests have time for, on an embedded server in another process. */
import { createClient } from '../../src/index.js';
import { assault, type Force } from '../helpers/assault.js';
import { MIB } from '../helpers/memory.js';
import { count, mib, ms, row } from './report.js';
import { ServerProcess } from './server-process-handle.js';

/** Both ends of a connection are in this process: twice as many open files. Those who never read cost the system most. */
const FORCE: Force = { halfOpen: 6000, deaf: 100, crawling: 1000, sipping: 100, vanishing: 1000, honest: 20 };

export async function fire(): Promise<void> {
  const server = await ServerProcess.start();
  try {
    const client = createClient({ trackers: server.trackers, pool: { acquireTimeoutMs: 60_000 } });
    const after = await assault(client, () => server.files(), FORCE);
    await client.close();
    const open = await server.connections();
    const { wrong, held, leased, strays, handles, grownBytes } = after;
    row(
      `${count(after.crowd)} hostile connections at once, then ${count(FORCE.vanishing)} that vanish in mid-body`,
      `${count(FORCE.halfOpen)} half-open requests, ${count(FORCE.crawling)} bodies and ${FORCE.sipping} readers at a byte every 50 ms, ` +
        `${FORCE.deaf} readers of 16 MiB that never read: ${wrong} of ${FORCE.honest * 2} honest requests wrong, the slowest ${ms(after.slowestMs)}; ` +
        `${held} connections to FastDFS held by slow bodies; at most ${mib(after.peakBytes)} of heap and buffers, ${mib(Math.max(0, grownBytes))} kept; ` +
        `all connections free ${ms(after.freeMs)} after the last had left, ${leased} leased, open files and sockets ${handles[0]} → ${handles[1]}, ${open} open after close(); ${strays} files left`,
      wrong + held + leased + strays + open === 0 && grownBytes < 32 * MIB,
    );
  } finally {
    server.stop();
  }
}
