/** The cluster as the page shows it, and the switches of the embedded one. */
import { Router } from 'express';
import type { ClusterHealth, GroupWithStorages, StorageRecord } from 'fastdfs-streams';
import type { EmbeddedFastDFS } from 'fastdfs-streams/embedded';

/** As JSON for the page: what it shows, and no more. */
export function describeCluster(health: ClusterHealth, embedded: EmbeddedFastDFS | undefined): object {
  const { verdict, reasons, checkedAt, trackers, groups } = health;
  return {
    verdict,
    reasons,
    at: checkedAt.getTime(),
    trackers: trackers.map(({ address, reachable, leader, latencyMs }) => {
      return { address, reachable, leader, latencyMs };
    }),
    groups: groups.map((group) => describeGroup(group, embedded)),
  };
}

function describeGroup(group: GroupWithStorages, embedded: EmbeddedFastDFS | undefined): object {
  const { name, totalBytes, freeBytes, reservedBytes = 0 } = group;
  const storages = group.storages.map((storage, index) => ({
    ...describeStorage(storage),
    // Both sides count the storages of a group in the order of their ids.
    ...(embedded ? { control: `${name}/${index}` } : {}),
  }));
  return { name, totalBytes, freeBytes, reservedBytes, storages };
}

function describeStorage(storage: StorageRecord): object {
  const { id, host, port, status, operations, version, lastHeartbeat } = storage;
  const requests = Object.values(operations).reduce((sum, { total }) => sum + total, 0);
  return { id, address: `${host}:${port}`, status, version, requests, reportedAt: lastHeartbeat?.getTime() };
}

/**
 * `POST /group1/0/stop` and `/start`: as if a storage were unplugged, and plugged in again. Real servers are not for
 * a web page to stop, so this is of the embedded ones only.
 * @param changed called after a change, before the answer
 */
export function clusterRoutes(embedded: EmbeddedFastDFS | undefined, changed: () => Promise<void>): Router {
  const router = Router();
  if (!embedded) return router;
  router.post('/:group/:index/stop', async (req, res) => {
    await embedded.stopStorage(req.params.group, Number(req.params.index));
    await changed();
    res.sendStatus(204);
  });
  router.post('/:group/:index/start', async (req, res) => {
    await embedded.startStorage(req.params.group, Number(req.params.index));
    await changed();
    res.sendStatus(204);
  });
  return router;
}
