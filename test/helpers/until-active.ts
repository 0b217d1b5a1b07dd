/** When a storage of a real FastDFS has joined its group. */
import { setTimeout as delay } from 'node:timers/promises';
import { FastDFSAdmin } from '../../src/index.js';

const WITHIN_MS = 30_000;

/**
 * Resolves when each tracker by itself says that the storage is ACTIVE. Two storages that join a group at the same time
 * may stay in WAIT_SYNC at one of the trackers for good: start the second after this.
 */
export async function untilActive(trackers: readonly string[], group: string, host: string): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  for (const tracker of trackers) {
    await using admin = new FastDFSAdmin({ trackers: [tracker] });
    for (;;) {
      const status = await admin.listStorages(group, { storage: host }).then(
        ([storage]) => storage?.status ?? 'unknown',
        (error: unknown) => String(error),
      );
      if (status === 'ACTIVE') break;
      if (Date.now() > deadline) {
        throw new Error(`Storage ${host} of ${group} is ${status} at ${tracker} after ${WITHIN_MS} ms`);
      }
      await delay(100);
    }
  }
}
