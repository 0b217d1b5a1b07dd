/** Joins lines about file ids with the files that the storages list, in parts that fit in memory. */
import type { StorageRecord } from '../../core/protocol/records.js';
import { type ClusterAccess, type GroupStorages, isServerFailure, readActiveStorages } from '../access.js';
import { LinePartitions } from '../partitions.js';
import { describeLines } from './names.js';
import { listStorePaths } from './parts.js';
import { readPath } from './read-path.js';
import type { ListedFile } from './types.js';

/** First characters of lines: `?group1/M00/00/00/…` was added, `=group1/M00/00/00/…` is listed. */
const ADDED = '?';
const LISTED = '=';

export interface JoinOptions {
  readonly group?: string | undefined;
  readonly tracker?: string | undefined;
  readonly silenceTimeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** What is known of some files: all lines about a master and its slaves, and these files as they are listed. */
export interface JoinedPart {
  readonly group: string;
  /** Undefined where the cluster has no such group. */
  readonly cluster: GroupStorages | undefined;
  /** The lines that were added, in their order. */
  readonly known: readonly string[];
  readonly files: readonly ListedFile[];
}

export class ListingJoin {
  readonly #access: ClusterAccess;
  readonly #options: JoinOptions;
  readonly #partitions = new LinePartitions();

  constructor(access: ClusterAccess, options: JoinOptions) {
    this.#access = access;
    this.#options = options;
  }

  /** Adds a line that begins with a file id. Await what is returned before the next one. */
  add(line: string): Promise<void> | undefined {
    return this.#partitions.add(ADDED + line);
  }

  /** Lists the cluster, then yields all parts. */
  async *read(): AsyncGenerator<JoinedPart, void, undefined> {
    const { group: only, tracker, signal } = this.#options;
    const clusters = await readActiveStorages(this.#access, only, { tracker, signal });
    for (const { storages } of clusters) {
      for (const path of storages.length > 0 ? listStorePaths(storages, undefined) : []) {
        await this.#list(storages, path);
      }
    }
    const byGroup = new Map(clusters.map((cluster) => [cluster.group, cluster]));
    for await (const lines of this.#partitions.read()) {
      signal.throwIfAborted();
      for (const [group, { known, listed }] of splitByGroup(lines)) {
        const cluster = byGroup.get(group);
        yield { group, cluster, known, files: cluster ? describeLines(listed, cluster) : [] };
      }
    }
  }

  async close(): Promise<void> {
    await this.#partitions.close();
  }

  /** Lines of a storage that failed half-way are of files that exist: they may stay beside those of another. */
  async #list(storages: readonly StorageRecord[], path: number): Promise<void> {
    let failure: unknown;
    for (const storage of storages) {
      try {
        await readPath(this.#access, storage, path, this.#partitions, this.#options, LISTED);
        return;
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (!isServerFailure(error)) throw error;
        failure ??= error;
      }
    }
    throw failure;
  }
}

function splitByGroup(lines: readonly string[]): Map<string, { known: string[]; listed: string[] }> {
  const groups = new Map<string, { known: string[]; listed: string[] }>();
  for (const line of lines) {
    const name = line.slice(1, line.indexOf('/'));
    const group = groups.get(name) ?? { known: [], listed: [] };
    groups.set(name, group);
    if (line.startsWith(ADDED)) group.known.push(line.slice(1));
    else group.listed.push(line.slice(1));
  }
  return groups;
}
