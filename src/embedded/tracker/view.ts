/**
 * What one tracker knows of the cluster. Trackers share the storages but not their memory: a storage that was deleted at
 * one tracker is deleted there only, until that tracker restarts.
 */
import {
  type ClusterModel,
  type Group,
  STORAGE_STATUS,
  type StorageNode,
  type TrackerNode,
} from '../model.js';
import { Refused, STATUS } from '../wire/status.js';

export class TrackerView {
  readonly model: ClusterModel;
  readonly self: TrackerNode;
  #deleted = new Set<StorageNode>();
  #forgotten = new Set<StorageNode>();
  #removedGroups = new Set<Group>();

  constructor(model: ClusterModel, self: TrackerNode) {
    this.model = model;
    this.self = self;
  }

  /** A tracker that starts does not read deleted storages from its files. */
  restarted(): void {
    for (const node of this.#deleted) this.#forgotten.add(node);
    this.#deleted.clear();
  }

  /** A storage that joins is known again, whatever was deleted before. */
  joined(node: StorageNode): void {
    this.#deleted.delete(node);
    this.#forgotten.delete(node);
    this.#removedGroups.delete(node.group);
  }

  reset(): void {
    this.#deleted.clear();
    this.#forgotten.clear();
    this.#removedGroups.clear();
  }

  get groups(): Group[] {
    return this.model.groups.filter((group) => !this.#removedGroups.has(group));
  }

  /** @throws Refused (2) */
  group(name: string): Group {
    const group = this.groups.find((candidate) => candidate.name === name);
    if (!group) throw new Refused(STATUS.NOT_FOUND);
    return group;
  }

  /** The storages that this tracker has a record of, deleted ones included. */
  storages(group: Group): StorageNode[] {
    return group.storages.filter((node) => !this.#forgotten.has(node));
  }

  /** @throws Refused (2) */
  storage(group: Group, id: string): StorageNode {
    const node = this.storages(group).find((candidate) => candidate.id === id);
    if (!node) throw new Refused(STATUS.NOT_FOUND);
    return node;
  }

  active(group: Group): StorageNode[] {
    return this.storages(group).filter((node) => this.readStatus(node) === STORAGE_STATUS.ACTIVE);
  }

  /** Storages that take uploads and changes, in the order of their ids. */
  writable(group: Group): StorageNode[] {
    return this.active(group).filter((node) => node.writable);
  }

  readable(group: Group): StorageNode[] {
    return this.active(group).filter((node) => node.readable);
  }

  readStatus(node: StorageNode): number {
    if (this.#deleted.has(node)) return STORAGE_STATUS.DELETED;
    if (!node.running) return STORAGE_STATUS.OFFLINE;
    return STORAGE_STATUS[node.forcedState ?? 'ACTIVE'];
  }

  /**
   * Unix seconds up to which a storage has the changes of the others, 0 without any: with uploads in turn of the source
   * that is furthest behind, else of the newest. It moves with changes only: an idle group looks behind.
   */
  readLastSynced(node: StorageNode): number {
    const active = new Set<unknown>(this.active(node.group));
    const times = [...node.syncedUntil].filter(([source]) => active.has(source)).map(([, time]) => time);
    if (times.length === 0) return 0;
    return this.model.options.storeServer === 0 ? Math.min(...times) : Math.max(...times);
  }

  delete(node: StorageNode): void {
    this.#deleted.add(node);
  }

  removeGroup(group: Group): void {
    this.#removedGroups.add(group);
  }

  /** The tracker that decides; every tracker sees the same one. Unknown while there is no group. */
  leader(): TrackerNode | undefined {
    if (this.groups.length === 0) return undefined;
    return this.model.trackers.find((tracker) => tracker.running);
  }
}
