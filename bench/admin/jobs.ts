/** What operators do with all files of a group. */

export const FLOOR_LISTED = 'floor';

export type Task = 'ls' | 'verify' | 'mirror';

/** What one contender is to do, in a process of its own. */
export interface AdminJob {
  contender: string;
  task: Task;
  trackers: string[];
  group: string;
  /** The active ones of the group, each with all its files. */
  storages: { host: string; port: number; storePathCount: number }[];
  /** Empty; for the files of a mirror and what belongs to it. */
  folder: string;
}

/** Files and bytes of content. */
export interface Handled {
  files: number;
  bytes: number;
}

export interface AdminMeasured extends Handled {
  seconds: number;
  cpuSeconds: number;
  /** Bytes. */
  peakRss: number;
}
