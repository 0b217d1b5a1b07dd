/** One pool per server, made when it is first needed. The only place where announced addresses are mapped. */
import { type Address, formatAddress } from '../address.js';
import { ArgumentError, ClosedError, type FastDFSError } from '../errors.js';
import { call } from '../exchange.js';
import { connect } from '../net/connect.js';
import type { Connection } from '../net/connection.js';
import { Pool, type ServerPoolStats } from '../net/pool.js';
import type { ResolvedOptions } from '../options.js';
import { activeTest } from '../protocol/tracker-commands.js';

/** Per server (`host:port`): its connections, and the callers that wait for one. */
export type PoolStats = Record<string, ServerPoolStats>;

export class Pools {
  readonly #pools = new Map<string, Pool>();
  readonly #options: ResolvedOptions;
  #closed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** The pool of a server, by the address that was configured or announced. */
  at(announced: Address, role: 'tracker' | 'storage'): Pool {
    if (this.#closed) throw new ClosedError();
    const key = `${role} ${announced.host} ${announced.port}`;
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = this.#make(this.#map(announced, role));
      this.#pools.set(key, pool);
    }
    return pool;
  }

  stats(): PoolStats {
    const stats: PoolStats = {};
    for (const pool of this.#pools.values()) {
      const name = formatAddress(pool.address);
      const own = pool.stats();
      const other = stats[name];
      stats[name] = other
        ? {
            open: own.open + other.open,
            idle: own.idle + other.idle,
            leased: own.leased + other.leased,
            waiting: own.waiting + other.waiting,
          }
        : own;
    }
    return stats;
  }

  abortLeased(errorFor: () => FastDFSError): void {
    for (const pool of this.#pools.values()) pool.abortLeased(errorFor);
  }

  close(): void {
    this.#closed = true;
    for (const pool of this.#pools.values()) pool.close();
  }

  #map(announced: Address, role: 'tracker' | 'storage'): Address {
    const mapped = this.#options.mapAddress({ ...announced, role });
    if (typeof mapped?.host !== 'string' || mapped.host === '' || !Number.isInteger(mapped.port)) {
      throw new ArgumentError(`mapAddress returned no { host, port } for ${formatAddress(announced)}`);
    }
    return { host: mapped.host, port: mapped.port };
  }

  #make(address: Address): Pool {
    const { connectTimeoutMs, networkTimeoutMs, pool } = this.#options;
    const made: Pool = new Pool(address, {
      ...pool,
      connect: (to, onGone) => connect(to, { connectTimeoutMs, networkTimeoutMs, onGone }),
      test: (connection) => testConnection(connection, connectTimeoutMs),
    });
    return made;
  }
}

/** The test leaves the lease alone: whoever asked for the connection still holds it. */
function testConnection(connection: Connection, timeoutMs: number): Promise<void> {
  return call({ release: () => undefined }, connection, activeTest, undefined, { timeoutMs });
}
