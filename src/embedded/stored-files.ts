/** The files of a group as all of its storages hold them. */
import type { Group } from './model.js';

/** One stored file, however many storages hold it. */
export interface EmbeddedFile {
  /** Its id. */
  readonly fileId: string;
  /** The group that holds it. */
  readonly group: string;
  /** The id without its group. */
  readonly remoteFilename: string;
  /** Bytes. */
  readonly size: number;
  /** Last change of its content. */
  readonly modifiedAt: Date;
  /** Indexes of the storages of the group that hold it. */
  readonly storages: number[];
  /** Where its content lies: the copy of the first of these storages. */
  readonly path: string;
}

/** Lists every file of a group, in the order of the names. Copies that only wait for their removal are left out. */
export function listFiles(group: Group): EmbeddedFile[] {
  const removed = new Set(group.storages.flatMap(({ replicator }) => replicator.removals()));
  const found = new Map<string, EmbeddedFile>();
  for (const { index, store } of group.storages) {
    for (const { name, size, modifiedAt } of store.list()) {
      if (removed.has(name)) continue;
      const known = found.get(name);
      if (known) known.storages.push(index);
      else {
        found.set(name, {
          fileId: `${group.name}/${name}`,
          group: group.name,
          remoteFilename: name,
          size,
          modifiedAt,
          storages: [index],
          path: store.path(name),
        });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.remoteFilename < b.remoteFilename ? -1 : 1));
}

/** Removes every file of a group, and the memory of them. */
export function clearGroup(group: Group): void {
  for (const node of group.storages) {
    node.replicator.clear();
    node.store.clear();
    node.binlog.clear();
    node.space.clear();
    node.slots?.clear();
    node.counters.reset();
    node.syncedUntil.clear();
  }
  group.allocator?.clear();
}
