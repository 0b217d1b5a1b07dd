/** A storage as replication sees it. */
import type { Binlog } from './binlog.js';
import type { ContentStore } from './content-store.js';
import type { Counters } from './counters.js';
import type { DiskSpace } from './disk-space.js';
import type { TrunkSlots } from './trunk-slots.js';

export interface SyncNode {
  readonly index: number;
  readonly running: boolean;
  readonly store: ContentStore;
  readonly binlog: Binlog;
  readonly space: DiskSpace;
  readonly slots: TrunkSlots | undefined;
  readonly counters: Counters;
  /** For each source: Unix seconds of its newest change that has arrived here. */
  readonly syncedUntil: Map<SyncNode, number>;
}
