/** Indexes whose database is away: every call ends with an error, and the next one works when the database is back. */
import { describe, expect, it } from 'vitest';
import { levelIndex, postgresIndex, redisIndex } from '../../../src/adapters/indexes/index.js';
import { ArgumentError } from '../../../src/index.js';
import { KINDS, openIndex } from './kinds.js';

for (const { kind, obstacle, start } of KINDS.filter((each) => each.shared)) {
  it.skipIf(obstacle !== undefined)(
    `${kind}: fails at once while the server is down, and recovers`,
    async () => {
      const place = await start();
      const index = openIndex(kind, place.location);
      try {
        await index.swap('k', undefined, 'file');
        await place.database!.stop();
        for (let n = 0; n < 3; n++) {
          const began = performance.now();
          await expect(index.get('k')).rejects.toThrow();
          expect(performance.now() - began).toBeLessThan(6_000);
        }
        const fresh = openIndex(kind, place.location);
        await expect(fresh.get('k')).rejects.toThrow();
        await place.database!.start();
        await expect.poll(() => fresh.get('k').catch(() => undefined), { timeout: 10_000 }).toBe('file');
        await expect.poll(() => index.get('k').catch(() => undefined), { timeout: 10_000 }).toBe('file');
        await fresh.close!();
      } finally {
        await index.close!();
        await place.close();
      }
    },
  );
}

describe('an index that cannot be opened', () => {
  it('names the folder that another index has open in another way', async () => {
    const { ClassicLevel } = await import('classic-level');
    const place = await KINDS.find(({ kind }) => kind === 'level')!.start();
    const other = new ClassicLevel(place.location);
    await other.open();
    const index = levelIndex(place.location);
    await expect(index.get('k')).rejects.toMatchObject({
      code: 'FASTDFS_INDEX',
      message: expect.stringContaining('another process has it open'),
    });
    await other.close();
    expect(await index.get('k')).toBeUndefined();
    await index.close();
    await place.close();
  });

  it.each([
    [() => levelIndex('')],
    [() => redisIndex({} as never)],
    [() => redisIndex(undefined as never)],
    [() => redisIndex('redis://127.0.0.1', { name: '' })],
    [() => redisIndex('redis://127.0.0.1', { nmae: 'x' } as never)],
    [() => postgresIndex({} as never)],
    [() => postgresIndex('postgres://127.0.0.1', { table: 'keys; drop table x' })],
    [() => postgresIndex('postgres://127.0.0.1', { tabel: 'keys' } as never)],
  ])('is refused: %s', (make) => {
    expect(make).toThrow(ArgumentError);
  });
});
