/** The blob store: the suite of abstract-blob-store, and what that does not test. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { MemoryKvStore } from '@tus/server';
import Keyv from 'keyv';
import { describe, expect, it, vi } from 'vitest';
import {
  BlobNotFoundError,
  type BlobWriteOptions,
  type FdfsBlobStore,
  fdfsBlobStore,
  type MapLike,
} from '../../../src/adapters/blob-store/index.js';
import { ArgumentError, type FastDFSClient, parseFileId } from '../../../src/index.js';
import { bytes, collect, pieces } from '../../helpers/bytes.js';
import { buildScript } from '../../helpers/run/build.js';
import { onEachServer } from '../../helpers/servers.js';
import { failure, MALFORMED, put, text } from './harness.js';

const run = promisify(execFile);
const BLOCK = 64 * 1024;

onEachServer('blob store', (server) => {
  it.each([[], ['indexed']])('passes the suite of abstract-blob-store %s', async (...mode) => {
    const suite = await buildScript(new URL('suite.ts', import.meta.url));
    const args = ['--no-deprecation', suite, server.trackers.join(','), ...mode];
    const { stdout } = await run(process.execPath, args);
    expect(stdout).toMatch(/# tests [1-9]\d*\n# pass +[1-9]\d*\n/);
    expect(stdout).not.toContain('not ok');
  });

  describe.each([
    ['without an index', (): MapLike | undefined => undefined],
    ['with a Map', () => new Map<string, string>()],
    ['with a Keyv', () => new Keyv<string>()],
    ['with a KvStore of tus', () => new MemoryKvStore<string>()],
  ] as const)('%s', (title, makeIndex) => {
    const indexed = title !== 'without an index';
    const open = (client: FastDFSClient): FdfsBlobStore => {
      const index: MapLike | undefined = makeIndex();
      return fdfsBlobStore(client, index ? { index } : {});
    };

    it('a stream that was destroyed before fails the write stream that it is piped to', async () => {
      const source = new PassThrough().end('abc').destroy();
      const stream = source.pipe(open(server.client()).createWriteStream('blob.bin'));
      expect((await once(stream, 'error'))[0]).toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    });

    it.each([0, 1, BLOCK, 1024 * 1024, 3 * 1024 * 1024 + 1])('%i bytes come back unchanged', async (size) => {
      const store = open(server.client());
      const content = bytes(size);
      const stream = store.createWriteStream('some/dir/blob.bin');
      await pipeline(pieces(content), stream);
      const { key, blob } = stream;
      expect(blob).toMatchObject({ key, size, kind: 'normal' });
      expect(parseFileId(blob!.fileId)).toMatchObject({ size, extension: 'bin' });
      expect(key).toBe(indexed ? 'some/dir/blob.bin' : blob!.fileId);
      const reader = store.createReadStream(key!);
      expect((await collect(reader)).equals(content)).toBe(true);
      expect(reader.size).toBe(size);
      expect(reader.fileId).toBe(blob!.fileId);
      expect(await store.exists(blob!)).toBe(true);
      await store.remove(blob!);
      expect(await store.exists(blob!)).toBe(false);
    });

    it('takes a key as string, as object, as name, and none at all', async () => {
      const store = open(server.client());
      for (const [options, key] of [
        ['a.txt', 'a.txt'],
        [{ key: 'b.txt' }, 'b.txt'],
        [{ name: 'c.txt' }, 'c.txt'],
        [{ key: 'd', name: 'other.txt' }, 'd'],
        [{}, undefined],
        [undefined, undefined],
      ] as const) {
        const blob = await put(store, options, 'content');
        expect(blob.key).toBe(indexed && key ? key : blob.fileId);
        expect(parseFileId(blob.fileId).extension).toBe(key ? 'txt' : '');
        expect(await text(store, blob)).toBe('content');
        expect(await text(store, blob.key)).toBe('content');
        expect(await text(store, { name: blob.key })).toBe('content');
        await store.remove(blob.key);
      }
      const onDone = vi.fn();
      store.createWriteStream(onDone).end('x');
      await vi.waitFor(() => expect(onDone).toHaveBeenCalledTimes(1));
      await store.remove(onDone.mock.calls[0]![1]);
    });

    it('reads ranges', async () => {
      const store = open(server.client());
      const { key } = await put(store, 'digits', '0123456789');
      for (const [range, expected] of [
        [{ start: 3 }, '3456789'],
        [{ end: 3 }, '0123'],
        [{ start: 3, end: 5 }, '345'],
        [{ start: 8, end: 99 }, '89'],
        [{ start: 10 }, ''],
      ] as const) {
        expect(await text(store, { key, ...range })).toBe(expected);
      }
      expect(await failure(text(store, { key, start: 5, end: 3 }))).toBeInstanceOf(ArgumentError);
      await store.remove(key);
    });

    it('reports what is missing, also while nothing reads', async () => {
      const store = open(server.client());
      const { key, fileId } = await put(store, 'short-lived', 'x');
      await store.remove(key);
      for (const missing of [key, fileId, ...MALFORMED, { key: 'x' }, {}, undefined]) {
        const stream = store.createReadStream(missing);
        const [error] = await once(stream, 'error');
        expect(error).toBeInstanceOf(BlobNotFoundError);
        expect(error).toMatchObject({ notFound: true, code: 'FASTDFS_NOT_FOUND' });
        expect(await store.exists(missing)).toBe(false);
        await store.remove(missing);
      }
      for (const wrong of [1, null, {}, []]) {
        expect(await store.exists({ key: wrong as never })).toBe(false);
        await store.remove({ key: wrong as never });
      }
    });

    it('resolves by promise or by callback', async () => {
      const store = open(server.client());
      const { key } = await put(store, 'both', 'x');
      const onDone = vi.fn();
      expect(store.exists(key, onDone)).toBeUndefined();
      await vi.waitFor(() => expect(onDone).toHaveBeenCalledWith(null, true));
      const removed = vi.fn();
      expect(store.remove({ key }, removed)).toBeUndefined();
      await vi.waitFor(() => expect(removed).toHaveBeenCalledTimes(1));
      expect(removed.mock.calls[0]![0]).toBeNull();
      store.exists({ key }, onDone);
      await vi.waitFor(() => expect(onDone).toHaveBeenLastCalledWith(null, false));
      expect(onDone).toHaveBeenCalledTimes(2);
    });

    it('passes the options of the upload on', async () => {
      const client = server.client();
      const store = open(client);
      const blob = await put(
        store,
        {
          key: 'k',
          name: 'cat.jpeg',
          ext: 'png',
          group: 'group2',
          metadata: { a: 'b' },
          keepFilename: true,
          size: 3,
        },
        'abc',
      );
      expect(blob).toMatchObject({ name: 'cat.jpeg', group: 'group2', size: 3, metadata: { a: 'b' } });
      expect(parseFileId(blob.fileId).extension).toBe('png');
      expect(await client.getMetadata(blob.fileId)).toEqual({ a: 'b', filename: 'cat.jpeg' });
      await store.remove(blob.key);

      const stream = store.createWriteStream({ key: 'k', size: 4 });
      stream.end('abc');
      expect(await failure(finished(stream))).toMatchObject({ code: 'FASTDFS_SIZE_MISMATCH' });
      expect(await store.exists('k')).toBe(false);
    });

    it.each<[string, BlobWriteOptions]>([
      ['a key that is no string', { key: 7 as never }],
      ['metadata that is too long', { metadata: { k: 'x'.repeat(300) } }],
      ['a wrong extension', { ext: 'much too long' }],
    ])('fails the stream for %s', async (_, options) => {
      const store = open(server.client());
      const onDone = vi.fn();
      const stream = store.createWriteStream(options, onDone);
      const [error] = await once(stream, 'error');
      expect(error).toBeInstanceOf(ArgumentError);
      await vi.waitFor(() => expect(onDone).toHaveBeenCalledTimes(1));
      expect(onDone.mock.calls[0]).toEqual([error]);
    });

    it.each([10, 5 * BLOCK])('leaves nothing of a write that is destroyed after %i bytes', async (size) => {
      const store = open(server.client());
      const abort = new AbortController();
      const reason = new Error('enough');
      for (const destroy of [
        (stream: NodeJS.WritableStream & { destroy(error?: Error): unknown }) => stream.destroy(),
        (stream: NodeJS.WritableStream & { destroy(error?: Error): unknown }) => stream.destroy(reason),
        () => abort.abort(reason),
      ]) {
        const onDone = vi.fn();
        const stream = store.createWriteStream(
          { key: 'aborted', blockBytes: BLOCK, signal: abort.signal },
          onDone,
        );
        stream.on('error', () => {});
        await new Promise<void>((resolve) => stream.write(bytes(size), () => resolve()));
        destroy(stream);
        await vi.waitFor(() => expect(onDone).toHaveBeenCalledTimes(1));
        expect(onDone.mock.calls[0]![0]).toBeInstanceOf(Error);
        expect(stream.blob).toBeUndefined();
        expect(await store.exists('aborted')).toBe(false);
      }
    });

    it('ends a read that is destroyed', async () => {
      const client = server.client();
      const store = open(client);
      const { key } = await put(store, 'large', bytes(4 * 1024 * 1024));
      for (const read of [false, true]) {
        const stream = store.createReadStream(key);
        if (read) await once(stream, 'readable');
        stream.destroy();
        await once(stream, 'close');
      }
      await expect.poll(() => Object.values(client.stats()).map(({ leased }) => leased)).not.toContain(1);
      await store.remove(key);
    });
  });

  it('closes a client that it made, and leaves one open that was passed', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'blob-store-'));
    try {
      const conf = path.join(directory, 'client.conf');
      await writeFile(conf, server.trackers.map((tracker) => `tracker_server = ${tracker}\n`).join(''));
      for (const source of [conf, { trackers: server.trackers }]) {
        const store = fdfsBlobStore(source);
        const { key } = await put(store, 'x', 'x');
        await store.remove(key);
        await store.close();
        await store.close();
        expect((await failure(store.exists(key))).message).toContain('closed');
      }
      const client = server.client();
      {
        await using store = fdfsBlobStore(client);
        expect(store.client).toBe(client);
      }
      await client.delete((await client.upload('still open')).fileId);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('starts every write from its own options', async () => {
    const client = server.client();
    const store = fdfsBlobStore(client, { group: 'group2', metadata: { a: 'b' }, keepFilename: true });
    const blob = await put(store, 'x.txt', 'x');
    expect(blob.group).toBe('group2');
    expect(await client.getMetadata(blob.key)).toEqual({ a: 'b', filename: 'x.txt' });
    await store.remove(blob);
  });
});
