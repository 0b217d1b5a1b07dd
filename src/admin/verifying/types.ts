/** Options and results of `verify()`. */
import type { AdminOptions } from '../types.js';

/**
 * - `missing`: the storage does not have the file, others do
 * - `different`: the storage has other bytes than the id says, or, for appender and slave files, than the other storages
 * - `unreadable`: the storage could not be read: the file, or without a file id all of it
 * - `extra`: the storage has a file that was not stored through FastDFS or whose removal did not reach it
 */
export type VerifyProblem = 'missing' | 'different' | 'unreadable' | 'extra';

/** What a copy is: bytes and their CRC-32. */
export interface CopyDigest {
  /** Bytes. */
  readonly size: number;
  /** Unsigned CRC-32. */
  readonly crc32: number;
}

/** One copy that is not as it should be. */
export interface VerifyFault {
  /** What is wrong. */
  readonly problem: VerifyProblem;
  /** The file; absent when the whole storage could not be verified. */
  readonly fileId?: string;
  /** The group. */
  readonly group: string;
  /** Id of the storage, or its IP address in clusters without ids. */
  readonly storage: string;
  /** `host:port` of the storage. */
  readonly address: string;
  /** The same in words. */
  readonly message: string;
  /** What the copy should be. */
  readonly expected?: CopyDigest;
  /** What it is. */
  readonly found?: CopyDigest;
  /** Why it could not be read. */
  readonly error?: Error;
}

/** What has been verified so far; complete when the iteration has ended. */
export interface VerifySummary {
  /** Files that a storage has, or that were named. */
  files: number;
  /** Their copies, on all storages: read, or found to be missing. */
  copies: number;
  /** Bytes read. */
  bytes: number;
  /** Faults by problem. */
  readonly faults: Record<VerifyProblem, number>;
  /** True when everything was verified; false after an early end. */
  complete: boolean;
}

/** Options of `verify()`. */
export interface VerifyOptions extends AdminOptions {
  /** Only this group. Default: all. */
  group?: string | undefined;
  /** These files instead of those that the storages list. Default: all files. */
  files?: Iterable<string> | AsyncIterable<string> | undefined;
  /** Part of the files to verify, chosen at random: from 0 to 1. Default 1. */
  sample?: number | undefined;
  /** Most bytes to read in a second, from all storages together; at least 65536. Default: no limit. */
  bytesPerSecond?: number | undefined;
  /** Files to verify at a time. Default 4. */
  concurrency?: number | undefined;
  /** Milliseconds without a byte after which the listing of a storage is given up. Default 120000. */
  silenceTimeoutMs?: number | undefined;
  /** Called after each file, with the summary. Default: none. */
  onProgress?: ((summary: Readonly<VerifySummary>) => void) | undefined;
}

/** The faults, and a summary. */
export interface Verification extends AsyncGenerator<VerifyFault, void, undefined> {
  /** What has been verified so far. */
  readonly summary: Readonly<VerifySummary>;
}
