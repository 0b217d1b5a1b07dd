/** The fixed records of groups and storages in the layouts of every server version. Widths in bytes, in wire order. */
import { STORAGE_ID_BYTES } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/writer.js';
import { allocatedConnections, type Group, nowSeconds, type StorageNode } from '../model.js';
import { SUBDIRECTORIES } from '../storage/content-store.js';
import type { TrackerView } from './view.js';

/** One more than the name may have. */
const GROUP_RECORD_NAME_BYTES = 17;
const DOMAIN_NAME_BYTES = 128;
/** The reserve of a default installation. */
const RESERVED_PERCENT = 5;
const UPLOAD_PRIORITY = 10;
const STORE_PATHS = 1;
const RW_BOTH = 6;
const OLD_HTTP_PORT = 8888;
/** Reported where trunk mode is off; 0 up to 6.13.0. */
const NO_TRUNK_FILE = -1;

export interface Space {
  readonly totalMiB: number;
  readonly freeMiB: number;
  readonly reservedMiB: number;
}

export function spaceOf(group: Group): Space {
  const { totalMiB, freeMiB } = group.store.space();
  return { totalMiB, freeMiB, reservedMiB: Math.floor((totalMiB * RESERVED_PERCENT) / 100) };
}

/** name 17, total 8, free 8, [reserved 8], trunk free 8, … : 105 or 113 bytes */
export function groupRecord(view: TrackerView, group: Group): Buffer {
  const { hasReserved, hasReadWriteCounts } = view.model.traits.group;
  const space = spaceOf(group);
  const active = view.active(group).length;
  const writer = new Writer().fixed(group.name, GROUP_RECORD_NAME_BYTES, 'Group name');
  writer.int64(space.totalMiB).int64(space.freeMiB);
  if (hasReserved) writer.int64(space.reservedMiB);
  writer
    .int64(0)
    .int64(view.storages(group).length)
    .int64(group.storages[0]?.port ?? 0);
  if (hasReadWriteCounts) writer.int64(active).int64(active);
  else writer.int64(OLD_HTTP_PORT).int64(active);
  writer.int64(view.writeIndex(group)).int64(STORE_PATHS).int64(SUBDIRECTORIES);
  return writer.int64(view.model.trunk || !hasReserved ? 0 : NO_TRUNK_FILE).finish();
}

/** status 1, [rw mode 1], id 16, address A, [domain 128], source id 16, version 6 or 8, …, 42 × 8, trunk 1 */
export function storageRecord(view: TrackerView, node: StorageNode): Buffer {
  const { addressBytes, version, storage } = view.model.traits;
  const space = spaceOf(node.group);
  const writer = new Writer(0, 768).byte(view.statusOf(node));
  if (storage.hasRwMode) writer.byte(RW_BOTH);
  writer.fixed(node.id, STORAGE_ID_BYTES, 'Storage id').fixed(node.host, addressBytes, 'Address');
  if (storage.hasDomainAndHttpPort) writer.fixed('', DOMAIN_NAME_BYTES, 'Domain name');
  writer.fixed(sourceIdOf(node), STORAGE_ID_BYTES, 'Storage id');
  writer.fixed(version.slice(0, storage.versionBytes), storage.versionBytes, 'Version');
  writer.int64(node.joinedAt).int64(node.upSince).int64(space.totalMiB).int64(space.freeMiB);
  if (storage.hasReserved) writer.int64(space.reservedMiB);
  writer.int64(UPLOAD_PRIORITY).int64(STORE_PATHS).int64(SUBDIRECTORIES).int64(0).int64(node.port);
  if (storage.hasDomainAndHttpPort) writer.int64(OLD_HTTP_PORT);
  if (storage.hasConnections) {
    const { current, max } = node.connections;
    writer.int32(allocatedConnections(node.connections)).int32(current).int32(max);
  }
  for (const value of node.counters.list(node.running ? nowSeconds() : node.upSince)) writer.int64(value);
  return writer.byte(isTrunkServer(node) ? 1 : 0).finish();
}

/** One that is down loses the task, which real trackers take two or three check intervals to see. */
export function isTrunkServer(node: StorageNode): boolean {
  return node.running && node.group.trunkServer === node;
}

/** Whoever joined first gave the others what was there. */
function sourceIdOf(node: StorageNode): string {
  return node.index === 0 ? '' : node.group.storages[0]!.id;
}
