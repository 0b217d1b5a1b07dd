/**
 * The `storage` objects of uploads that are in somebody's hands. `write()` is told the id of an upload only, but the
 * file id that it makes must show in the object that the server hands to `onUploadFinish`; so all uploads of one file
 * share one object for as long as any of them is in use. Nothing depends on it beyond the request.
 */
import type { TusStorage } from './types.js';

export class HandedOut {
  readonly #storages = new Map<string, WeakRef<TusStorage>>();
  readonly #registry = new FinalizationRegistry<string>((fileId) => {
    if (!this.#storages.get(fileId)?.deref()) this.#storages.delete(fileId);
  });

  /** The object for a file, made when there is none. */
  storageOf(fileId: string): TusStorage {
    const known = this.#storages.get(fileId)?.deref();
    if (known) return known;
    const storage = { type: 'fastdfs', path: fileId, bucket: fileId.slice(0, fileId.indexOf('/')) };
    this.#storages.set(fileId, new WeakRef(storage));
    this.#registry.register(storage, fileId);
    return storage;
  }

  /** The file has got another id. */
  rename(fileId: string, newFileId: string): void {
    const storage = this.#storages.get(fileId)?.deref();
    if (storage) storage.path = newFileId;
  }
}
