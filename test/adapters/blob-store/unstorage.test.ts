/** A driver of unstorage in a dozen lines, held to what unstorage asks of its drivers. */
import { createStorage, defineDriver, prefixStorage, restoreSnapshot, snapshot } from 'unstorage';
import { expect, it } from 'vitest';
import { type FdfsBlobStore, fdfsBlobStore } from '../../../src/adapters/blob-store/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';

const fdfsDriver = defineDriver((blobs: FdfsBlobStore) => {
  const read = (key: string) =>
    blobs.get(key).catch((error) => (error.notFound ? null : Promise.reject(error)));
  const write = async (key: string, value: string | Uint8Array) => void (await blobs.put(key, value));
  const getKeys = async (prefix: string) => {
    const keys: string[] = [];
    for (
      let page = await blobs.list({ prefix });
      ;
      page = await blobs.list({ prefix, cursor: page.cursor })
    ) {
      keys.push(...page.blobs.map(({ key }) => key));
      if (!page.cursor) return keys;
    }
  };
  const remove = (key: string) => blobs.remove(key);
  const clear = async (prefix: string) => void (await Promise.all((await getKeys(prefix)).map(remove)));
  return {
    name: 'fastdfs',
    hasItem: (key) => blobs.exists(key),
    getItem: async (key) => (await read(key))?.toString() ?? null,
    getItemRaw: read,
    setItem: write,
    setItemRaw: write,
    removeItem: remove,
    getKeys,
    clear,
  };
});

onEachServer('a driver of unstorage', (server) => {
  const open = () =>
    createStorage({ driver: fdfsDriver(fdfsBlobStore(server.client(), { index: new Map() })) });

  it('stores, reads and removes items', async () => {
    const storage = open();
    expect(await storage.hasItem('s1:a')).toBe(false);
    expect(await storage.getItem('s2:a')).toBeNull();
    expect(await storage.getKeys()).toEqual([]);
    await storage.setItem('s1:a', 'first');
    await storage.setItem('s3:a?q=1', 'third');
    expect(await storage.hasItem('s1:a')).toBe(true);
    expect(await storage.getItem('s1:a')).toBe('first');
    expect(await storage.getItem('s3:a?q=2')).toBe('third');
    await storage.setItem('s1:a', 'second');
    expect(await storage.getItem('s1:a')).toBe('second');
    expect((await storage.getKeys()).sort()).toEqual(['s1:a', 's3:a']);
    expect(await storage.getKeys('s1')).toEqual(['s1:a']);
    await storage.removeItem('s1:a');
    await storage.removeItem('s1:a');
    expect(await storage.hasItem('s1:a')).toBe(false);
    await storage.clear();
    expect(await storage.getKeys()).toEqual([]);
    await storage.clear();
  });

  it('lists keys by depth', async () => {
    const storage = open();
    const keys = ['top', 'one:a', 'one:b', 'one:two:c', 'one:two:d'];
    for (const key of keys) await storage.setItem(key, 'x');
    for (const [maxDepth, count] of [
      [0, 1],
      [1, 3],
      [2, 5],
    ] as const)
      expect(await storage.getKeys(undefined, { maxDepth })).toHaveLength(count);
    await storage.clear();
  });

  it('keeps values of every kind', async () => {
    const storage = open();
    for (const [key, value] of [
      ['object', { json: 'works', deep: [1, null] }],
      ['true', true],
      ['false', false],
      ['zero', 0],
      ['empty', ''],
      ['text', '文字 ü'],
    ] as const) {
      await storage.setItem(key, value);
      expect(await storage.getItem(key)).toEqual(value);
    }
    await storage.setItem('date', { toJSON: () => 'SERIALIZED' });
    expect(await storage.getItem('date')).toBe('SERIALIZED');
    class Opaque {}
    await expect(storage.setItem('opaque', new Opaque())).rejects.toThrow('Cannot stringify');
    for (const content of [bytes(0), new Uint8Array([1, 2, 3]), bytes(100_000)]) {
      await storage.setItemRaw('raw', content);
      expect(Buffer.from((await storage.getItemRaw('raw')) as Uint8Array).equals(content)).toBe(true);
    }
    await storage.clear();
  });

  it('takes many items, snapshots and prefixes', async () => {
    const storage = open();
    await storage.setItems([1, 2, 3].map((n) => ({ key: `t:${n}`, value: `value ${n}` })));
    expect(await storage.getItems(['t:1', { key: 't:2' }, 't:9'])).toEqual([
      { key: 't:1', value: 'value 1' },
      { key: 't:2', value: 'value 2' },
      { key: 't:9', value: null },
    ]);
    const copy = open();
    await restoreSnapshot(copy, await snapshot(storage, ''));
    expect((await copy.getKeys()).sort()).toEqual(['t:1', 't:2', 't:3']);
    expect(await prefixStorage(copy, 't').getItem('3')).toBe('value 3');
    await copy.clear();
    await storage.clear();
  });
});
