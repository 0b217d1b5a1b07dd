/** Writes and reads blobs in a line; and an index that fails as a test wants. */
import { finished } from 'node:stream/promises';
import { expect, vi } from 'vitest';
import type {
  BlobReadOptions,
  BlobWriteOptions,
  FdfsBlobStore,
  MapLike,
  StoredBlob,
} from '../../../src/adapters/blob-store/index.js';
import { collect } from '../../helpers/bytes.js';

export const MALFORMED = [
  '',
  'x',
  'hello-world.txt',
  '../../etc/passwd',
  'group1/M00/00/00/x',
  `group1/${'a'.repeat(200)}`,
];

/** Writes a blob and waits for both its stream and its callback. */
export async function put(
  store: FdfsBlobStore,
  options: string | BlobWriteOptions | StoredBlob | undefined,
  content: string | Uint8Array,
): Promise<StoredBlob> {
  const callback = vi.fn();
  const stream = store.createWriteStream(options, callback);
  stream.end(content);
  await finished(stream);
  await vi.waitFor(() => expect(callback).toHaveBeenCalledTimes(1));
  const [error, blob] = callback.mock.calls[0]!;
  expect(error).toBeNull();
  expect(stream.blob).toEqual(blob);
  expect(stream.key).toBe(blob.key);
  return blob;
}

export async function text(
  store: FdfsBlobStore,
  options: string | BlobReadOptions | StoredBlob,
): Promise<string> {
  return (await collect(store.createReadStream(options))).toString();
}

export async function failure(
  work: Promise<unknown>,
): Promise<Error & { code?: string; orphan?: string; notFound?: boolean }> {
  return await work.then(
    () => expect.fail('did not fail'),
    (error) => error,
  );
}

/** An index that fails as a test wants, and shows its entries. */
export class TrickyIndex implements MapLike {
  readonly entries = new Map<string, string>();
  beforeSet: (key: string, fileId: string) => unknown = () => {};
  afterSet: (key: string, fileId: string) => unknown = () => {};
  beforeGet: () => unknown = () => {};
  beforeDelete: () => unknown = () => {};

  async get(key: string): Promise<string | undefined> {
    await this.beforeGet();
    return this.entries.get(key);
  }

  async set(key: string, fileId: string): Promise<unknown> {
    await this.beforeSet(key, fileId);
    this.entries.set(key, fileId);
    return await this.afterSet(key, fileId);
  }

  async delete(key: string): Promise<boolean> {
    await this.beforeDelete();
    return this.entries.delete(key);
  }
}

export function fail(): never {
  throw new Error('the index is down');
}
