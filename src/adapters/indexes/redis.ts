/** An index in Redis: a hash leads keys to file ids, and a sorted set keeps the keys in order. */
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import { type Checks, checkOptions, stringOption } from '../../core/base/validate.js';
import {
  checkKey,
  importPeer,
  type KeyEntry,
  type KeyIndex,
  type KeyPage,
  resolvePage,
  upperBound,
} from './contract.js';

/** What the index needs of a client of the package `redis`. */
export interface RedisCommands {
  /** Sends one command and resolves to its reply. */
  sendCommand(args: (string | Buffer)[]): Promise<unknown>;
}

/** Where the index lies in Redis. */
export interface RedisIndexOptions {
  /** Names the two Redis keys: `{name}` and `{name}:keys`. Default `fastdfs`. */
  name?: string | undefined;
}

const CHECKS: Checks<RedisIndexOptions> = { name: stringOption };

/** Changes hash and sorted set together. KEYS: hash, sorted set. Empty arguments stand for "no file id". */
const SWAP = `
local key, expected, next = ARGV[1], ARGV[2], ARGV[3]
if (redis.call('HGET', KEYS[1], key) or '') ~= expected then return 0 end
if next ~= '' then
  redis.call('HSET', KEYS[1], key, next)
  redis.call('ZADD', KEYS[2], 0, key)
else
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
end
return 1`;

const TRANSFER = `
local from, to, file, replaced = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('HGET', KEYS[1], from) ~= file then return 0 end
if (redis.call('HGET', KEYS[1], to) or '') ~= replaced then return 0 end
redis.call('HDEL', KEYS[1], from)
redis.call('ZREM', KEYS[2], from)
redis.call('HSET', KEYS[1], to, file)
redis.call('ZADD', KEYS[2], 0, to)
return 1`;

/**
 * Returns an index in Redis 6.2 or newer, which any number of processes can share. Redis must keep what it has acknowledged:
 * `appendonly yes`, and no eviction.
 * @param redis a connected client of the package `redis`, which stays open; or a url, and the index connects at the first
 * call and `close()` disconnects
 */
export function redisIndex(
  redis: RedisCommands | string,
  options: RedisIndexOptions = {},
): Required<KeyIndex> {
  return new RedisIndex(redis, options);
}

class RedisIndex implements KeyIndex {
  readonly #connection: Connection;
  readonly #hash: string;
  readonly #set: string;

  constructor(redis: RedisCommands | string, options: RedisIndexOptions) {
    checkOptions('redisIndex()', options, CHECKS);
    const name = checkKey(options.name ?? 'fastdfs');
    // Braces keep both in one slot of a Redis Cluster, as a script needs it.
    this.#hash = `{${name}}`;
    this.#set = `{${name}}:keys`;
    this.#connection = new Connection(redis);
  }

  async get(key: string): Promise<string | undefined> {
    checkKey(key);
    const reply = await this.#connection.send('HGET', this.#hash, key);
    return reply === null || reply === undefined ? undefined : String(reply);
  }

  async swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean> {
    return await this.#run(SWAP, checkKey(key), expected ?? '', next ?? '');
  }

  async transfer(from: string, to: string, fileId: string, replaced: string | undefined): Promise<boolean> {
    return await this.#run(TRANSFER, checkKey(from), checkKey(to), fileId, replaced ?? '');
  }

  async keys(prefix: string, page?: KeyPage): Promise<string[]> {
    const { lower, inclusive, limit } = resolvePage(prefix, page);
    const min = lower === '' ? '-' : `${inclusive ? '[' : '('}${lower}`;
    const max = prefix === '' ? '+' : Buffer.concat([Buffer.from('('), upperBound(prefix)]);
    const range = ['ZRANGE', this.#set, min, max, 'BYLEX', 'LIMIT', '0', String(limit)];
    return ((await this.#connection.send(...range)) as unknown[]).map(String);
  }

  async entries(prefix: string, page?: KeyPage): Promise<KeyEntry[]> {
    const keys = await this.keys(prefix, page);
    if (keys.length === 0) return [];
    const fileIds = (await this.#connection.send('HMGET', this.#hash, ...keys)) as unknown[];
    // A key that was removed since has no file id any more.
    return keys.flatMap((key, index): KeyEntry[] =>
      fileIds[index] == null ? [] : [[key, String(fileIds[index])]],
    );
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #run(script: string, ...args: string[]): Promise<boolean> {
    const reply = await this.#connection.send('EVAL', script, '2', this.#hash, this.#set, ...args);
    return Number(reply) === 1;
  }
}

interface OwnClient extends RedisCommands {
  readonly isReady: boolean;
  destroy(): void;
}

/** How long a first connection may take, and how long an established one may stay silent. */
const CONNECT_MS = 5_000;
const PING_MS = 5_000;
const SILENT_MS = 15_000;

/** A client of the caller, or one of our own that is connected when it is first needed. */
class Connection {
  readonly #given: RedisCommands | undefined;
  readonly #url: string;
  #own: Promise<OwnClient> | undefined;
  #closed = false;

  constructor(redis: RedisCommands | string) {
    if (typeof redis !== 'string' && typeof redis?.sendCommand !== 'function')
      throw new ArgumentError('redisIndex needs a url, or a client of the package `redis`');
    this.#given = typeof redis === 'string' ? undefined : redis;
    this.#url = typeof redis === 'string' ? redis : '';
  }

  async send(...args: (string | Buffer)[]): Promise<unknown> {
    if (this.#closed) throw new FastDFSError('FASTDFS_CLOSED', 'The index is closed');
    return await (this.#given ?? (await this.#connect())).sendCommand(args);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const own = await this.#own?.catch(() => undefined);
    this.#own = undefined;
    own?.destroy();
  }

  #connect(): Promise<OwnClient> {
    this.#own ??= openClient(this.#url).catch((error) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }
}

async function openClient(url: string): Promise<OwnClient> {
  const { createClient } = await importPeer('redis', () => import('redis'));
  let connected = false;
  const client = createClient({
    url,
    // A call without a connection fails at once, rather than wait for one without end.
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy: (retries, cause) => (connected ? Math.min(50 * 2 ** retries, 2_000) : cause),
    },
  });
  // Each failure rejects the call that it fails; without a listener it would end the process as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    throw new FastDFSError('FASTDFS_INDEX', `Cannot connect to Redis: ${(error as Error).message}`, {
      cause: error,
    });
  }
  connected = true;
  return client;
}
