/** Two tus nodes with the same uploads: a shared locker keeps their requests apart, and a node that dies frees its locks. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { indexLocker, type TusLocker } from '../../../src/adapters/tus/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';
import { type IndexPlace, KINDS, openIndex } from '../indexes/kinds.js';
import { fileIdOf, KIB, nodes } from './harness.js';

const ROUNDS = 20;
const SIZE = 200 * KIB;
/** Different at every byte. */
const CONTENTS = [Buffer.alloc(SIZE, 'A'), Buffer.alloc(SIZE, 'B')] as const;

for (const { kind, obstacle, start } of KINDS.filter((each) => each.kind !== 'level')) {
  describe.skipIf(obstacle !== undefined)(`${kind} locker${obstacle ? `: ${obstacle}` : ''}`, () => {
    let place: IndexPlace;
    beforeAll(async () => {
      place = await start();
    });
    afterAll(() => place?.close());

    onEachServer('two tus nodes', (server) => {
      const node = nodes(server);

      it('never mix two requests at the same offset', async () => {
        const map = openIndex('map', '');
        // The nodes of other processes each have a connection of their own.
        const indexes = CONTENTS.map(() => (kind === 'map' ? map : openIndex(kind, place.location, 'tus')));
        const rigs = await Promise.all(
          indexes.map((index) => node({ blockBytes: 16 * KIB }, { locker: indexLocker(index) })),
        );
        for (let round = 0; round < ROUNDS; round++) {
          const id = await rigs[0]!.http.create(SIZE);
          const answers = await Promise.all(
            rigs.map(({ http }, at) => http.patch(id, 0, CONTENTS[at]!).then(({ status }) => status)),
          );
          const { client } = rigs[0]!;
          const stored = await client.download(fileIdOf(id));
          // One of them was stored, from its beginning: all of it, or what arrived before it made way for the other.
          expect(CONTENTS.some((content) => content.subarray(0, stored.length).equals(stored))).toBe(true);
          expect(answers.filter((status) => status === 204).length).toBeLessThanOrEqual(1);
          if (answers.includes(204)) expect(answers).toContain(409);
          await client.delete(fileIdOf(id));
        }
        for (const index of indexes) await index.close?.();
      });

      it('continue an upload after another node has died with its lock', async () => {
        const index = openIndex(kind, place.location, 'died');
        const locker = indexLocker(index, { leaseMs: 400 });
        const dead = indexLocker(index, { leaseMs: 400 });
        const { http, client } = await node({}, { locker });
        const id = await http.create(1000);
        const abandoned = dead.newLock(id);
        await abandoned.lock(new AbortController().signal, () => {});
        // As a process that was killed: nothing renews the lock any more.
        vi.spyOn(index, 'swap').mockImplementationOnce(() => new Promise(() => {}));
        await delay(200);
        vi.restoreAllMocks();
        const began = performance.now();
        expect((await http.patch(id, 0, bytes(1000))).status).toBe(204);
        expect(performance.now() - began).toBeLessThan(5_000);
        await client.delete(fileIdOf(id));
        await index.close?.();
      });
    });
  });
}

describe('a lock of an index', () => {
  const signal = new AbortController().signal;
  const acquire = async (locker: TusLocker, onCancel: () => void = () => {}) => {
    const lock = locker.newLock('upload');
    await lock.lock(signal, onCancel);
    return lock;
  };

  it('is held by one at a time, and asks its holder to make way', async () => {
    const map = new Map<string, string>();
    let holders = 0;
    let most = 0;
    const work = async () => {
      let isCancelled = () => {};
      const cancelled = new Promise<void>((resolve) => {
        isCancelled = resolve;
      });
      const lock = await acquire(indexLocker(map, { leaseMs: 1_000 }), isCancelled);
      most = Math.max(most, ++holders);
      await Promise.race([cancelled, delay(300)]);
      holders -= 1;
      await lock.unlock();
    };
    await Promise.all(Array.from({ length: 6 }, work));
    expect(most).toBe(1);
    expect(map.size).toBe(0);
  });

  it('outlives its lease while its holder is alive', async () => {
    const map = new Map<string, string>();
    const onCancel = vi.fn();
    const lock = await acquire(indexLocker(map, { leaseMs: 200 }), onCancel);
    await delay(700);
    expect(onCancel).not.toHaveBeenCalled();
    const waiting = indexLocker(map, { leaseMs: 200, acquireTimeoutMs: 500 }).newLock('upload');
    await expect(waiting.lock(signal, () => {})).rejects.toMatchObject({ status_code: 500 });
    expect(onCancel).toHaveBeenCalledTimes(1);
    await lock.unlock();
    await (await acquire(indexLocker(map))).unlock();
    expect(map.size).toBe(0);
  });

  it('cancels its request before another can take it over, when the index fails or the lock is lost', async () => {
    const index = openIndex('map', '');
    for (const lose of [
      () => vi.spyOn(index, 'get').mockRejectedValue(new Error('the index is down')),
      () => vi.spyOn(index, 'get').mockResolvedValue('someone-else:0'),
    ]) {
      const onCancel = vi.fn();
      const lock = await acquire(indexLocker(index, { leaseMs: 300 }), onCancel);
      lose();
      await vi.waitFor(() => expect(onCancel).toHaveBeenCalledTimes(1), { timeout: 290 });
      await lock.unlock();
      vi.restoreAllMocks();
      await index.swap('unused', undefined, undefined);
      const left = await index.keys('tus-lock/');
      for (const key of left) await index.swap(key, (await index.get(key)) as string, undefined);
    }
  });

  it('answers 503 while its index is down', async () => {
    const index = openIndex('map', '');
    vi.spyOn(index, 'get').mockRejectedValue(new Error('the index is down'));
    await expect(acquire(indexLocker(index))).rejects.toMatchObject({
      status_code: 503,
      code: 'FASTDFS_INDEX',
    });
  });

  it('ends its wait when the request ends', async () => {
    const map = new Map<string, string>();
    const lock = await acquire(indexLocker(map));
    const abort = new AbortController();
    const waiting = indexLocker(map)
      .newLock('upload')
      .lock(abort.signal, () => {});
    setTimeout(() => abort.abort(), 50);
    await expect(waiting).rejects.toMatchObject({ status_code: 500 });
    await lock.unlock();
  });

  it.each([{ leaseMs: 0 }, { acquireTimeoutMs: '1' }, { lease: 1 }])('refuses the options %j', (options) => {
    expect(() => indexLocker(new Map(), options as never)).toThrow(/indexLocker/);
  });
});
