/** Builds the data of a cluster from its options. It makes the folders of the storages and reads what is in them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { legacyCrc32 } from '../core/model/legacy-crc32.js';
import { type ClusterModel, type Group, type StorageFiles, StorageNode, type TrackerNode } from './model.js';
import type { ResolvedOptions, StorageSettings } from './options.js';
import { Binlog } from './storage/binlog.js';
import { ContentStore } from './storage/content-store.js';
import { DiskSpace } from './storage/disk-space.js';
import { decodeRemoteName, NameMaker } from './storage/file-names.js';
import { TrunkAllocator, TrunkSlots } from './storage/trunk-slots.js';
import { assignStorageIds } from './storage-ids.js';
import { readTraits, type Traits } from './versions.js';

export function buildModel(options: ResolvedOptions, directory: string): ClusterModel {
  const traits = readTraits(options.serverVersion, options.addressBytes);
  const names = options.groups.flatMap(({ name, storages }) =>
    storages.map((_, index) => `${name}/${index}`),
  );
  const ids = options.storageIds ? assignStorageIds(directory, names) : undefined;
  return {
    options,
    traits,
    storageIds: options.storageIds,
    trunk: options.trunk,
    groups: options.groups.map(({ name, storages }) => {
      const group: Group = {
        name,
        storages: [],
        names: new NameMaker(),
        allocator: options.trunk ? new TrunkAllocator() : undefined,
        trunkServer: undefined,
      };
      for (const [index, settings] of storages.entries()) {
        const id = ids?.get(`${name}/${index}`) ?? settings.announce;
        const files = openFiles(join(directory, name, String(index)), settings, group, options, traits);
        const { syncDelayMs: delayMs, renameStallMs, directory: kept } = options;
        const replication = { delayMs, renameStallMs, persistent: kept !== undefined };
        group.storages.push(new StorageNode(group, index, id, settings, files, replication));
      }
      return group;
    }),
    trackers: Array.from({ length: options.trackers }, (_, index) => makeTracker(index, options)),
  };
}

function openFiles(
  folder: string,
  { capacityBytes, reservedBytes }: StorageSettings,
  { allocator }: Group,
  { storePaths }: ResolvedOptions,
  { hasSignedCrc }: Traits,
): StorageFiles {
  mkdirSync(folder, { recursive: true });
  const paths = Array.from({ length: storePaths }, (_, index) =>
    index === 0 ? folder : join(folder, `path${index}`),
  );
  const store = new ContentStore(paths, hasSignedCrc ? legacyCrc32 : crc32);
  const space = new DiskSpace(folder, capacityBytes, reservedBytes);
  const slots = allocator && new TrunkSlots(allocator);
  if (space.limited || slots) {
    for (const name of store.names()) {
      if (space.limited) space.grow(name, readSize(store, name));
      slots?.found(name);
    }
  }
  return { store, binlog: new Binlog(join(folder, 'sync')), space, slots };
}

/** Ordinary files have their size in the name: the disk, which takes ten times as long, is asked for the others. */
function readSize(store: ContentStore, name: string): number {
  const decoded = decodeRemoteName(name);
  return decoded?.kind === 'normal' ? decoded.size : (store.size(name) ?? 0);
}

function makeTracker(index: number, { announceHost, host }: ResolvedOptions): TrackerNode {
  return {
    index,
    host: announceHost,
    listenHost: host,
    port: 0,
    running: false,
    upSince: 0,
    connections: { current: 0, max: 0 },
  };
}
