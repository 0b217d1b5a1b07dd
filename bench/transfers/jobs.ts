/** What is moved, and how often. */
import { FLOOR, FLOOR_ASKING } from '../contenders/index.js';

export type Kind = 'upload' | 'download' | 'uploadFile' | 'uploadUnknown' | 'downloadFile' | 'drain';

/** What one contender is to do, in a process of its own. */
export interface Job {
  contender: string;
  kind: Kind;
  trackers: string[];
  concurrency: number;
  times: number;
  warmUp: number;
  /** For files that the job makes. */
  folder: string;
  /** To upload from memory. */
  content?: Buffer;
  /** To download. */
  fileIds?: string[];
  /** To upload from. */
  path?: string;
}

export interface Measured {
  seconds: number;
  cpuSeconds: number;
  /** Bytes. */
  peakRss: number;
  latency: Latency;
  /** Files that were made and have to be removed. */
  made: string[];
}

/** Milliseconds from the start of an operation to its end. */
export interface Latency {
  p50: number;
  mean: number;
  p99: number;
}

export interface Transfer {
  id: string;
  title: string;
  kind: Kind;
  concurrency: number;
  times: number;
  warmUp: number;
  /** Bytes of one piece of content. */
  bytes: number;
  /** The contender that the others are compared with. */
  against: string;
}

export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;
/** V8 goes on compiling for about so many operations; a job of a second would measure that. */
export const SMALL_WARM_UP = 10_000;
/** As a script does it, or a function that is started for each event. */
const COLD_TIMES = 2000;

export function transfers(smallTimes: number, largeMiB: number): Transfer[] {
  const small = {
    concurrency: 16,
    times: smallTimes,
    warmUp: SMALL_WARM_UP,
    bytes: 4096,
    against: FLOOR_ASKING,
  };
  const cold = { ...small, times: COLD_TIMES, warmUp: 0 };
  const large = { concurrency: 1, times: 1, warmUp: 0, bytes: largeMiB * MIB, against: FLOOR };
  // Memory that was unused for seconds may first have to be fetched from the machine's host: up to three times the job itself.
  const warmed = { ...large, warmUp: 1 };
  return [
    { id: 'upload-small', title: 'upload 4 KiB, 16 at once', kind: 'upload', ...small },
    {
      id: 'upload-cold',
      title: `upload 4 KiB, 16 at once, the first ${COLD_TIMES}`,
      kind: 'upload',
      ...cold,
    },
    { id: 'download-small', title: 'download 4 KiB, 16 at once', kind: 'download', ...small },
    {
      id: 'download-cold',
      title: `download 4 KiB, 16 at once, the first ${COLD_TIMES}`,
      kind: 'download',
      ...cold,
    },
    { id: 'upload-file', title: `upload ${largeMiB} MiB from a file`, kind: 'uploadFile', ...large },
    {
      id: 'upload-unknown',
      title: `upload ${largeMiB} MiB of unknown length`,
      kind: 'uploadUnknown',
      ...large,
    },
    { id: 'download-file', title: `download ${largeMiB} MiB to a file`, kind: 'downloadFile', ...warmed },
    { id: 'download-consumed', title: `download ${largeMiB} MiB, consumed`, kind: 'drain', ...warmed },
  ];
}
