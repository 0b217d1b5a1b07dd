/**
 * The in-process cluster as users see it: start, look inside, break things, stop. It puts the parts together; what
 * FastDFS does is in the parts.
 */
import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError } from '../core/base/errors.js';
import { formatAddress } from '../core/model/address.js';
import { splitFileId } from '../core/model/file-id.js';
import { buildModel } from './build-model.js';
import { ClusterServers } from './cluster-servers.js';
import { DirectoryLock, removeAbandoned, TEMPORARY_PREFIX } from './directory-lock.js';
import {
  type ClusterModel,
  STORAGE_STATUS,
  type StorageNode,
  type StorageState,
  type TrackerNode,
} from './model.js';
import type { EmbeddedOptions, ResolvedOptions } from './options.js';
import { resolveOptions } from './resolve-options.js';
import { clearGroup, type EmbeddedFile, listFiles } from './stored-files.js';
import { readCommandCode } from './wire/command-codes.js';
import { type FaultOptions, Faults } from './wire/faults.js';

/** Options for `createClient`. */
export interface EmbeddedClientOptions {
  /** `host:port` of every tracker. */
  trackers: string[];
  /** The option `secret`, where one was given. */
  httpSecret?: string;
}

/**
 * Trackers and storages in this process, over real TCP, for tests and local development. `stop()` or `await
 * using` ends them.
 */
export class EmbeddedFastDFS {
  readonly #options: ResolvedOptions;
  readonly #directory: string;
  readonly #model: ClusterModel;
  readonly #servers: ClusterServers;
  readonly #faults = new Faults();
  readonly #requests = new Map<string, number>();
  readonly #lock: DirectoryLock;
  /** Removes what killed processes left, while this one works. */
  readonly #cleaning: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Starts trackers and storages; all of them listen when the promise resolves.
   * @throws ArgumentError naming the option that makes no sense; Node's own error when a port is taken
   * (`EADDRINUSE`)
   */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedFastDFS> {
    const { host = '127.0.0.1' } = options;
    const { address } = await lookup(host); // servers know each other by addresses, never by names
    const resolved = resolveOptions({ ...options, host: address });
    const directory = resolved.directory ?? mkdtempSync(join(resolved.temporaryRoot, TEMPORARY_PREFIX));
    mkdirSync(directory, { recursive: true });
    const lock = await DirectoryLock.acquire(directory);
    let cluster: EmbeddedFastDFS;
    try {
      cluster = new EmbeddedFastDFS(buildModel(resolved, directory), directory, lock);
    } catch (error) {
      await lock.release();
      if (resolved.directory === undefined) await rm(directory, { recursive: true, force: true });
      throw error;
    }
    try {
      await cluster.#listen();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor(model: ClusterModel, directory: string, lock: DirectoryLock) {
    this.#options = model.options;
    this.#directory = directory;
    this.#model = model;
    this.#lock = lock;
    if (model.options.directory === undefined) this.#cleaning = removeAbandoned(model.options.temporaryRoot);
    this.#servers = new ClusterServers(model, {
      faults: this.#faults,
      onRequest: (server, code) => {
        const key = `${server} ${code}`;
        this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
      },
    });
  }

  /** `host:port` of every tracker, running or not. */
  get trackers(): string[] {
    return this.#model.trackers.map((tracker) => formatAddress(tracker));
  }

  /** Ready for `createClient`. */
  get options(): EmbeddedClientOptions {
    const { secret } = this.#options;
    return { trackers: this.trackers, ...(secret === undefined ? {} : { httpSecret: secret }) };
  }

  /** Where everything is kept. */
  get directory(): string {
    return this.#directory;
  }

  /**
   * `host:port` of a storage.
   * @param index among the storages of the group; default 0
   * @throws ArgumentError when there is no such storage
   */
  storageAddress(group: string, index = 0): string {
    return formatAddress(this.#storage(group, index));
  }

  /**
   * Lists every file that was stored and not deleted, in the order of the names; metadata files are not listed. A copy that
   * another storage still has of a deleted file is not listed.
   */
  files(): EmbeddedFile[] {
    return this.#model.groups.flatMap((group) => listFiles(group));
  }

  /**
   * Client connections that are open right now.
   * @param server `tracker/0`, `group1/0`, …; default: all
   */
  connections(server?: string): number {
    return this.#servers.connections(server);
  }

  /**
   * How many requests arrived since the start or the last reset, refused and disturbed ones included.
   * @param command by name or code; default: all
   * @param server `tracker/0`, `group1/0`, …; default: all
   * @throws ArgumentError for an unknown command
   */
  requests(command?: string | number, server?: string): number {
    const code = command === undefined ? undefined : readCommandCode(command);
    if (command !== undefined && code === undefined) {
      throw new ArgumentError(`Command ${JSON.stringify(command)} is unknown`);
    }
    let count = 0;
    for (const [key, seen] of this.#requests) {
      const [name, number] = key.split(' ');
      if ((code === undefined || number === String(code)) && (server === undefined || name === server))
        count += seen;
    }
    return count;
  }

  /**
   * Makes the next matching connection or request fail; see {@link FaultOptions}.
   * @throws ArgumentError for a fault that makes no sense
   */
  inject(fault: FaultOptions): void {
    this.#faults.add(fault);
  }

  /** Removes all files, metadata, faults and counters, and deletions at trackers. Connections and storage states stay. */
  reset(): void {
    this.#faults.clear();
    this.#requests.clear();
    this.#servers.reset();
    for (const group of this.#model.groups) clearGroup(group);
  }

  /**
   * Sends every change to the other storages now, without waiting for `syncDelayMs`. Resolves when the storages that run
   * have received it.
   */
  async sync(): Promise<void> {
    const nodes = this.#model.groups.flatMap(({ storages }) => storages);
    await Promise.all(nodes.map(({ replicator }) => replicator.flush()));
  }

  /**
   * Makes one storage lag: changes of the others reach it after this time.
   * @param ms milliseconds; `Infinity`: not at all, until another call
   * @throws ArgumentError when there is no such storage, or the time is not valid
   */
  delaySync(group: string, index: number, ms: number): void {
    if (!(ms >= 0)) throw new ArgumentError(`The delay must be at least 0 ms, not ${ms}`);
    const target = this.#storage(group, index);
    for (const { replicator } of target.group.storages) replicator.delay(target, ms);
  }

  /**
   * Removes a file and its metadata from one storage only, as a lost disk does: nothing is replicated.
   * @param index among the storages of the group
   * @throws ArgumentError when there is no such storage, or it does not hold the file
   */
  async loseCopy(fileId: string, index: number): Promise<void> {
    const { node, name } = this.#copy(fileId, index);
    node.space.grow(name, -node.store.size(name)!);
    node.store.remove(name);
  }

  /**
   * Changes the copy of a file on one storage only, as a bad disk does: nothing is replicated.
   * @param content what the copy holds from now on. Default: the same bytes, the first one changed
   * @throws ArgumentError when there is no such storage, or it does not hold the file, or the file is empty and no content given
   */
  async corruptCopy(fileId: string, index: number, content?: Uint8Array): Promise<void> {
    const { node, name } = this.#copy(fileId, index);
    const bytes = content ? Buffer.from(content) : readFileSync(node.store.path(name));
    if (!content) {
      if (bytes.length === 0)
        throw new ArgumentError(`${fileId} is empty: give the content of the changed copy`);
      bytes[0]! ^= 0xff;
    }
    node.space.grow(name, bytes.length - node.store.size(name)!);
    await node.store.overwrite(name, bytes);
  }

  /**
   * Makes trackers report a state of a running storage: of all states only ACTIVE serves clients.
   * @throws ArgumentError when there is no such storage or state
   */
  setState(group: string, index: number, state: StorageState): void {
    if (!Object.hasOwn(STORAGE_STATUS, state)) {
      throw new ArgumentError(
        `State ${JSON.stringify(state)} is unknown; known states: ${Object.keys(STORAGE_STATUS).join(', ')}`,
      );
    }
    this.#storage(group, index).forcedState = state;
  }

  /**
   * Cuts the storage's connections; trackers stop naming it at once. What it has not sent to the others yet waits until
   * it is back.
   * @param index among the storages of the group; default 0
   * @throws ArgumentError when there is no such storage
   */
  async stopStorage(group: string, index = 0): Promise<void> {
    await this.#servers.stopStorage(this.#storage(group, index));
  }

  /**
   * Brings it back on the same port; replication goes on.
   * @param index among the storages of the group; default 0
   * @throws ArgumentError when there is no such storage, or the cluster has been stopped
   */
  async startStorage(group: string, index = 0): Promise<void> {
    this.#checkRunning();
    await this.#servers.startStorage(this.#storage(group, index));
  }

  /**
   * Cuts the tracker's connections; clients go to another, if there is one.
   * @param index default 0
   * @throws ArgumentError when there is no such tracker
   */
  async stopTracker(index = 0): Promise<void> {
    await this.#servers.stopTracker(this.#tracker(index));
  }

  /**
   * Brings it back on the same port, without the storages that were deleted before.
   * @param index default 0
   * @throws ArgumentError when there is no such tracker, or the cluster has been stopped
   */
  async startTracker(index = 0): Promise<void> {
    this.#checkRunning();
    await this.#servers.startTracker(this.#tracker(index));
  }

  /** Ends every server and connection and removes the temporary directory. May be called again. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    await this.#stopping;
  }

  /** As `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    await this.#servers.stop();
    for (const { storages } of this.#model.groups) {
      for (const { replicator, binlog } of storages) {
        await replicator.pause();
        binlog.close();
      }
    }
    await this.#lock.release();
    if (this.#options.directory === undefined) {
      // A write in progress may still put a file there.
      await rm(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    }
    await this.#cleaning;
  }

  async #listen(): Promise<void> {
    const { port, storagePort } = this.#options;
    let next = storagePort;
    for (const node of this.#model.groups.flatMap((group) => group.storages)) {
      await this.#servers.startStorage(node, next);
      if (next > 0) next += 1;
    }
    for (const tracker of this.#model.trackers) {
      await this.#servers.startTracker(tracker, port === 0 ? 0 : port + tracker.index);
    }
  }

  #storage(group: string, index: number): StorageNode {
    const node = this.#model.groups.find(({ name }) => name === group)?.storages[index];
    if (!node) throw new ArgumentError(`There is no storage ${group}/${index}`);
    return node;
  }

  #copy(fileId: string, index: number): { node: StorageNode; name: string } {
    const { group, remoteFilename } = splitFileId(fileId);
    const node = this.#storage(group, index);
    if (node.store.size(remoteFilename) === undefined) {
      throw new ArgumentError(`Storage ${node.name} does not hold ${fileId}`);
    }
    return { node, name: remoteFilename };
  }

  #tracker(index: number): TrackerNode {
    const node = this.#model.trackers[index];
    if (!node) throw new ArgumentError(`There is no tracker ${index}`);
    return node;
  }

  #checkRunning(): void {
    if (this.#stopping) throw new ArgumentError('The cluster has been stopped');
  }
}
