/**
 * What the keys of a blob store are: file ids themselves, or keys of the user's choice that an index leads to file ids. Holds
 * the order in which index and files change, so that after any failure a key leads to one whole file.
 */
import { FastDFSError } from '../../core/base/errors.js';
import { checkKey, isKey, type KeyIndex } from '../indexes/contract.js';
import { BlobNotFoundError } from './types.js';

/** What became of a new file. */
export interface Kept {
  key: string;
  /** The file that it replaced, if that could not be removed. */
  orphan?: string;
}

/** Where a key leads, and how that changes. */
export interface Keys {
  /** Returns the file id; undefined for a key that does not exist. */
  find(key: unknown): Promise<string | undefined>;
  /**
   * Makes a stored file the blob of a key. When it rejects it has not, and the caller removes the file, unless the error says
   * `maybeApplied`.
   * @param key undefined where the caller named none: the file id is the key then
   * @param isWanted checked before and after each step that can be undone
   */
  keep(key: string | undefined, fileId: string, isWanted: () => boolean): Promise<Kept>;
  /** Removes blob and key. A key that does not exist is no error. */
  remove(key: unknown): Promise<void>;
}

/** Removes a file; one that does not exist, or a malformed id, is no error. */
export type RemoveFile = (fileId: string) => Promise<void>;

/** FastDFS names files itself: the key is the file id. */
export class FileIdKeys implements Keys {
  readonly #removeFile: RemoveFile;

  constructor(removeFile: RemoveFile) {
    this.#removeFile = removeFile;
  }

  async find(key: unknown): Promise<string | undefined> {
    return typeof key === 'string' ? key : undefined;
  }

  async keep(_key: string | undefined, fileId: string, isWanted: () => boolean): Promise<Kept> {
    assertWanted(isWanted);
    return { key: fileId };
  }

  async remove(key: unknown): Promise<void> {
    if (typeof key === 'string') await this.#removeFile(key);
  }
}

/**
 * Keys of the user's choice. Every change is one atomic swap of the index, made by the writer whose look at the key was still
 * true; the others look again. The call that has swapped a file id out of the index removes that file, so each file is removed once.
 */
export class IndexedKeys implements Keys {
  readonly index: KeyIndex;
  readonly #removeFile: RemoveFile;

  constructor(index: KeyIndex, removeFile: RemoveFile) {
    this.index = index;
    this.#removeFile = removeFile;
  }

  async find(key: unknown): Promise<string | undefined> {
    return isKey(key) ? ((await this.index.get(key)) ?? undefined) : undefined;
  }

  async keep(key: string | undefined, fileId: string, isWanted: () => boolean): Promise<Kept> {
    const name = checkKey(key ?? fileId);
    for (;;) {
      const old = await this.find(name);
      assertWanted(isWanted);
      if (!(await this.#swap(name, old, fileId))) continue;
      if (!isWanted()) {
        // Where another writer has replaced the new file already, the old one is left to us.
        if (!(await this.#swap(name, fileId, old)) && old !== undefined) await this.#removeFile(old);
        assertWanted(isWanted);
      }
      return { key: name, ...(await this.#removeReplaced(old, fileId)) };
    }
  }

  async remove(key: unknown): Promise<void> {
    for (;;) {
      const fileId = await this.find(key);
      if (fileId === undefined) return;
      if (await this.removeFile(key as string, fileId)) return;
    }
  }

  /**
   * Removes one key and its file, if the key still leads to it. The key goes first: a file that another key has taken over
   * meanwhile must not be removed. A file that cannot be removed gets its key back, so that the removal can be repeated.
   * @returns whether the key led to this file
   */
  async removeFile(key: string, fileId: string): Promise<boolean> {
    if (!(await this.#swap(key, fileId, undefined))) return false;
    try {
      await this.#removeFile(fileId);
    } catch (error) {
      const restored = await this.index.swap(key, undefined, fileId).catch(() => false);
      if (!restored && error instanceof FastDFSError) error.orphan = fileId;
      throw error;
    }
    return true;
  }

  /**
   * Gives the file of one key to another, and removes the file that this had.
   * @throws BlobNotFoundError when `from` does not exist
   */
  async transfer(from: string, to: string): Promise<Kept & { fileId: string }> {
    checkKey(to);
    for (;;) {
      const fileId = await this.find(from);
      if (fileId === undefined) throw new BlobNotFoundError(from);
      if (from === to) return { key: to, fileId };
      const replaced = await this.find(to);
      const done = await this.#settle(
        to,
        () => this.index.transfer!(from, to, fileId, replaced),
        fileId,
        replaced,
      );
      if (done) return { key: to, fileId, ...(await this.#removeReplaced(replaced, fileId)) };
    }
  }

  #swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean> {
    return this.#settle(key, () => this.index.swap(key, expected, next), next, expected);
  }

  /**
   * Makes one change of the index and finds out whether it was made when only its reply is lost. File ids are never used twice,
   * so the key shows it.
   */
  async #settle(
    key: string,
    change: () => Promise<boolean>,
    next: string | undefined,
    before: string | undefined,
  ): Promise<boolean> {
    try {
      return await change();
    } catch (error) {
      const current = await this.find(key).catch(() => {
        throw new FastDFSError(
          'FASTDFS_INDEX',
          `The index failed while the key ${JSON.stringify(key)} was being changed; whether it was is unknown: ${(error as Error).message}`,
          { cause: error, maybeApplied: true, orphan: next ?? before },
        );
      });
      if (current === next) return true;
      throw error;
    }
  }

  /** The new file is in place from here on: what remains of the old one must not fail the call. */
  async #removeReplaced(old: string | undefined, fileId: string): Promise<{ orphan?: string }> {
    if (old === undefined || old === fileId) return {};
    return await this.#removeFile(old).then(
      () => ({}),
      () => ({ orphan: old }),
    );
  }
}

function assertWanted(isWanted: () => boolean): void {
  if (!isWanted()) throw new FastDFSError('FASTDFS_ABORTED', 'The write was aborted');
}
