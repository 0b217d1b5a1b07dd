/** Options and results of `mirror()`. */
import type { Conf } from '../../client.js';
import type { FileFilter } from '../listing/types.js';
import type { AdminOptions } from '../types.js';

/** Where files are copied to: a directory, or another cluster (path of its `client.conf`, options, or a client). */
export type MirrorTarget = { readonly directory: string } | { readonly cluster: Conf };

/** Options of `mirror()`. The filter chooses masters; their slaves come with them. */
export interface MirrorOptions extends AdminOptions, FileFilter {
  /**
   * Path of the id map: one JSON object on each line, `{"from":…,"to":…,"size":…,"crc32":…}`. It is also what a later run
   * resumes from. Required. One run at a time may use it.
   */
  map: string;
  /** Only this group. Default: all. */
  group?: string | undefined;
  /** Group of the target cluster. Default: the trackers of the target decide. */
  targetGroup?: string | undefined;
  /** Files to copy at a time. Default 8. */
  concurrency?: number | undefined;
  /**
   * Seconds to wait, after a run that was killed, before looking in the target cluster for files that it has uploaded and
   * not written down: the target's `sync_binlog_buff_interval`, and some more. Default 65.
   */
  settleSeconds?: number | undefined;
  /** Milliseconds without a byte after which the listing of a storage is given up. Default 120000. */
  silenceTimeoutMs?: number | undefined;
  /** Called after each file. Default: none. */
  onProgress?: ((report: Readonly<MirrorReport>) => void) | undefined;
}

/** What a run has done. */
export interface MirrorReport {
  /** Files copied by this run. */
  copied: number;
  /** Their bytes. */
  bytes: number;
  /** Files that earlier runs have copied. */
  skipped: number;
  /** Appender files whose copies were brought up to date. */
  updated: number;
  /** Files that an earlier run had uploaded and not written down. */
  adopted: number;
  /** Files that could not be copied, and why. */
  readonly failures: Array<{ readonly fileId: string; readonly error: Error }>;
}

/** A copy that stands in the map. */
export interface MappedFile {
  /** Id of the file in the source cluster. */
  readonly from: string;
  /** Its id in the target cluster, or its path in the target directory. */
  readonly to: string;
  /** Bytes copied. */
  readonly size: number;
  /** Unsigned CRC-32 of them. */
  readonly crc32: number;
}
