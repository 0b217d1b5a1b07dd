/** What `diagnose()` returns. */
import type { FastDFSError } from '../core/base/errors.js';
import type { TrackerStatus } from './types.js';

/** A tracker, and what to do about it. */
export interface DiagnosedTracker extends TrackerStatus {
  /** `host:port` that connections go to; other than `address` where `mapAddress` says so. */
  readonly connectsTo: string;
  /**
   * At least so many seconds its clock is ahead of this machine's (negative: behind), by the heart-beats that it received.
   * Undefined while that lies within what heart-beats explain.
   */
  readonly clockSkewSeconds?: number;
  /** What is wrong, and what to do; empty when nothing is. */
  readonly problems: readonly string[];
}

/** A storage as the trackers hold it and as it is reached from this machine. */
export interface DiagnosedStorage {
  /** The group that it is in. */
  readonly group: string;
  /** Its storage id, or its IP address in clusters without ids. */
  readonly id: string;
  /** `host:port` that the trackers announce. */
  readonly announced: string;
  /** `host:port` that connections go to; other than `announced` where `mapAddress` says so. */
  readonly connectsTo: string;
  /** Version of the server. */
  readonly version: string;
  /** By tracker (`host:port`): the state in which it holds the storage. */
  readonly states: Readonly<Record<string, string>>;
  /** It accepts connections from this machine and answers. */
  readonly reachable: boolean;
  /** Milliseconds from question to answer on an open connection; only while reachable. */
  readonly latencyMs?: number;
  /** Why it cannot be reached from this machine. */
  readonly error?: FastDFSError;
  /** What is wrong, and what to do; empty when nothing is. */
  readonly problems: readonly string[];
}

/** What `diagnose()` finds. */
export interface Diagnosis {
  /** When this was looked at, by the clock of this machine. */
  readonly checkedAt: Date;
  /** Every configured tracker, sorted by address. */
  readonly trackers: readonly DiagnosedTracker[];
  /** Every storage that a tracker knows, sorted by group and id; deleted ones are left out. */
  readonly storages: readonly DiagnosedStorage[];
  /** Versions of the storages, sorted. */
  readonly versions: readonly string[];
  /** All that is wrong, and what to do: of the whole cluster, of its trackers, of its storages. Empty when nothing is. */
  readonly problems: readonly string[];
}
