/** Clients of the databases that a caller passes: used, shared, and left open. */
import pg from 'pg';
import { createClient } from 'redis';
import { expect, it } from 'vitest';
import { postgresIndex, redisIndex } from '../../../src/adapters/indexes/index.js';
import { findPostgres, findRedis, startPostgres, startRedis } from '../../helpers/databases.js';

it.skipIf(!findRedis())('redisIndex uses a client of the package redis, and leaves it open', async () => {
  const database = await startRedis();
  const client = await createClient({ url: database.url }).connect();
  try {
    const index = redisIndex(client, { name: 'photos' });
    expect(await index.swap('文/a', undefined, 'group1/x')).toBe(true);
    expect(await client.hGet('{photos}', '文/a')).toBe('group1/x');
    expect(await client.zRange('{photos}:keys', 0, -1)).toEqual(['文/a']);
    await index.close();
    await expect(index.get('文/a')).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
    expect(await client.ping()).toBe('PONG');
  } finally {
    await client.close();
    await database.close();
  }
});

it.skipIf(!findPostgres())(
  'postgresIndex uses a Pool or Client of the package pg, and leaves it open',
  async () => {
    const database = await startPostgres();
    const pool = new pg.Pool({ connectionString: database.url });
    // The server is stopped while the pool still closes its connections.
    pool.on('error', () => undefined);
    try {
      await pool.query('CREATE SCHEMA files');
      // All make the table in the same moment.
      const indexes = Array.from({ length: 8 }, () => postgresIndex(pool, { table: 'files.keys' }));
      const swapped = await Promise.all(indexes.map((index) => index.swap('a', undefined, 'group1/x')));
      expect(swapped.filter(Boolean)).toHaveLength(1);
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      const index = postgresIndex(client, { table: 'files.keys' });
      expect(await index.entries('')).toEqual([['a', 'group1/x']]);
      await index.close();
      await client.end();
      await Promise.all(indexes.map((each) => each.close()));
      const { rows } = await pool.query('SELECT key, file_id FROM files.keys');
      expect(rows).toEqual([{ key: 'a', file_id: 'group1/x' }]);

      // Who may use the table need not be allowed to make one.
      await pool.query(
        'CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA files TO reader; GRANT SELECT ON files.keys TO reader',
      );
      const reader = postgresIndex(database.url.replace('tests@', 'reader@'), { table: 'files.keys' });
      expect(await reader.get('a')).toBe('group1/x');
      await expect(reader.swap('b', undefined, 'group1/y')).rejects.toThrow('permission denied');
      await reader.close();
    } finally {
      await pool.end();
      await database.close();
    }
  },
);

// Which of the catalogs another process was first in decides what PostgreSQL says.
it.each(['23505', '42P07', '42710'])(
  'postgresIndex goes on when another process made the table in the same moment: %s',
  async (code) => {
    const postgres = {
      query: async (text: string) => {
        if (text.startsWith('CREATE')) throw Object.assign(new Error('already exists'), { code });
        return { rows: [{ present: false }], rowCount: 1 };
      },
    };
    expect(await postgresIndex(postgres).swap('a', undefined, 'group1/x')).toBe(true);
  },
);
