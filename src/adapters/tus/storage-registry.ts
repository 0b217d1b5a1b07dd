/**
 * The `storage` objects of uploads that are in use. `write()` gets only the id of an upload, but the file id that it makes must show in
 * the object that the server passes to `onUploadFinish`; so all uploads of one file share one object for as long as any of them is
 * in use. Nothing depends on it beyond the request.
 */
import type { TusStorage } from './types.js';

export class StorageRegistry {
  readonly #storages = new Map<string, WeakRef<TusStorage>>();
  readonly #collected = new FinalizationRegistry<string>((fileId) => {
    if (!this.#storages.get(fileId)?.deref()) this.#storages.delete(fileId);
  });

  /** Returns the object for a file, made when there is none. */
  get(fileId: string): TusStorage {
    const known = this.#storages.get(fileId)?.deref();
    if (known) return known;
    const storage = { type: 'fastdfs', path: fileId, bucket: fileId.slice(0, fileId.indexOf('/')) };
    this.#storages.set(fileId, new WeakRef(storage));
    this.#collected.register(storage, fileId);
    return storage;
  }

  /** Shows the new id of a file in its object. */
  rename(fileId: string, newFileId: string): void {
    const storage = this.#storages.get(fileId)?.deref();
    if (storage) storage.path = newFileId;
  }
}
