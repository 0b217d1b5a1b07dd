/** What @tus/server asks of every store, called directly: by the checks that its own stores have to pass. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { DataStore, Server, Upload } from '@tus/server';
import { expect, expectTypeOf, it } from 'vitest';
import { FdfsStore, type FdfsStoreOptions } from '../../../src/adapters/tus/index.js';
import { decodeState, encodeState } from '../../../src/adapters/tus/state.js';
import { UploadIds } from '../../../src/adapters/tus/upload-ids.js';
import { bytes, collect, pieces } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';
import { KIB, SECRET } from './harness.js';

const SIZE = 960_244;
const CONTENT = bytes(SIZE);
const METADATA = { filename: 'world_domination_plan.pdf', is_confidential: null };
const NOT_FOUND = { status_code: 404 };

it('is a DataStore by its type, too', () => {
  expectTypeOf<FdfsStore>().toExtend<DataStore>();
  expectTypeOf<Parameters<FdfsStore['create']>[0]>().toExtend<Upload>();
  expectTypeOf<Upload>().toExtend<Parameters<FdfsStore['create']>[0]>();
  const datastore = new FdfsStore({ trackers: '127.0.0.1:1' }, { secret: SECRET });
  expect(datastore).toBeInstanceOf(DataStore);
  expect(new Server({ path: '/files', datastore }).datastore).toBe(datastore);
});

onEachServer('the tus store', (server) => {
  const make = (options: FdfsStoreOptions = {}) =>
    new FdfsStore(server.client(), { secret: SECRET, blockBytes: 200 * KIB, ...options });
  const uploadOf = (size: number | undefined, metadata: Upload['metadata'] | null = METADATA) =>
    new Upload({
      id: 'a-name-that-is-not-used',
      offset: 0,
      ...(size === undefined ? {} : { size }),
      ...(metadata ? { metadata } : {}),
    });

  it('reports its extensions, and claims no others', () => {
    const store = make();
    for (const extension of ['creation', 'creation-with-upload', 'creation-defer-length', 'termination']) {
      expect(store.hasExtension(extension)).toBe(true);
    }
    for (const extension of ['expiration', 'concatenation', 'checksum']) {
      expect(store.hasExtension(extension)).toBe(false);
    }
  });

  it('creates an upload, fills it in, and finds it again', async () => {
    const store = make();
    const upload = uploadOf(1000);
    const created = await store.create(upload);
    expect(created).toBe(upload);
    expect(created).toBeInstanceOf(Upload);
    expect(created.storage).toEqual({
      type: 'fastdfs',
      path: expect.stringMatching(/^group\d\/.*\.pdf$/),
      bucket: expect.stringMatching(/^group\d$/),
    });
    const found = await make().getUpload(created.id);
    expect(found).toBeInstanceOf(Upload);
    expect(found).toEqual(created);
    expect(Math.abs(Date.parse(found.creation_date!) - Date.now())).toBeLessThan(60_000);
    await store.remove(created.id);
  });

  it.each([
    ['names in other languages', { filename: '世界_domination_plan.pdf', is_confidential: null }],
    ['nothing', null],
    ['an empty record', {}],
    ['values longer than FastDFS keeps', { filename: `${'长'.repeat(300)}.txt`, note: 'x'.repeat(5000) }],
    ['characters that FastDFS reserves', { note: 'a\x00b\x01c\x02d', 'tus-length': '7', 'tus-upload': 'x' }],
    ['keys longer than FastDFS keeps', { ['k'.repeat(200)]: 'v', emoji: '👩‍👩‍👧'.repeat(100) }],
  ])('keeps metadata: %s', async (_, metadata) => {
    const store = make();
    const { id } = await store.create(uploadOf(1000, metadata));
    expect(await store.getUpload(id)).toMatchObject({ size: 1000, offset: 0 });
    expect((await store.getUpload(id)).metadata).toEqual(metadata ?? undefined);
    await store.remove(id);
  });

  it('keeps that the length is not known, until it is declared', async () => {
    const store = make();
    const { id } = await store.create(uploadOf(undefined));
    expect(await store.getUpload(id)).toMatchObject({ size: undefined, sizeIsDeferred: true });
    await store.declareUploadLength(id, 10);
    expect(await store.getUpload(id)).toMatchObject({ size: 10, sizeIsDeferred: false, metadata: METADATA });
    await store.remove(id);
  });

  it('writes a stream, and returns the new offset', async () => {
    const store = make();
    const { id, storage } = await store.create(uploadOf(SIZE));
    expect(await store.write(pieces(CONTENT), id, 0)).toBe(SIZE);
    expect((await store.getUpload(id)).offset).toBe(SIZE);
    expect((await store.client.download(storage!.path)).equals(CONTENT)).toBe(true);
    await store.remove(id);
  });

  it('writes in several calls, through several stores', async () => {
    const { id } = await make().create(uploadOf(SIZE));
    let offset = 0;
    for (const end of [1, 1000, 500_000, SIZE]) {
      offset = await make().write(Readable.from([CONTENT.subarray(offset, end)]), id, offset);
      expect(offset).toBe(end);
    }
    expect((await collect(await make().read(id))).equals(CONTENT)).toBe(true);
    await make().remove(id);
  });

  it.each(['destroyed', 'failed'])(
    'rejects when the stream is %s, and keeps what came before',
    async (how) => {
      const store = make();
      const { id } = await store.create(uploadOf(SIZE));
      let given = 0;
      const source = new Readable({
        read() {
          if (given === 5) this.destroy(how === 'failed' ? new Error('lost') : undefined);
          else this.push(bytes(1000, ++given));
        },
      });
      await expect(store.write(source, id, 0)).rejects.toThrow(
        how === 'failed' ? 'lost' : 'in the middle of a file',
      );
      const { offset } = await store.getUpload(id);
      // Node throws away what a destroyed stream still held.
      expect(offset % 1000).toBe(0);
      expect(await store.write(Readable.from([]), id, offset)).toBe(offset);
      await store.remove(id);
    },
  );

  it('rejects for ids that do not exist, in every call', async () => {
    const store = make();
    await expect(store.getUpload('doesnt_exist')).rejects.toMatchObject(NOT_FOUND);
    await expect(store.write(pieces(CONTENT), 'doesnt_exist', 0)).rejects.toMatchObject(NOT_FOUND);
    await expect(store.declareUploadLength('doesnt_exist', 10)).rejects.toMatchObject(NOT_FOUND);
    await expect(store.remove('doesnt_exist')).rejects.toMatchObject(NOT_FOUND);
    await expect(store.read('doesnt_exist')).rejects.toMatchObject(NOT_FOUND);
  });

  it('rejects for uploads that do not exist, in every call', async () => {
    const store = make();
    const { id } = await store.create(uploadOf(SIZE));
    await store.remove(id);
    await expect(store.getUpload(id)).rejects.toMatchObject(NOT_FOUND);
    await expect(store.write(pieces(CONTENT), id, 0)).rejects.toMatchObject(NOT_FOUND);
    await expect(store.declareUploadLength(id, 10)).rejects.toMatchObject(NOT_FOUND);
    await expect(store.remove(id)).rejects.toMatchObject(NOT_FOUND);
  });

  it('removes an upload that is being written', async () => {
    const store = make({ blockBytes: 100_000 });
    const { id } = await store.create(uploadOf(SIZE));
    const slow = Readable.from(
      (async function* () {
        for (let at = 0; at < SIZE; at += 120_000) {
          yield CONTENT.subarray(at, at + 120_000);
          await delay(30);
        }
      })(),
    );
    const writing = expect(store.write(slow, id, 0)).rejects.toMatchObject(NOT_FOUND);
    await delay(60);
    await store.remove(id);
    await writing;
    await expect(store.getUpload(id)).rejects.toMatchObject(NOT_FOUND);
  });

  it('shows the new file id in every upload that is in use', async () => {
    const store = make({ finalize: true });
    const created = await store.create(uploadOf(SIZE));
    const found = await store.getUpload(created.id);
    await store.write(pieces(CONTENT), created.id, 0);
    expect(found.storage).toBe(created.storage);
    expect(await store.client.stat(found.storage!.path)).toMatchObject({ kind: 'normal', size: SIZE });
    await store.client.delete(found.storage!.path);
  });

  it('takes a file for an upload only while its metadata says so', async () => {
    const store = make();
    const { id, storage } = await store.create(uploadOf(1000));
    await store.client.setMetadata(storage!.path, { other: 'things' });
    await expect(store.getUpload(id)).rejects.toMatchObject(NOT_FOUND);
    await store.remove(id);
  });

  it('expires nothing', async () => {
    expect(await make().deleteExpired()).toBe(0);
    expect(make().getExpiration()).toBe(0);
  });
});

it('splits long metadata between characters', () => {
  const metadata = { filename: '界'.repeat(700), rest: '𝔘'.repeat(99) };
  const state = encodeState({ length: 5, metadata });
  for (const value of Object.values(state)) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(256);
  expect(decodeState(JSON.parse(JSON.stringify(state)))).toEqual({ length: 5, metadata });
  expect(decodeState({ 'tus-length': '5' })).toBeUndefined();
});

it('signs every file id differently, and with every secret', () => {
  const ids = new UploadIds('a');
  const signed = ['group1/M00/00/00/x', 'group1/M00/00/00/y'].map((fileId) => ids.sign(fileId));
  expect(signed[0]!.split('.')[1]).not.toBe(signed[1]!.split('.')[1]);
  expect(new UploadIds('b').open(signed[0]!)).toBeUndefined();
  expect(ids.open(signed[0]!)).toBe('group1/M00/00/00/x');
  expect(signed[0]).toMatch(/^[\w.-]+$/);
});
