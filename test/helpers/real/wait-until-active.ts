/** Waits until a storage of a real FastDFS has joined its group. */
import { setTimeout as delay } from 'node:timers/promises';
import { FastDFSAdmin } from '../../../src/index.js';

const TIMEOUT_MS = 30_000;

/**
 * Resolves when each tracker by itself reports the storage as ACTIVE, and knows its space: until then the tracker sends uploads to
 * others, and none to its group. Two storages that join a group at the same time may stay in
 * WAIT_SYNC at one of the trackers forever: start the second one after this.
 */
export async function waitUntilActive(
  trackers: readonly string[],
  group: string,
  host: string,
): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (const tracker of trackers) {
    await using admin = new FastDFSAdmin({ trackers: [tracker] });
    for (;;) {
      // Storages with an id are not found by their address.
      const status = await admin.listStorages(group).then(
        (storages) => {
          const found = storages.find((storage) => storage.host === host);
          if (found?.status === 'ACTIVE' && found.totalBytes === 0) return 'of unknown space';
          return found?.status ?? 'unknown';
        },
        (error: unknown) => String(error),
      );
      if (status === 'ACTIVE') break;
      if (Date.now() > deadline) {
        throw new Error(`Storage ${host} of ${group} is ${status} at ${tracker} after ${TIMEOUT_MS} ms`);
      }
      await delay(100);
    }
  }
}
