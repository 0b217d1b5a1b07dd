/** Blob stores in several processes with the same keys: no file is lost, none is left, and a killed writer leaves nothing locked. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fdfsBlobStore, rebuildIndex } from '../../../src/adapters/blob-store/index.js';
import { onEachServer } from '../../helpers/servers.js';
import { text } from '../blob-store/harness.js';
import { type IndexPlace, KINDS, openIndex } from './kinds.js';
import { findLeftovers, runWriter, startWriter } from './processes.js';

for (const { kind, obstacle, shared, start } of KINDS.filter((each) => each.kind !== 'map')) {
  describe.skipIf(obstacle !== undefined)(`${kind} index${obstacle ? `: ${obstacle}` : ''}`, () => {
    let place: IndexPlace;
    beforeAll(async () => {
      place = await start();
    });
    afterAll(() => place?.close());

    onEachServer('shared keys', (server) => {
      const base = () => ({
        trackers: server.trackers,
        real: server.name === 'real',
        kind,
        location: place.location,
        keys: 5,
      });

      it(`are written by ${shared ? 'three processes' : 'a process'}, moved, copied and removed`, async () => {
        const client = server.client();
        const name = `storm_${server.name}`;
        const jobs = (shared ? [1, 2, 3] : [1]).map((seed) => ({
          ...base(),
          name,
          seed,
          writes: 60,
          concurrency: 4,
        }));
        const made = (await Promise.all(jobs.map(runWriter))).flat();
        expect(made.length).toBeGreaterThan(40 * jobs.length);
        const index = openIndex(kind, place.location, name);
        const { broken, orphans, entries } = await findLeftovers(client, index, made);
        expect(broken).toEqual([]);
        expect(orphans).toEqual([]);
        const store = fdfsBlobStore(client, { index });
        for (const [key] of entries) await store.remove(key);
        expect(await index.keys('')).toEqual([]);
        await index.close!();
      });

      it('keep their blob when the process is killed between upload and swap', async () => {
        const client = server.client();
        const name = `killed_${server.name}`;
        const before = openIndex(kind, place.location, name);
        await fdfsBlobStore(client, { index: before, keepKey: true }).put('key-0', 'old');
        await before.close!();

        const child = startWriter({
          ...base(),
          name,
          seed: 1,
          writes: 1,
          concurrency: 1,
          hangBeforeSwap: true,
        });
        await once(child.stdout!, 'data');
        child.kill('SIGKILL');
        await once(child, 'exit');

        const index = openIndex(kind, place.location, name);
        const store = fdfsBlobStore(client, { index, keepKey: true });
        expect(await text(store, 'key-0')).toBe('old');
        await store.put('key-0', 'new');
        expect(await text(store, 'key-0')).toBe('new');
        if (server.name === 'embedded') {
          // The file that the killed process stored has its key as metadata, and is found by it.
          const { fdfs } = server as typeof server & { fdfs: { files(): { fileId: string }[] } };
          const files = fdfs.files();
          expect(files).toHaveLength(2);
          const kept = await rebuildIndex(client, index, files, { removeOrphans: true });
          expect(kept).toEqual({ files: 2, restored: 0, orphans: [], removed: 0 });
          const swept = await rebuildIndex(client, index, files, { removeOrphans: true, minAgeMs: 0 });
          expect(swept).toMatchObject({ restored: 0, removed: 1 });
          expect(await text(store, 'key-0')).toBe('new');
        }
        await store.remove('key-0');
        await index.close!();
      });
    });
  });
}
