/** The cluster as data: groups, their storages, their trackers. Servers read and change it; it does no network I/O. */

import type { StorageHost } from './options.js';
import type { ContentStore } from './storage/content-store.js';
import { Counters } from './storage/counters.js';
import type { NameMaker } from './storage/file-names.js';
import type { Replication } from './storage/replication.js';
import type { Traits } from './versions.js';
import type { ConnectionCounts } from './wire/wire-server.js';

export class StorageNode {
  readonly group: Group;
  readonly index: number;
  /** What trackers list it under: its storage id, or its IP address where the cluster uses none. */
  readonly id: string;
  /** The address that trackers announce. */
  readonly host: string;
  readonly listenHost: string;
  readonly counters = new Counters();
  port = 0;
  running = false;
  /** Unix seconds. */
  joinedAt = 0;
  upSince = 0;
  connections: ConnectionCounts = { current: 0, max: 0 };

  constructor(group: Group, index: number, id: string, hosts: StorageHost) {
    this.group = group;
    this.index = index;
    this.id = id;
    this.host = hosts.announce;
    this.listenHost = hosts.listen;
  }

  /** `group1/0`, as faults and lists name it. */
  get name(): string {
    return `${this.group.name}/${this.index}`;
  }
}

export interface Group {
  readonly name: string;
  readonly storages: StorageNode[];
  readonly store: ContentStore;
  readonly replication: Replication;
  readonly names: NameMaker;
  /** Only in trunk mode. */
  trunkServer: StorageNode | undefined;
}

export interface TrackerNode {
  readonly index: number;
  readonly host: string;
  readonly listenHost: string;
  port: number;
  running: boolean;
  /** Unix seconds. */
  upSince: number;
  connections: ConnectionCounts;
}

export interface ClusterModel {
  readonly traits: Traits;
  /** Storages have ids of their own, which names and lists carry instead of IP addresses. */
  readonly storageIds: boolean;
  readonly trunk: boolean;
  /** In the order of their names. */
  readonly groups: readonly Group[];
  readonly trackers: readonly TrackerNode[];
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Connections are pre-allocated in blocks of this many, and reported so. */
const CONNECTION_BLOCK = 256;

export function allocatedConnections(counts: ConnectionCounts): number {
  return Math.ceil(counts.max / CONNECTION_BLOCK) * CONNECTION_BLOCK;
}
