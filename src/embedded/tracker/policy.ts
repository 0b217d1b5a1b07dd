/** Which group, storage and store path a tracker names, by the policy of its configuration. */
import type { Group, StorageNode } from '../model.js';
import { type DecodedName, decodeRemoteName } from '../storage/file-names.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import { measureGroup } from './group-space.js';
import type { TrackerView } from './view.js';

/** A file this old counts as replicated (`storage_sync_file_max_delay`). Seconds. */
const SYNC_FILE_MAX_DELAY = 86_400;

export class TrackerPolicy {
  readonly #view: TrackerView;
  #nextGroup = 0;
  readonly #nextWrite = new Map<Group, number>();
  readonly #nextRead = new Map<Group, number>();
  readonly #nextPath = new Map<StorageNode, number>();

  constructor(view: TrackerView) {
    this.#view = view;
  }

  reset(): void {
    this.#nextGroup = 0;
    this.#nextWrite.clear();
    this.#nextRead.clear();
    this.#nextPath.clear();
  }

  /** Index of the storage that the next upload to this group goes to. */
  readWriteIndex(group: Group): number {
    const count = this.#view.writable(group).length;
    return count === 0 ? 0 : (this.#nextWrite.get(group) ?? 0) % count;
  }

  /** Store path of the next upload to a storage. */
  readPathIndex(node: StorageNode): number {
    return this.#nextPath.get(node) ?? 0;
  }

  /** Chooses the group for an upload that names none. @throws Refused (2 without a storage, 28 without space) */
  chooseGroup(): Group {
    const { storeLookup, storeGroup } = this.#view.model.options;
    if (storeLookup === 1) return this.checkGroup(this.#view.group(storeGroup!));
    const writable = this.#view.groups.filter((group) => this.#view.writable(group).length > 0);
    refuseUnless(writable.length > 0, STATUS.NOT_FOUND);
    const candidates = writable.filter((group) => this.#hasSpace(group));
    refuseUnless(candidates.length > 0, STATUS.NO_SPACE);
    if (storeLookup === 2)
      return candidates.reduce((best, group) =>
        measureGroup(group).freeMiB > measureGroup(best).freeMiB ? group : best,
      );
    const groups = this.#view.groups;
    for (let tried = 0; tried < groups.length; tried++) {
      const group = groups[this.#nextGroup % groups.length]!;
      this.#nextGroup += 1;
      if (candidates.includes(group)) return group;
    }
    throw new Refused(STATUS.NOT_FOUND);
  }

  /** Checks that a group takes uploads. @throws Refused (2, 28) */
  checkGroup(group: Group): Group {
    refuseUnless(this.#view.writable(group).length > 0, STATUS.NOT_FOUND);
    refuseUnless(this.#hasSpace(group), STATUS.NO_SPACE);
    return group;
  }

  /** Chooses the storage for an upload to a group. @throws Refused (2, 28) */
  chooseStorage(group: Group): StorageNode {
    const writable = this.#view.writable(group);
    const node =
      this.#view.model.options.storeServer === 0
        ? takeTurn(this.#nextWrite, group, writable)
        : this.#findStoreServer(group);
    if (!node) throw new Refused(STATUS.NOT_FOUND);
    return node;
  }

  /** Lists the storages that take uploads, in the order of their ids. @throws Refused (2) */
  listStorages(group: Group): StorageNode[] {
    const writable = this.#view.writable(group);
    refuseUnless(writable.length > 0, STATUS.NOT_FOUND);
    return writable;
  }

  /** Chooses the store path at a storage. @throws Refused (28) */
  choosePath(node: StorageNode): number {
    refuseUnless(node.space.available, STATUS.NO_SPACE);
    const { storePath, storePaths } = this.#view.model.options;
    const index = this.#nextPath.get(node) ?? 0;
    if (storePath === 0) this.#nextPath.set(node, (index + 1) % storePaths);
    return index;
  }

  /**
   * Chooses one storage to read from. Only the name is looked at: the file need not exist. @throws Refused (2)
   * @param length of the field that holds the name
   */
  chooseReader(group: Group, remote: string, length: number): StorageNode {
    const readable = this.#view.readable(group);
    refuseUnless(readable.length > 0, STATUS.NOT_FOUND);
    const name = decodeRemoteName(remote, length);
    if (name?.kind !== 'normal' || this.#view.model.options.downloadServer === 1) {
      const source = readable.find((node) => isSource(node, name));
      if (source) return source;
    }
    const start = this.#nextRead.get(group) ?? 0;
    for (let turn = start; name?.kind === 'normal' && turn < start + readable.length; turn++) {
      const node = readable[turn % readable.length]!;
      if (!isSource(node, name) && !this.#hasReceived(node, name)) continue;
      this.#nextRead.set(group, (turn + 1) % readable.length);
      return node;
    }
    return this.#findReadFallback(group);
  }

  /** Lists every storage that is sure to have the file; without any, the group's first. @throws Refused (2) */
  listReaders(group: Group, remote: string, length: number): StorageNode[] {
    const readable = this.#view.readable(group);
    refuseUnless(readable.length > 0, STATUS.NOT_FOUND);
    const name = decodeRemoteName(remote, length);
    const holders = readable.filter(
      (node) => isSource(node, name) || (name?.kind === 'normal' && this.#hasReceived(node, name)),
    );
    return holders.length > 0 ? holders : [this.#findReadFallback(group)];
  }

  /** Chooses the source of the file, or another writable storage. @throws Refused (2) */
  chooseUpdater(group: Group, remote: string, length: number): StorageNode {
    const writable = this.#view.writable(group);
    refuseUnless(writable.length > 0, STATUS.NOT_FOUND);
    const name = decodeRemoteName(remote, length);
    return writable.find((node) => isSource(node, name)) ?? this.chooseStorage(group);
  }

  /** Whether a storage has a file of that age, as far as a tracker can know. */
  #hasReceived(node: StorageNode, { createdAt }: DecodedName): boolean {
    const now = Date.now();
    if (createdAt < now / 1000 - SYNC_FILE_MAX_DELAY) return true;
    const lastSynced = this.#view.readLastSynced(node);
    if (lastSynced > createdAt) return true;
    return (
      lastSynced + 1 >= createdAt && now - createdAt * 1000 >= this.#view.model.options.syncFileMaxTimeMs
    );
  }

  #findReadFallback(group: Group): StorageNode {
    const node = this.#findStoreServer(group);
    refuseUnless(node?.readable === true, STATUS.NOT_FOUND);
    return node;
  }

  /** The storage that is named where nothing else decides: the first, or the one of the lowest priority. */
  #findStoreServer(group: Group): StorageNode | undefined {
    const writable = this.#view.writable(group);
    if (this.#view.model.options.storeServer !== 2) return writable[0];
    return [...writable].sort((a, b) => a.uploadPriority - b.uploadPriority)[0];
  }

  #hasSpace(group: Group): boolean {
    return this.#view.writable(group).every((node) => node.space.available);
  }
}

function isSource(node: StorageNode, name: DecodedName | undefined): boolean {
  return name !== undefined && (node.id === name.source || node.host === name.source);
}

function takeTurn(
  next: Map<Group, number>,
  group: Group,
  candidates: readonly StorageNode[],
): StorageNode | undefined {
  const index = next.get(group) ?? 0;
  next.set(group, index + 1);
  return candidates[index % candidates.length];
}
