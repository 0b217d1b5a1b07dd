/** An index in a PostgreSQL table. */
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import { type Checks, checkOptions, stringOption } from '../../core/base/validate.js';
import {
  checkKey,
  importPeer,
  type KeyEntry,
  type KeyIndex,
  type KeyPage,
  MAX_KEY_BYTES,
  resolvePage,
} from './contract.js';

/** What the index needs of a `Pool` or `Client` of the package `pg`. */
export interface PostgresQueries {
  /** Runs one statement. */
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
}

/** Where the index lies in the database. */
export interface PostgresIndexOptions {
  /**
   * Table, as `name` or `schema.name`, made at the first call when it is missing. Default `fastdfs_keys`:
   * `key text COLLATE "C" PRIMARY KEY, file_id text NOT NULL`.
   */
  table?: string | undefined;
}

const CHECKS: Checks<PostgresIndexOptions> = { table: stringOption };
/** Sorts behind all that can follow a prefix in a key. */
const ABOVE_ALL = '\u{10FFFF}'.repeat(MAX_KEY_BYTES / 4);
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$/;
/** SQLSTATE: another process made the table in the same moment (unique_violation, duplicate_table, duplicate_object). */
const MADE_MEANWHILE = new Set(['23505', '42P07', '42710']);
/** SQLSTATE: a key was not as stated (division_by_zero, unique_violation), or two moves crossed (deadlock_detected). */
const NOT_TRANSFERRED = new Set(['22012', '23505', '40P01']);

/**
 * Returns an index in a PostgreSQL table, which any number of processes can share.
 * @param postgres a `Pool` or a connected `Client` of the package `pg`, which stays open; or a connection string, and the
 * index opens a pool that `close()` ends
 * @throws ArgumentError for a table name with other characters than letters, digits and `_`
 */
export function postgresIndex(
  postgres: PostgresQueries | string,
  options: PostgresIndexOptions = {},
): Required<KeyIndex> {
  return new PostgresIndex(postgres, options);
}

class PostgresIndex implements KeyIndex {
  readonly #given: PostgresQueries | undefined;
  readonly #connectionString: string;
  readonly #table: string;
  #own: Promise<OwnPool> | undefined;
  #prepared: Promise<void> | undefined;
  #closed = false;

  constructor(postgres: PostgresQueries | string, options: PostgresIndexOptions) {
    checkOptions('postgresIndex()', options, CHECKS);
    const { table = 'fastdfs_keys' } = options;
    if (typeof postgres !== 'string' && typeof postgres?.query !== 'function')
      throw new ArgumentError('postgresIndex needs a connection string, or a Pool of the package `pg`');
    if (!IDENTIFIER.test(table))
      throw new ArgumentError(`\`table\` must be name or schema.name, not ${JSON.stringify(table)}`);
    this.#given = typeof postgres === 'string' ? undefined : postgres;
    this.#connectionString = typeof postgres === 'string' ? postgres : '';
    this.#table = table
      .split('.')
      .map((name) => `"${name}"`)
      .join('.');
  }

  async get(key: string): Promise<string | undefined> {
    const { rows } = await this.#query(`SELECT file_id FROM ${this.#table} WHERE key = $1`, [checkKey(key)]);
    return rows[0]?.file_id as string | undefined;
  }

  async swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean> {
    checkKey(key);
    const table = this.#table;
    if (expected === undefined && next === undefined) return (await this.get(key)) === undefined;
    if (expected === undefined) {
      return await this.#changesOne(
        `INSERT INTO ${table} (key, file_id) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`,
        [key, next],
      );
    }
    if (next === undefined)
      return await this.#changesOne(`DELETE FROM ${table} WHERE key = $1 AND file_id = $2`, [key, expected]);
    return await this.#changesOne(`UPDATE ${table} SET file_id = $3 WHERE key = $1 AND file_id = $2`, [
      key,
      expected,
      next,
    ]);
  }

  async transfer(from: string, to: string, fileId: string, replaced: string | undefined): Promise<boolean> {
    const table = this.#table;
    try {
      if (replaced === undefined) {
        // A target that exists violates the primary key.
        return await this.#changesOne(`UPDATE ${table} SET key = $2 WHERE key = $1 AND file_id = $3`, [
          checkKey(from),
          checkKey(to),
          fileId,
        ]);
      }
      // Where only one of the two rows is as stated, the division by zero undoes the change of the other.
      await this.#query(
        `WITH target AS (UPDATE ${table} SET file_id = $3 WHERE key = $2 AND file_id = $4 RETURNING 1),
              source AS (DELETE FROM ${table} WHERE key = $1 AND file_id = $3 RETURNING 1)
         SELECT 1 / ((SELECT count(*) FROM target) * (SELECT count(*) FROM source))`,
        [checkKey(from), checkKey(to), fileId, replaced],
      );
      return true;
    } catch (error) {
      if (NOT_TRANSFERRED.has(sqlState(error))) return false;
      throw error;
    }
  }

  async keys(prefix: string, page?: KeyPage): Promise<string[]> {
    return (await this.entries(prefix, page)).map(([key]) => key);
  }

  async entries(prefix: string, page?: KeyPage): Promise<KeyEntry[]> {
    const { lower, inclusive, limit } = resolvePage(prefix, page);
    const { rows } = await this.#query(
      `SELECT key, file_id FROM ${this.#table} WHERE key ${inclusive ? '>=' : '>'} $1 AND key <= $2 ORDER BY key LIMIT $3`,
      [lower, prefix + ABOVE_ALL, limit],
    );
    return rows.map(({ key, file_id }): KeyEntry => [key as string, file_id as string]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const own = await this.#own?.catch(() => undefined);
    this.#own = undefined;
    await own?.end();
  }

  async #changesOne(text: string, values: unknown[]): Promise<boolean> {
    return (await this.#query(text, values)).rowCount === 1;
  }

  async #query(text: string, values: unknown[]) {
    if (this.#closed) throw new FastDFSError('FASTDFS_CLOSED', 'The index is closed');
    const postgres = this.#given ?? (await this.#open());
    this.#prepared ??= this.#createTable(postgres).catch((error) => {
      this.#prepared = undefined;
      throw error;
    });
    await this.#prepared;
    return await postgres.query(text, values);
  }

  #open(): Promise<OwnPool> {
    this.#own ??= openPool(this.#connectionString).catch((error) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }

  /** Looks first: a role may be allowed to use the table and not to make one. */
  async #createTable(postgres: PostgresQueries): Promise<void> {
    const { rows } = await postgres.query('SELECT to_regclass($1) IS NOT NULL AS present', [this.#table]);
    if (rows[0]?.present === true) return;
    await postgres
      .query(
        `CREATE TABLE IF NOT EXISTS ${this.#table} (key text COLLATE "C" PRIMARY KEY, file_id text NOT NULL)`,
      )
      .catch((error) => {
        if (!MADE_MEANWHILE.has(sqlState(error))) throw error;
      });
  }
}

interface OwnPool extends PostgresQueries {
  end(): Promise<void>;
}

const CONNECT_MS = 5_000;
const QUERY_MS = 30_000;

async function openPool(connectionString: string): Promise<OwnPool> {
  const { default: pg } = await importPeer('pg', () => import('pg'));
  const pool = new pg.Pool({
    connectionString,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
  });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

function sqlState(error: unknown): string {
  return (error as { code?: string }).code ?? '';
}
