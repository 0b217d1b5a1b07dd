/**
 * What keys mean: file ids as they are, or names of the caller's choice that an index leads to file ids. Knows the order
 * in which index and files change, so that whatever fails a key leads to one whole file, and no file is forgotten.
 */
import { FastDFSError } from '../../core/base/errors.js';
import type { BlobIndex } from './types.js';

/** What became of a new file. */
export interface Kept {
  key: string;
  /** The file that it replaced, if that could not be removed. */
  orphan?: string;
}

/** Where a key leads, and what it takes to change that. */
export interface Keys {
  /** The file id, or undefined for a key that leads nowhere. */
  find(key: unknown): Promise<string | undefined>;
  /**
   * Makes a stored file the blob of a key. On rejection it is not, and the caller removes it.
   * @param key undefined where the caller named none: the file id is the key then
   * @param wanted asked before and after each step that can be taken back
   */
  keep(key: string | undefined, fileId: string, wanted: () => boolean): Promise<Kept>;
  /** Removes blob and key. Nothing to remove is no error. */
  remove(key: unknown): Promise<void>;
}

/** Removes a file; one that is gone already, or an id that is none, is no error. */
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

  async keep(_key: string | undefined, fileId: string, wanted: () => boolean): Promise<Kept> {
    assertWanted(wanted);
    return { key: fileId };
  }

  async remove(key: unknown): Promise<void> {
    if (typeof key === 'string') await this.#removeFile(key);
  }
}

/**
 * Keys of the caller's choice. Changes of one key wait for each other, across all stores of this process that share the
 * index object. Between processes an index has no way to compare and swap: two that write one key in the same
 * moment leave it leading to one of the two files, whole, and may leave the other as an orphan.
 */
export class IndexedKeys implements Keys {
  readonly #index: BlobIndex;
  readonly #removeFile: RemoveFile;

  constructor(index: BlobIndex, removeFile: RemoveFile) {
    this.#index = index;
    this.#removeFile = removeFile;
  }

  async find(key: unknown): Promise<string | undefined> {
    return typeof key === 'string' ? ((await this.#index.get(key)) ?? undefined) : undefined;
  }

  keep(key: string | undefined, fileId: string, wanted: () => boolean): Promise<Kept> {
    const name = key ?? fileId;
    return inTurn(this.#index, name, async () => {
      const old = await this.find(name);
      assertWanted(wanted);
      await this.#set(name, fileId);
      if (!wanted()) {
        await (old === undefined ? this.#index.delete(name) : this.#set(name, old));
        assertWanted(wanted);
      }
      if (old === undefined || old === fileId) return { key: name };
      // The swap stands from here on: what is left of the old file must not fail the new one.
      return await this.#removeFile(old).then(
        () => ({ key: name }),
        () => ({ key: name, orphan: old }),
      );
    });
  }

  /** The file goes first: when the second step fails the key is still there, and removing it can be repeated. */
  async remove(key: unknown): Promise<void> {
    if (typeof key !== 'string') return;
    await inTurn(this.#index, key, async () => {
      const fileId = await this.find(key);
      if (fileId === undefined) return;
      await this.#removeFile(fileId);
      // Another process may have written the key meanwhile.
      if ((await this.find(key)) === fileId) await this.#index.delete(key);
    });
  }

  async #set(key: string, fileId: string): Promise<void> {
    try {
      // Keyv reports trouble by `false`; a Map returns itself, others nothing.
      if ((await this.#index.set(key, fileId)) !== false) return;
    } catch (error) {
      if (await this.#leadsTo(key, fileId)) return;
      throw error;
    }
    if (await this.#leadsTo(key, fileId)) return;
    throw new FastDFSError('FASTDFS_INDEX', `The index did not take the key ${JSON.stringify(key)}`);
  }

  /** An index whose answer was lost may have done it all the same. */
  async #leadsTo(key: string, fileId: string): Promise<boolean> {
    return await this.find(key).then(
      (current) => current === fileId,
      () => false,
    );
  }
}

function assertWanted(wanted: () => boolean): void {
  if (!wanted()) throw new FastDFSError('FASTDFS_ABORTED', 'The write was given up');
}

const queues = new WeakMap<object, Map<string, Promise<void>>>();

/** Runs `work` when everything that was queued for the same key of the same index before is done. */
function inTurn<T>(index: object, key: string, work: () => Promise<T>): Promise<T> {
  let queue = queues.get(index);
  if (!queue) {
    queue = new Map();
    queues.set(index, queue);
  }
  const waiting = queue;
  const result = (waiting.get(key) ?? Promise.resolve()).then(work);
  const done = result.then(
    () => {},
    () => {},
  );
  waiting.set(key, done);
  void done.then(() => {
    if (waiting.get(key) === done) waiting.delete(key);
  });
  return result;
}
