/** The cluster as the page shows it: health, trackers, and groups with their storages. */
import type { ClusterHealth, GroupWithStorages, StorageRecord } from '../../index.js';

export function describeCluster({ verdict, reasons, checkedAt, trackers, groups }: ClusterHealth): object {
  return {
    verdict,
    reasons,
    at: checkedAt.getTime(),
    trackers: trackers.map(({ address, reachable, leader, latencyMs }) => ({
      address,
      reachable,
      leader,
      latencyMs,
    })),
    groups: groups.map(describeGroup),
  };
}

function describeGroup({
  name,
  totalBytes,
  freeBytes,
  reservedBytes = 0,
  storages,
}: GroupWithStorages): object {
  return { name, totalBytes, freeBytes, reservedBytes, storages: storages.map(describeStorage) };
}

function describeStorage(storage: StorageRecord): object {
  const { id, host, port, status, operations, version, lastHeartbeat } = storage;
  const requests = Object.values(operations).reduce((sum, { total }) => sum + total, 0);
  return { id, address: `${host}:${port}`, status, version, requests, reportedAt: lastHeartbeat?.getTime() };
}
