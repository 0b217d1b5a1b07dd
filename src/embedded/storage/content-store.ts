/**
 * Files of one group on disk: `data/XX/YY/name`, metadata beside them as `name-m`. It knows names below the data
 * directory and bytes; it knows no command, no storage and no file id. Nothing is held in memory.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Body, writeBody } from '../wire/body.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import { METADATA_SUFFIX } from './file-names.js';

/** Files go to one directory until it has this many, as storages do by default. */
const FILES_PER_DIRECTORY = 100;
/** Directories per level; two levels. */
export const SUBDIRECTORIES = 256;
const READ_BYTES = 256 * 1024;
const SCAN_BYTES = 1024 * 1024;
/** Up to this much is read at once: handing it to another thread takes longer than doing it. */
const SMALL_BYTES = 64 * 1024;

export interface StoredFile {
  /** `XX/YY/name` */
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

export class ContentStore {
  readonly #root: string;
  readonly #made = new Set<string>();
  #stored = 0;
  #temporary = 0;

  /** @param root made when it is missing; what an interrupted run left half-written is removed */
  constructor(root: string) {
    this.#root = root;
    this.#prepare();
  }

  path(name: string): string {
    return join(this.#root, 'data', name);
  }

  /** The directory, `XX/YY/`, for the next new file. */
  async nextDirectory(): Promise<string> {
    const turn = Math.floor(this.#stored / FILES_PER_DIRECTORY) % SUBDIRECTORIES ** 2;
    this.#stored += 1;
    const directory = `${hex(Math.floor(turn / SUBDIRECTORIES))}/${hex(turn % SUBDIRECTORIES)}/`;
    if (!this.#made.has(directory)) {
      await mkdir(this.path(directory), { recursive: true });
      this.#made.add(directory);
    }
    return directory;
  }

  /**
   * Stores a new file under the name that `nameOf` makes from the checksum. It appears whole or not at all.
   * @returns its name
   */
  async create(body: Body, nameOf: (crc: number) => string): Promise<string> {
    const whole = body.whole;
    if (whole !== undefined) {
      const name = nameOf(crc32(whole));
      await writeFile(this.path(name), whole, { flag: 'wx' });
      return name;
    }
    this.#temporary += 1;
    const temporary = join(this.#root, 'tmp', String(this.#temporary));
    try {
      const handle = await open(temporary, 'wx');
      let crc: number;
      try {
        crc = await writeBody(handle, body, 0);
      } finally {
        await handle.close();
      }
      const name = nameOf(crc);
      await rename(temporary, this.path(name));
      return name;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** @throws Refused (21) when it is no ordinary file */
  async stat(name: string): Promise<Stats> {
    const stats = await stat(this.path(name));
    refuseUnless(stats.isFile(), STATUS.IS_DIRECTORY);
    return stats;
  }

  async exists(name: string): Promise<boolean> {
    return stat(this.path(name)).then(
      () => true,
      () => false,
    );
  }

  /** Appends; a client that leaves before the end leaves the file as it was (`size` bytes). */
  async append(name: string, size: number, body: Body): Promise<void> {
    const handle = await open(this.path(name), 'a');
    try {
      await writeBody(handle, body);
    } catch (error) {
      await handle.truncate(size);
      throw error;
    } finally {
      await handle.close();
    }
  }

  /** Writes over what is there; a client that leaves before the end leaves what it has sent. */
  async modify(name: string, offset: number, body: Body): Promise<void> {
    const handle = await open(this.path(name), 'r+');
    try {
      await writeBody(handle, body, offset);
    } finally {
      await handle.close();
    }
  }

  async truncate(name: string, size: number): Promise<void> {
    await truncate(this.path(name), size);
  }

  /** Sends `length` bytes from `offset` on, one block read ahead. Rejects when the file turns out shorter. */
  async send(
    name: string,
    offset: number,
    length: number,
    send: (chunk: Buffer, last: boolean) => Promise<void>,
  ): Promise<void> {
    if (length <= SMALL_BYTES) {
      if (length > 0) await send(this.#readSmall(name, offset, length), true);
      return;
    }
    const handle = await open(this.path(name), 'r');
    let at = offset;
    const end = offset + length;
    const read = async () => {
      const block = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
      const { bytesRead } = await handle.read(block, 0, block.length, at);
      refuseUnless(bytesRead > 0, STATUS.IO);
      at += bytesRead;
      return block.subarray(0, bytesRead);
    };
    let ahead: Promise<Buffer> | undefined;
    try {
      ahead = at < end ? read() : undefined;
      while (ahead) {
        const block: Buffer = await ahead;
        ahead = at < end ? read() : undefined;
        await send(block, ahead === undefined);
      }
    } finally {
      await ahead?.catch(() => {});
      await handle.close();
    }
  }

  #readSmall(name: string, offset: number, length: number): Buffer {
    const file = openSync(this.path(name), 'r');
    try {
      const block = Buffer.allocUnsafe(length);
      refuseUnless(readSync(file, block, 0, length, offset) === length, STATUS.IO);
      return block;
    } finally {
      closeSync(file);
    }
  }

  /** CRC-32 of a whole file. @param check called between blocks; what it throws ends the reading */
  async checksum(name: string, check: () => void): Promise<number> {
    const handle = await open(this.path(name), 'r');
    try {
      const block = Buffer.allocUnsafe(SCAN_BYTES);
      let crc = 0;
      for (;;) {
        const { bytesRead } = await handle.read(block, 0, block.length, null);
        if (bytesRead === 0) return crc;
        crc = crc32(block.subarray(0, bytesRead), crc);
        check();
      }
    } finally {
      await handle.close();
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.path(from), this.path(to));
  }

  async remove(name: string): Promise<void> {
    await unlink(this.path(name));
    await rm(this.path(name + METADATA_SUFFIX), { force: true });
  }

  async readMetadata(name: string): Promise<Buffer> {
    return readFile(this.path(name + METADATA_SUFFIX));
  }

  async writeMetadata(name: string, metadata: Buffer): Promise<void> {
    await writeFile(this.path(name + METADATA_SUFFIX), metadata);
  }

  async removeMetadata(name: string): Promise<void> {
    await rm(this.path(name + METADATA_SUFFIX), { force: true });
  }

  /** Every file, metadata files left out, in the order of their names. */
  list(): StoredFile[] {
    const files: StoredFile[] = [];
    const data = join(this.#root, 'data');
    for (const entry of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      const name = entry.replaceAll('\\', '/');
      if (name.endsWith(METADATA_SUFFIX)) continue;
      const stats = statSync(join(data, entry), { throwIfNoEntry: false });
      if (stats?.isFile()) files.push({ name, size: stats.size, modifiedAt: stats.mtime });
    }
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Removes everything. */
  clear(): void {
    // Uploads under way may still put a file into a folder that is being removed.
    rmSync(join(this.#root, 'data'), { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    this.#made.clear();
    this.#stored = 0;
    this.#prepare();
  }

  /** Space of the disk, in MiB. */
  space(): { totalMiB: number; freeMiB: number } {
    const { bsize, blocks, bavail } = statfsSync(this.#root);
    const mib = (count: number) => Math.floor((count * bsize) / (1024 * 1024));
    return { totalMiB: mib(blocks), freeMiB: mib(bavail) };
  }

  #prepare(): void {
    mkdirSync(join(this.#root, 'data'), { recursive: true });
    rmSync(join(this.#root, 'tmp'), { recursive: true, force: true });
    mkdirSync(join(this.#root, 'tmp'));
  }
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
