/** Options and results of the admin object, beside the records of the servers. */
import type { FastDFSError } from '../core/base/errors.js';
import type { GroupRecord, StorageRecord } from '../core/protocol/records.js';

/** Options of every admin call. */
export interface AdminOptions {
  /**
   * `host:port` of the tracker to use; the default port is 22122. Default: the first that answers; changes go to
   * every tracker. With this option only this tracker is used.
   */
  tracker?: string | undefined;
  /** Ends the call; it rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined;
}

/** Options of `listStorages()`. */
export interface ListStoragesOptions extends AdminOptions {
  /** Only the storage with this id (in clusters without ids: its IP address). Default: all of the group. */
  storage?: string | undefined;
}

/** A configured tracker and its state. */
export interface TrackerStatus {
  /** `host:port`, as configured. */
  readonly address: string;
  /** Whether it accepts connections and answers. */
  readonly reachable: boolean;
  /** Whether it reports itself as the leader. */
  readonly leader: boolean;
  /** Milliseconds from question to answer on an open connection; only while reachable. */
  readonly latencyMs?: number;
  /** In words: `leader`, `follower`, `the tracker knows no group yet`, or why it cannot be reached. */
  readonly status: string;
  /** Seconds since it was started, in steps of some minutes; where the tracker reports it. */
  readonly runningSeconds?: number;
  /** Between its last stop and its start; 0 where it did not stop properly. */
  readonly restartSeconds?: number;
  /** Why it cannot be reached, or what it answered instead of its state. */
  readonly error?: FastDFSError;
}

/** A group and its storages, as seen at one time. */
export interface GroupWithStorages extends GroupRecord {
  /** Its storages, sorted by id; deleted ones are among them until the tracker is restarted. */
  readonly storages: readonly StorageRecord[];
}

/**
 * - `ok`: nothing to complain about
 * - `degraded`: uploads are possible, and something is wrong
 * - `down`: no tracker answers, or no group takes uploads
 */
export type Verdict = 'ok' | 'degraded' | 'down';

/** The cluster at one time, and what is wrong with it. */
export interface ClusterHealth {
  /** The whole cluster in a word. */
  readonly verdict: Verdict;
  /** In words, one for each thing that is wrong; empty for `ok`. */
  readonly reasons: readonly string[];
  /** In words: what may be normal and does not change the verdict, such as a replica whose last change is old. */
  readonly notes: readonly string[];
  /** When this was looked at, by the clock of this machine. */
  readonly checkedAt: Date;
  /** Every configured tracker, in the order of the options. */
  readonly trackers: readonly TrackerStatus[];
  /** Empty when they could not be read. */
  readonly groups: readonly GroupWithStorages[];
  /** Why the groups could not be read. */
  readonly error?: Error;
}

/** What `health()` calls behind, and whom it asks. */
export interface HealthOptions extends AdminOptions {
  /**
   * A storage whose newest change is older than that of the others by more than this, in seconds, may be behind.
   * Default 300. It is a note at first, and a reason once several looks (three, over a minute and more, by the same admin
   * object) saw it apply nothing while files were added at the others: one look cannot tell an idle replica from a stuck one.
   */
  maxLagSeconds?: number | undefined;
}

/** How often `watch()` looks, and as `health()`. */
export interface WatchOptions extends HealthOptions {
  /** From the start of one look to the start of the next, in milliseconds; looks never overlap. Default 5000. */
  intervalMs?: number | undefined;
}
