/**
 * What one tracker knows of the cluster, and whom it names. Trackers share the storages but not their memory: a
 * deleted storage is deleted on the tracker that was told, until that tracker starts anew.
 */

import type { ClusterModel, Group, StorageNode, TrackerNode } from '../model.js';
import { decodeRemoteName } from '../storage/file-names.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';

export const STORAGE_STATUS = { DELETED: 4, OFFLINE: 5, ACTIVE: 7 } as const;

export class TrackerView {
  readonly model: ClusterModel;
  readonly self: TrackerNode;
  #deleted = new Set<StorageNode>();
  #forgotten = new Set<StorageNode>();
  #removedGroups = new Set<Group>();
  #nextGroup = 0;
  readonly #nextWrite = new Map<Group, number>();
  readonly #nextRead = new Map<Group, number>();

  constructor(model: ClusterModel, self: TrackerNode) {
    this.model = model;
    this.self = self;
  }

  /** A tracker that starts reads no deleted storages from its files. */
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
    this.#nextGroup = 0;
    this.#nextWrite.clear();
    this.#nextRead.clear();
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
    return this.storages(group).filter((node) => this.statusOf(node) === STORAGE_STATUS.ACTIVE);
  }

  statusOf(node: StorageNode): number {
    if (this.#deleted.has(node)) return STORAGE_STATUS.DELETED;
    return node.running ? STORAGE_STATUS.ACTIVE : STORAGE_STATUS.OFFLINE;
  }

  delete(node: StorageNode): void {
    this.#deleted.add(node);
  }

  removeGroup(group: Group): void {
    this.#removedGroups.add(group);
  }

  /** Index of the storage that the next upload to this group goes to. */
  writeIndex(group: Group): number {
    const count = this.active(group).length;
    return count === 0 ? 0 : (this.#nextWrite.get(group) ?? 0) % count;
  }

  /** The group for an upload that names none: each in its turn. @throws Refused (2) */
  groupForUpload(): Group {
    const groups = this.groups;
    for (let tried = 0; tried < groups.length; tried++) {
      const group = groups[this.#nextGroup % groups.length]!;
      this.#nextGroup += 1;
      if (this.active(group).length > 0) return group;
    }
    throw new Refused(STATUS.NOT_FOUND);
  }

  /** The storage for an upload: each in its turn. @throws Refused (2) */
  storageForUpload(group: Group): StorageNode {
    return turn(this.#nextWrite, group, this.active(group));
  }

  /** Storages that take uploads, in the order of their ids. @throws Refused (2) */
  storagesForUpload(group: Group): StorageNode[] {
    const active = this.active(group);
    refuseUnless(active.length > 0, STATUS.NOT_FOUND);
    return active;
  }

  /** One storage to read from. Names alone are looked at: the file need not exist. @throws Refused (2) */
  storageForRead(group: Group, remote: string): StorageNode {
    return turn(this.#nextRead, group, this.storagesForRead(group, remote));
  }

  /** Every storage that is sure to have the file; without any, whoever is there. @throws Refused (2) */
  storagesForRead(group: Group, remote: string): StorageNode[] {
    const active = this.active(group);
    refuseUnless(active.length > 0, STATUS.NOT_FOUND);
    const name = decodeRemoteName(remote);
    const source = name && active.find((node) => isSource(node, name.source));
    if (name === undefined) return active;
    if (name.kind !== 'normal') return source ? [source] : active;
    if (source === undefined || group.replication.settled(remote.slice(4), name.createdAt)) return active;
    return [source];
  }

  /** The source of the file, or any other writable storage. @throws Refused (2) */
  storageForUpdate(group: Group, remote: string): StorageNode {
    const active = this.active(group);
    const name = decodeRemoteName(remote);
    const source = name && active.find((node) => isSource(node, name.source));
    return source ?? turn(this.#nextRead, group, active);
  }

  /** The tracker that decides; every tracker sees the same one. Unknown while there is no group. */
  leader(): TrackerNode | undefined {
    if (this.groups.length === 0) return undefined;
    return this.model.trackers.find((tracker) => tracker.running);
  }
}

function isSource(node: StorageNode, source: string): boolean {
  return node.id === source || node.host === source;
}

function turn(next: Map<Group, number>, group: Group, candidates: readonly StorageNode[]): StorageNode {
  refuseUnless(candidates.length > 0, STATUS.NOT_FOUND);
  const index = next.get(group) ?? 0;
  next.set(group, index + 1);
  return candidates[index % candidates.length]!;
}
