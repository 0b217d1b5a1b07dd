/**
 * The in-process cluster as users see it: start, look inside, break things, stop. It puts the parts together; what
 * FastDFS does is in the parts.
 */
import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError } from '../core/base/errors.js';
import { formatAddress } from '../core/model/address.js';
import { ClusterServers } from './cluster-servers.js';
import { storageIdsFor } from './identities.js';
import { type ClusterModel, type Group, StorageNode, type TrackerNode } from './model.js';
import { type EmbeddedOptions, type ResolvedOptions, resolveOptions } from './options.js';
import { ContentStore } from './storage/content-store.js';
import { NameMaker } from './storage/file-names.js';
import { Replication } from './storage/replication.js';
import { traitsOf } from './versions.js';
import { codeOf } from './wire/command-codes.js';
import { type FaultOptions, Faults } from './wire/faults.js';

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
  /** Where its content lies. */
  readonly path: string;
}

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
  #stopping: Promise<void> | undefined;

  /**
   * Starts trackers and storages; all of them listen when the promise resolves.
   * @throws ArgumentError naming the option that makes no sense; Node's own error when a port is taken
   * (`EADDRINUSE`)
   */
  static async start(options: EmbeddedOptions = {}): Promise<EmbeddedFastDFS> {
    const { host = '127.0.0.1' } = options;
    const { address } = await lookup(host); // servers tell each other addresses, never names
    const cluster = new EmbeddedFastDFS(resolveOptions({ ...options, host: address }));
    try {
      await cluster.#listen();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor(options: ResolvedOptions) {
    this.#options = options;
    const traits = traitsOf(options.serverVersion, options.addressBytes);
    this.#directory = options.directory ?? mkdtempSync(join(options.temporaryRoot, 'embedded-fastdfs-'));
    mkdirSync(this.#directory, { recursive: true });
    this.#model = {
      traits,
      storageIds: options.storageIds,
      trunk: options.trunk,
      groups: makeGroups(options, this.#directory),
      trackers: makeTrackers(options),
    };
    this.#servers = new ClusterServers(this.#model, {
      faults: this.#faults,
      networkTimeoutMs: options.networkTimeoutMs,
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

  /** Every stored file in the order of the names; metadata files are not listed. */
  files(): EmbeddedFile[] {
    return this.#model.groups.flatMap((group) =>
      group.store.list().map(({ name, size, modifiedAt }) => ({
        fileId: `${group.name}/M00/${name}`,
        group: group.name,
        remoteFilename: `M00/${name}`,
        size,
        modifiedAt,
        storages: group.storages
          .map(({ index }) => index)
          .filter((index) => group.replication.holds(name, index)),
        path: group.store.path(name),
      })),
    );
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
    const code = command === undefined ? undefined : codeOf(command);
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

  /** Removes all files, metadata, faults and counters, and what trackers were told to delete. Connections stay. */
  reset(): void {
    this.#faults.clear();
    this.#requests.clear();
    this.#servers.reset();
    for (const group of this.#model.groups) {
      group.store.clear();
      group.replication.clear();
      for (const storage of group.storages) storage.counters.reset();
    }
  }

  /**
   * Cuts the storage's connections; trackers stop naming it at once.
   * @param index among the storages of the group; default 0
   * @throws ArgumentError when there is no such storage
   */
  async stopStorage(group: string, index = 0): Promise<void> {
    await this.#servers.stopStorage(this.#storage(group, index));
  }

  /**
   * Brings it back on the same port.
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
    if (this.#options.directory === undefined) {
      // A write that was under way may still be putting a file there.
      await rm(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    }
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

  #tracker(index: number): TrackerNode {
    const node = this.#model.trackers[index];
    if (!node) throw new ArgumentError(`There is no tracker ${index}`);
    return node;
  }

  #checkRunning(): void {
    if (this.#stopping) throw new ArgumentError('The cluster has been stopped');
  }
}

function makeGroups(options: ResolvedOptions, directory: string): Group[] {
  const names = options.groups.flatMap(({ name, storages }) =>
    storages.map((_, index) => `${name}/${index}`),
  );
  const ids = options.storageIds ? storageIdsFor(directory, names) : undefined;
  return options.groups.map(({ name, storages }) => {
    const group: Group = {
      name,
      storages: [],
      store: new ContentStore(join(directory, name)),
      replication: new Replication(options.syncDelayMs),
      names: new NameMaker(),
      trunkServer: undefined,
    };
    for (const [index, hosts] of storages.entries()) {
      group.storages.push(
        new StorageNode(group, index, ids?.get(`${name}/${index}`) ?? hosts.announce, hosts),
      );
    }
    return group;
  });
}

function makeTrackers(options: ResolvedOptions): TrackerNode[] {
  return Array.from({ length: options.trackers }, (_, index) => ({
    index,
    host: options.announceHost,
    listenHost: options.host,
    port: 0,
    running: false,
    upSince: 0,
    connections: { current: 0, max: 0 },
  }));
}
