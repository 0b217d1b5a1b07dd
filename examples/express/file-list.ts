/**
 * The files that were uploaded since the start, in memory. A real application keeps file ids, with its own data about them, in
 * a table of its database.
 */
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { parseFileId } from 'fastdfs-streams';

export interface ListedFile {
  /** Names the file to the page, from the first byte of its upload on. */
  readonly key: string;
  readonly fileId: string;
  readonly group: string;
  readonly name: string;
  /** As the sender declared it. */
  readonly type: string;
  readonly size: number;
  /** Unsigned; file ids carry it. */
  readonly crc32: number | undefined;
  readonly createdAt: Date;
  /** File id of the small picture, which is a slave of the file. */
  readonly thumbnail?: string;
}

/** Comes from the client, so every field may be anything. */
export interface NewFile {
  key: unknown;
  fileId: string;
  name: string | null | undefined;
  type: string | null | undefined;
  /** Of files whose id does not tell it. */
  size?: number | undefined;
}

const KEY = /^[\w-]{8,64}$/;
const TYPE = /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/;
const MAX_NAME_CHARS = 255;

export class NotListedError extends Error {
  readonly status = 404;
}

/** Emits `change` whenever it did. */
export class FileList extends EventEmitter<{ change: [] }> {
  readonly #files = new Map<string, ListedFile>();

  add({ key, fileId, name, type, size }: NewFile): void {
    const { group, createdAt, crc32, size: stored } = parseFileId(fileId);
    const usable = typeof key === 'string' && KEY.test(key) && !this.#files.has(key);
    this.#set({
      key: usable ? key : randomUUID(),
      fileId,
      group,
      name: name?.slice(0, MAX_NAME_CHARS) || 'unnamed',
      type: type && TYPE.test(type) ? type : 'application/octet-stream',
      size: stored ?? size ?? 0,
      crc32,
      createdAt,
    });
  }

  has(key: unknown): boolean {
    return this.#files.has(key as string);
  }

  /** @throws NotListedError */
  get(key: string): ListedFile {
    const file = this.#files.get(key);
    if (!file) throw new NotListedError('There is no such file in the list');
    return file;
  }

  setThumbnail(key: string, thumbnail: string): void {
    this.#set({ ...this.get(key), thumbnail });
  }

  remove(key: string): void {
    if (this.#files.delete(key)) this.emit('change');
  }

  /** Oldest first. */
  all(): ListedFile[] {
    return [...this.#files.values()];
  }

  #set(file: ListedFile): void {
    this.#files.set(file.key, file);
    this.emit('change');
  }
}
