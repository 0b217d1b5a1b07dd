/** The servers of a cluster: one listening socket for each tracker and storage, started and stopped one by one. */

import { type ClusterModel, nowSeconds, type StorageNode, type TrackerNode } from './model.js';
import { StorageHandler } from './storage/handler.js';
import { TrackerHandler } from './tracker/handler.js';
import { TrackerPolicy } from './tracker/policy.js';
import { TrackerView } from './tracker/view.js';
import type { Faults, ServerId } from './wire/faults.js';
import { type Handler, WireServer } from './wire/wire-server.js';

export interface ServerSettings {
  readonly faults: Faults;
  /** Called for every request with the server's name and the command's code. */
  readonly onRequest: (server: string, code: number) => void;
}

export class ClusterServers {
  readonly #model: ClusterModel;
  readonly #settings: ServerSettings;
  readonly #storages = new Map<StorageNode, WireServer>();
  readonly #trackers = new Map<
    TrackerNode,
    { server: WireServer; view: TrackerView; policy: TrackerPolicy }
  >();

  constructor(model: ClusterModel, settings: ServerSettings) {
    this.#model = model;
    this.#settings = settings;
    for (const node of model.groups.flatMap((group) => group.storages)) {
      const server = this.#server(
        { role: 'storage', name: node.name },
        new StorageHandler({ model, node }),
        false,
      );
      node.connections = server.connections;
      this.#storages.set(node, server);
    }
    for (const node of model.trackers) {
      const view = new TrackerView(model, node);
      const policy = new TrackerPolicy(view);
      const id: ServerId = { role: 'tracker', name: `tracker/${node.index}` };
      const server = this.#server(id, new TrackerHandler({ view, policy }), true);
      node.connections = server.connections;
      this.#trackers.set(node, { server, view, policy });
    }
  }

  #server(id: ServerId, handler: Handler, pipelining: boolean): WireServer {
    const { faults, onRequest } = this.#settings;
    const { networkTimeoutMs, maxConnections } = this.#model.options;
    return new WireServer({
      id,
      faults,
      handler,
      pipelining,
      networkTimeoutMs,
      maxConnections,
      onRequest: (code) => onRequest(id.name, code),
    });
  }

  async startStorage(node: StorageNode, port = 0): Promise<void> {
    if (node.running) return;
    const server = this.#storages.get(node)!;
    await server.listen(node.listenHost, port);
    node.port = server.port;
    node.upSince = nowSeconds();
    node.joinedAt ||= node.upSince;
    node.running = true;
    for (const { replicator } of node.group.storages) replicator.resume();
    for (const { view } of this.#trackers.values()) view.joined(node);
    if (this.#model.trunk && !node.group.trunkServer?.running) node.group.trunkServer = node;
  }

  /** As `kill -9`: trackers notice at once. */
  async stopStorage(node: StorageNode): Promise<void> {
    if (!node.running) return;
    node.running = false;
    await this.#storages.get(node)!.close();
    for (const { replicator } of node.group.storages) await replicator.pause();
  }

  async startTracker(node: TrackerNode, port = 0): Promise<void> {
    if (node.running) return;
    const { server, view } = this.#trackers.get(node)!;
    await server.listen(node.listenHost, port);
    node.port = server.port;
    node.upSince = nowSeconds();
    node.running = true;
    view.restarted();
  }

  async stopTracker(node: TrackerNode): Promise<void> {
    if (!node.running) return;
    node.running = false;
    await this.#trackers.get(node)!.server.close();
  }

  async stop(): Promise<void> {
    const storages = [...this.#storages.keys()].map((node) => this.stopStorage(node));
    const trackers = [...this.#trackers.keys()].map((node) => this.stopTracker(node));
    await Promise.all([...storages, ...trackers]);
  }

  /** Open connections of one server, or of all. */
  connections(name?: string): number {
    let count = 0;
    const servers = [...this.#storages.values(), ...[...this.#trackers.values()].map(({ server }) => server)];
    for (const { id, connections } of servers) {
      if (name === undefined || name === id.name) count += connections.current;
    }
    return count;
  }

  /** Makes trackers forget what was deleted. */
  reset(): void {
    for (const { view, policy } of this.#trackers.values()) {
      view.reset();
      policy.reset();
    }
  }
}
