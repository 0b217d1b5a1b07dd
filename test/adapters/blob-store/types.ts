/** What the blob store promises to the compiler. Nothing here runs. */
import type { Readable, Writable } from 'node:stream';
import { MemoryKvStore } from '@tus/server';
import type MemBlobs from 'abstract-blob-store';
import { fdfsBlobStore, type StoredBlob } from 'fastdfs-streams/blob-store';
import { levelIndex, postgresIndex, redisIndex } from 'fastdfs-streams/indexes';
import Keyv from 'keyv';
import pg from 'pg';
import { createClient as createRedis } from 'redis';

const trackers = 'localhost';

export const stores = [
  fdfsBlobStore('/etc/fdfs/client.conf'),
  fdfsBlobStore({ trackers }, { index: new Map() }),
  fdfsBlobStore({ trackers }, { index: new Map<string, string>(), group: 'group1', verify: false }),
  fdfsBlobStore({ trackers }, { index: new Keyv() }),
  fdfsBlobStore({ trackers }, { index: new Keyv<string>() }),
  fdfsBlobStore({ trackers }, { index: new MemoryKvStore<string>() }),
  fdfsBlobStore({ trackers }, { index: './keys', keepKey: true }),
  fdfsBlobStore({ trackers }, { index: levelIndex('./keys') }),
  fdfsBlobStore({ trackers }, { index: redisIndex(createRedis()) }),
  fdfsBlobStore({ trackers }, { index: redisIndex('redis://127.0.0.1', { name: 'photos' }) }),
  fdfsBlobStore({ trackers }, { index: postgresIndex(new pg.Pool()) }),
  fdfsBlobStore({ trackers }, { index: postgresIndex(new pg.Client()) }),
  // @ts-expect-error values are file ids
  fdfsBlobStore({ trackers }, { index: new Map<string, number>() }),
  // @ts-expect-error nothing is deleted from this one
  fdfsBlobStore({ trackers }, { index: { get: () => 'x', set: () => {} } }),
];

const store = fdfsBlobStore({ trackers });
export const published: MemBlobs.AbstractBlobStore = store;

export const writable: Writable = store.createWriteStream();
export const readable: Readable = store.createReadStream('key');
export const exists: Promise<boolean> = store.exists('key');
store.exists('key', (_error: Error | null, _exists?: boolean) => {});
export const removed: Promise<void> = store.remove({ key: 'key', anything: 'else' });
store.createWriteStream((_error, blob) => blob?.key.length);
store.createWriteStream('key', (_error: Error | null, _blob?: StoredBlob) => {});
store.createWriteStream({ name: 'a.txt', size: 3, metadata: { a: 'b' }, group: 'group1' }).blob?.fileId
  .length;
store.createReadStream({ key: 'key', start: 1, end: 2 }).on('error', () => {});
store.remove('key', (_error: Error | null) => {});
// @ts-expect-error a key is a string
store.createReadStream({ key: 1 });
