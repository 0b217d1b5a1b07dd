/** Space of one storage: that of the disk, or a capacity of its own, and what is kept free. */
import { statfsSync } from 'node:fs';
import { refuseUnless, STATUS } from '../wire/status.js';
import { METADATA_SUFFIX } from './file-names.js';

const MIB = 1024 * 1024;
/** How long the measured space of the disk is used. */
const MEASURE_INTERVAL_MS = 500;
/** The part of a disk that is kept free by default. */
const DISK_RESERVE = 0.01;

export class DiskSpace {
  readonly #directory: string;
  readonly #capacity: number | undefined;
  /** Bytes that uploads leave free. */
  readonly reserved: number;
  #used = 0;
  #disk: { at: number; total: number; free: number } | undefined;

  /**
   * @param capacity bytes; undefined: the disk's
   * @param reserved bytes; undefined: a part of the disk, none of a capacity
   */
  constructor(directory: string, capacity: number | undefined, reserved: number | undefined) {
    this.#directory = directory;
    this.#capacity = capacity;
    this.reserved =
      reserved ?? (capacity === undefined ? Math.floor(this.measure().total * DISK_RESERVE) : 0);
  }

  /** Whether contents have to be counted. */
  get limited(): boolean {
    return this.#capacity !== undefined;
  }

  /** Counts a change of a file's size. Metadata is not counted. */
  grow(name: string, bytes: number): void {
    if (!name.endsWith(METADATA_SUFFIX)) this.#used += bytes;
  }

  clear(): void {
    this.#used = 0;
  }

  /** Bytes in all and bytes that are free. */
  measure(): { total: number; free: number } {
    if (this.#capacity !== undefined) {
      return { total: this.#capacity, free: Math.max(this.#capacity - this.#used, 0) };
    }
    const now = Date.now();
    if (this.#disk === undefined || now - this.#disk.at > MEASURE_INTERVAL_MS) {
      const { bsize, blocks, bavail } = statfsSync(this.#directory);
      this.#disk = { at: now, total: blocks * bsize, free: bavail * bsize };
    }
    return this.#disk;
  }

  /** As records carry it. */
  measureMiB(): { totalMiB: number; freeMiB: number; reservedMiB: number } {
    const { total, free } = this.measure();
    const toMiB = (bytes: number) => Math.floor(bytes / MIB);
    return { totalMiB: toMiB(total), freeMiB: toMiB(free), reservedMiB: toMiB(this.reserved) };
  }

  /** Whether trackers name this storage for uploads. */
  get available(): boolean {
    return this.measure().free > this.reserved;
  }

  /** @throws Refused (28) when a new file of this size would leave no more than the reserve */
  checkNewFile(bytes: number): void {
    refuseUnless(this.measure().free - bytes > this.reserved, STATUS.NO_SPACE);
  }

  /** @throws Refused (28) when a file cannot grow by this much: the reserve is for what exists */
  checkGrowth(bytes: number): void {
    if (this.limited && bytes > 0) refuseUnless(bytes <= this.measure().free, STATUS.NO_SPACE);
  }
}
