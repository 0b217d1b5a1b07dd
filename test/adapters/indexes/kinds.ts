/** Every kind of index, for tests that must hold for all of them, in this process and in others. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type KeyIndex, levelIndex, postgresIndex, redisIndex } from '../../../src/adapters/indexes/index.js';
import { toKeyIndex } from '../../../src/adapters/indexes/map.js';
import {
  type Database,
  findPostgres,
  findRedis,
  startPostgres,
  startRedis,
} from '../../helpers/databases.js';

export type IndexKind = 'map' | 'level' | 'redis' | 'postgres';

/** A place where an index lies. */
export interface IndexPlace {
  readonly kind: IndexKind;
  /** Path or url. */
  readonly location: string;
  /** The server behind it, if there is one. */
  readonly database?: Database;
  close(): Promise<void>;
}

interface Kind {
  readonly kind: IndexKind;
  /** Why it cannot be tested here. */
  readonly obstacle: string | undefined;
  /** Several processes can have it open at the same time. */
  readonly shared: boolean;
  start(): Promise<IndexPlace>;
}

export const KINDS: Kind[] = [
  {
    kind: 'map',
    obstacle: undefined,
    shared: false,
    start: async () => ({ kind: 'map', location: '', close: async () => {} }),
  },
  {
    kind: 'level',
    obstacle: undefined,
    shared: false,
    start: async () => {
      const directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-level-'));
      return {
        kind: 'level',
        location: path.join(directory, 'keys'),
        close: async () => rmSync(directory, { recursive: true }),
      };
    },
  },
  {
    kind: 'redis',
    obstacle: findRedis() ? undefined : 'redis-server is not installed',
    shared: true,
    start: async () => place('redis', await startRedis()),
  },
  {
    kind: 'postgres',
    obstacle: findPostgres() ? undefined : 'postgresql is not installed',
    shared: true,
    start: async () => place('postgres', await startPostgres()),
  },
];

function place(kind: IndexKind, database: Database): IndexPlace {
  return { kind, location: database.url, database, close: () => database.close() };
}

/** Opens an index at a place. `name` keeps those of several tests apart; a LevelDB folder and a Map have one of their own. */
export function openIndex(kind: string, location: string, name = 'tests'): KeyIndex {
  if (kind === 'level') return levelIndex(`${location}-${name}`);
  if (kind === 'redis') return redisIndex(location, { name });
  if (kind === 'postgres') return postgresIndex(location, { table: name });
  return toKeyIndex(new Map());
}
