/** The fixed records of groups and storages in the layouts of every server version. Widths in bytes, in wire order. */
import { STORAGE_ID_BYTES } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/fields.js';
import { countAllocatedConnections, type Group, nowSeconds, type StorageNode } from '../model.js';
import { SUBDIRECTORIES } from '../storage/content-store.js';
import type { TrackerContext } from './context.js';
import { measureGroup } from './group-space.js';

/** One more than the name may have. */
const GROUP_RECORD_NAME_BYTES = 17;
const DOMAIN_NAME_BYTES = 128;
const READ = 4;
const WRITE = 2;
const OLD_HTTP_PORT = 8888;
/** Reported where trunk mode is off; 0 up to 6.13.0. */
const NO_TRUNK_FILE = -1;

/** name 17, total 8, free 8, [reserved 8], trunk free 8, … : 105 or 113 bytes */
export function encodeGroup({ view, policy }: TrackerContext, group: Group): Buffer {
  const { hasReserved, hasReadWriteCounts } = view.model.traits.group;
  const space = measureGroup(group);
  const writer = new Writer().fixed(group.name, GROUP_RECORD_NAME_BYTES, 'Group name');
  writer.int64(space.totalMiB).int64(space.freeMiB);
  if (hasReserved) writer.int64(space.reservedMiB);
  writer
    .int64(0)
    .int64(view.storages(group).length)
    .int64(group.storages[0]?.port ?? 0);
  if (hasReadWriteCounts) writer.int64(view.readable(group).length).int64(view.writable(group).length);
  else writer.int64(OLD_HTTP_PORT).int64(view.active(group).length);
  writer.int64(policy.readWriteIndex(group)).int64(view.model.options.storePaths).int64(SUBDIRECTORIES);
  return writer.int64(group.allocator?.file ?? (hasReserved ? NO_TRUNK_FILE : 0)).finish();
}

/** status 1, [rw mode 1], id 16, address A, [domain 128], source id 16, version 6 or 8, …, 42 × 8, trunk 1 */
export function encodeStorage({ view, policy }: TrackerContext, node: StorageNode): Buffer {
  const { addressBytes, version, storage } = view.model.traits;
  const space = node.space.measureMiB();
  const writer = new Writer(0, 768).byte(view.readStatus(node));
  if (storage.hasRwMode) writer.byte((node.readable ? READ : 0) | (node.writable ? WRITE : 0));
  writer.fixed(node.id, STORAGE_ID_BYTES, 'Storage id').fixed(node.host, addressBytes, 'Address');
  if (storage.hasDomainAndHttpPort) writer.fixed('', DOMAIN_NAME_BYTES, 'Domain name');
  writer.fixed(findSourceId(node), STORAGE_ID_BYTES, 'Storage id');
  writer.fixed(version.slice(0, storage.versionBytes), storage.versionBytes, 'Version');
  writer.int64(node.joinedAt).int64(node.upSince).int64(space.totalMiB).int64(space.freeMiB);
  if (storage.hasReserved) writer.int64(space.reservedMiB);
  writer.int64(node.uploadPriority).int64(view.model.options.storePaths).int64(SUBDIRECTORIES);
  writer.int64(policy.readPathIndex(node)).int64(node.port);
  if (storage.hasDomainAndHttpPort) writer.int64(OLD_HTTP_PORT);
  if (storage.hasConnections) {
    const { current, max } = node.connections;
    writer.int32(countAllocatedConnections(node.connections)).int32(current).int32(max);
  }
  for (const value of node.counters.list(
    view.readLastSynced(node),
    node.running ? nowSeconds() : node.upSince,
  ))
    writer.int64(value);
  return writer.byte(isTrunkServer(node) ? 1 : 0).finish();
}

/** A storage that is down loses the role; real trackers take two or three check intervals to notice. */
export function isTrunkServer(node: StorageNode): boolean {
  return node.running && node.group.trunkServer === node;
}

/** The first storage gave the others what was there when they joined. */
function findSourceId(node: StorageNode): string {
  return node.index === 0 ? '' : node.group.storages[0]!.id;
}
