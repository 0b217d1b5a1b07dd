/** What is measured. Sizes and counts come from the command line's environment. */

export type Kind = 'upload' | 'download' | 'uploadFile' | 'uploadUnknown' | 'downloadFile' | 'drain';

export interface Job {
  contender: string;
  kind: Kind;
  trackers: string[];
  concurrency: number;
  times: number;
  warmUp: number;
  content?: Buffer;
  fileIds?: string[];
  path?: string;
  folder?: string;
}

export interface Measured {
  seconds: number;
  times: number;
  cpuSeconds: number;
  /** Bytes. */
  peakRss: number;
  /** Files that were made and have to be removed. */
  made: string[];
}

export interface Scenario {
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

const MIB = 1024 * 1024;
const small = { concurrency: 16, warmUp: 2000, bytes: 4096, against: 'floor, 2 round trips' };
const large = { concurrency: 1, times: 1, warmUp: 0, against: 'floor, 1 round trip' };

export function scenarios(smallTimes: number, largeMiB: number): Scenario[] {
  const bytes = largeMiB * MIB;
  return [
    { title: 'upload 4 KiB, 16 at once', kind: 'upload', times: smallTimes, ...small },
    { title: 'download 4 KiB, 16 at once', kind: 'download', times: smallTimes, ...small },
    { title: `upload ${largeMiB} MiB from a file`, kind: 'uploadFile', ...large, bytes },
    { title: `upload ${largeMiB} MiB of unknown length`, kind: 'uploadUnknown', ...large, bytes },
    { title: `download ${largeMiB} MiB to a file`, kind: 'downloadFile', ...large, bytes },
    { title: `download ${largeMiB} MiB, consumed`, kind: 'drain', ...large, bytes },
  ];
}
