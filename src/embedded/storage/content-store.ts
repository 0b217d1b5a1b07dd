/**
 * Files of one storage on disk: one folder for each store path, `data/XX/YY/name` in it, metadata beside its file as
 * `name-m`. It knows remote filenames (`M00/XX/YY/name`) and bytes; it knows no command and no other storage. New
 * content is written under a temporary name first: a final name always has whole content.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { copyFile, open, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Body, type Checksum, writeBody } from '../wire/body.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import { formatHex, METADATA_SUFFIX, readStorePath } from './file-names.js';

/** Files go to one directory until it has this many, as storages do by default. */
const FILES_PER_DIRECTORY = 100;
/** Directories per level; two levels. */
export const SUBDIRECTORIES = 256;
const READ_BYTES = 256 * 1024;
const SCAN_BYTES = 1024 * 1024;
/** Up to this much is read at once: another thread would take longer to start than to read. */
const SMALL_BYTES = 64 * 1024;

export interface StoredFile {
  /** `M00/XX/YY/name` */
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

export class ContentStore {
  readonly #paths: readonly string[];
  readonly #checksum: Checksum;
  readonly #made = new Set<string>();
  readonly #stored: number[];
  #temporary = 0;
  #turn = 0;

  /**
   * Makes missing folders and removes what an interrupted run left half-written.
   * @param paths one folder for each store path
   * @param checksum how names record their content
   */
  constructor(paths: readonly string[], checksum: Checksum = crc32) {
    this.#paths = paths;
    this.#checksum = checksum;
    this.#stored = paths.map(() => 0);
    this.#prepare();
  }

  path(name: string): string {
    return join(this.#folder(name), 'data', name.slice(4));
  }

  /** Returns the store path for an upload that names none: each in turn. */
  nextStorePath(): number {
    this.#turn = (this.#turn + 1) % this.#paths.length;
    return this.#turn;
  }

  /** Returns the directory for the next new file, `M00/XX/YY/`. */
  nextDirectory(storePath: number): string {
    const turn = Math.floor(this.#stored[storePath]! / FILES_PER_DIRECTORY) % SUBDIRECTORIES ** 2;
    this.#stored[storePath]! += 1;
    return `M${formatHex(storePath)}/${formatHex(Math.floor(turn / SUBDIRECTORIES))}/${formatHex(turn % SUBDIRECTORIES)}/`;
  }

  /** Returns the directory of a trunk file's contents. */
  trunkDirectory(storePath: number): string {
    return `M${formatHex(storePath)}/00/00/`;
  }

  /**
   * Stores a new file under the name that `makeName` returns for the checksum. It appears whole or not at all.
   * @param record called right before it appears, so that a process killed in between leaves no file without a record
   * @returns its name
   */
  async create(
    body: Body,
    storePath: number,
    makeName: (crc: number) => string,
    record: (name: string) => void,
  ): Promise<string> {
    const temporary = this.#temporaryPath(storePath);
    try {
      const name = makeName(await this.#receive(body, temporary));
      this.#appear(temporary, name, record);
      return name;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** @returns the checksum */
  async #receive(body: Body, temporary: string): Promise<number> {
    const { whole } = body;
    if (whole !== undefined) {
      await writeFile(temporary, whole, { flag: 'wx' });
      return this.#checksum(whole, 0);
    }
    const handle = await open(temporary, 'wx');
    try {
      return await writeBody(handle, body, 0, this.#checksum);
    } finally {
      await handle.close();
    }
  }

  /** Copies a whole file from another storage, with its time of change. */
  async copyFrom(source: ContentStore, name: string): Promise<void> {
    const temporary = this.#temporaryPath(readStorePath(name));
    try {
      await copyFile(source.path(name), temporary, constants.COPYFILE_FICLONE);
      const { atime, mtime } = statSync(source.path(name));
      await utimes(temporary, atime, mtime);
      this.#appear(temporary, name);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Copies a part of a file from another storage over the same part of the copy here. */
  async copyRange(source: ContentStore, name: string, offset: number, length: number): Promise<void> {
    const handle = await open(this.path(name), 'r+');
    let at = offset;
    try {
      await source.send(name, offset, length, async (chunk) => {
        const { bytesWritten } = await handle.write(chunk, 0, chunk.length, at);
        refuseUnless(bytesWritten === chunk.length, STATUS.NO_SPACE);
        at += chunk.length;
      });
    } finally {
      await handle.close();
    }
  }

  /** @throws Refused (21) when the name is not that of a file */
  async stat(name: string): Promise<Stats> {
    const stats = statSync(this.path(name));
    refuseUnless(stats.isFile(), STATUS.IS_DIRECTORY);
    return stats;
  }

  /** Bytes of a file; undefined when there is none. */
  size(name: string): number | undefined {
    const stats = statSync(this.path(name), { throwIfNoEntry: false });
    return stats?.isFile() ? stats.size : undefined;
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Appends; a client that disconnects before the end leaves the file as it was (`size` bytes). */
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

  /** Overwrites content; a client that disconnects before the end leaves what it has sent. */
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

  /** Returns the CRC-32 of a whole file. @param check called between blocks; an error that it throws ends the reading */
  async checksum(name: string, check: () => void): Promise<number> {
    const handle = await open(this.path(name), 'r');
    try {
      const block = Buffer.allocUnsafe(SCAN_BYTES);
      let crc = 0;
      for (;;) {
        const { bytesRead } = await handle.read(block, 0, block.length, null);
        if (bytesRead === 0) return crc;
        crc = this.#checksum(block.subarray(0, bytesRead), crc);
        check();
      }
    } finally {
      await handle.close();
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#makeDirectory(to);
    await rename(this.path(from), this.path(to));
  }

  /** Removes a file, and its metadata. @param record called with the name of each, right before it is removed */
  remove(name: string, record?: (name: string) => void): void {
    record?.(name);
    unlinkSync(this.path(name));
    this.removeMetadata(name, record);
  }

  async readMetadata(name: string): Promise<Buffer> {
    return readFile(this.path(name + METADATA_SUFFIX));
  }

  /** Replaces the metadata: a failure leaves what was there before. @param record as that of {@link create} */
  async writeMetadata(name: string, metadata: Buffer, record: (name: string) => void): Promise<void> {
    await this.#write(name + METADATA_SUFFIX, metadata, record);
  }

  /** Removes the metadata of a file, if there is any. @param record as that of {@link remove} */
  removeMetadata(name: string, record?: (name: string) => void): void {
    const file = name + METADATA_SUFFIX;
    if (!this.exists(file)) return;
    record?.(file);
    unlinkSync(this.path(file));
  }

  /** Overwrites a file with other bytes, whatever it held. */
  async overwrite(name: string, content: Buffer): Promise<void> {
    await this.#write(name, content);
  }

  /** Names of all files in no order, without metadata files. */
  *names(): Generator<string> {
    for (const [index, path] of this.#paths.entries()) {
      const data = join(path, 'data');
      for (const high of listFolders(data)) {
        for (const low of listFolders(join(data, high))) {
          for (const entry of readdirSync(join(data, high, low))) {
            if (!entry.endsWith(METADATA_SUFFIX)) yield `M${formatHex(index)}/${high}/${low}/${entry}`;
          }
        }
      }
    }
  }

  /** Lists every file in the order of the names, without metadata files. */
  list(): StoredFile[] {
    const files: StoredFile[] = [];
    for (const name of this.names()) {
      const stats = statSync(this.path(name), { throwIfNoEntry: false });
      if (stats?.isFile()) files.push({ name, size: stats.size, modifiedAt: stats.mtime });
    }
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Removes everything. */
  clear(): void {
    // Uploads in progress may still put a file into a folder that is being removed.
    for (const path of this.#paths)
      rmSync(join(path, 'data'), { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    this.#made.clear();
    this.#stored.fill(0);
    this.#prepare();
  }

  async #write(name: string, content: Buffer, record?: (name: string) => void): Promise<void> {
    const temporary = this.#temporaryPath(readStorePath(name));
    try {
      await writeFile(temporary, content, { flag: 'wx' });
      this.#appear(temporary, name, record);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** In one go: nothing happens between the record and the new name. */
  #appear(temporary: string, name: string, record?: (name: string) => void): void {
    this.#makeDirectory(name);
    record?.(name);
    renameSync(temporary, this.path(name));
  }

  #folder(name: string): string {
    return this.#paths[readStorePath(name)]!;
  }

  #temporaryPath(storePath: number): string {
    this.#temporary += 1;
    return join(this.#paths[storePath]!, 'tmp', String(this.#temporary));
  }

  #makeDirectory(name: string): void {
    const directory = name.slice(0, 9);
    if (this.#made.has(directory)) return;
    mkdirSync(dirname(this.path(name)), { recursive: true });
    this.#made.add(directory);
  }

  #prepare(): void {
    for (const path of this.#paths) {
      mkdirSync(join(path, 'data'), { recursive: true });
      rmSync(join(path, 'tmp'), { recursive: true, force: true });
      mkdirSync(join(path, 'tmp'));
    }
  }
}

function listFolders(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? entry.name : [],
  );
}
