/** One pool per server, made when it is first needed. The only place where announced addresses are mapped. */
import { watchConnect } from '../base/diagnostics.js';
import { ClosedError, type FastDFSError } from '../base/errors.js';
import type { ResolvedOptions } from '../config/client-options.js';
import { describeMapping } from '../config/map-address.js';
import { type Address, formatAddress, type ServerRole } from '../model/address.js';
import { SendBuffer } from '../net/buffers.js';
import { type Connection, connect } from '../net/connection.js';
import { call } from '../net/exchange.js';
import { Pool, type ServerPoolStats } from '../net/pool.js';
import { activeTest } from '../protocol/tracker-commands.js';

/** Per server (`host:port`): its connections, and the callers that wait for one. */
export type PoolStats = Record<string, ServerPoolStats>;

export class Pools {
  readonly #all: Pool[] = [];
  /** By role, host and port: a joined key would have to be put together and hashed for every call. */
  readonly #pools = {
    tracker: new Map<string, Map<number, Pool>>(),
    storage: new Map<string, Map<number, Pool>>(),
  };
  readonly #options: ResolvedOptions;
  readonly #sendBuffer = new SendBuffer();
  #closed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** The pool of a server, by the address that was configured or announced. */
  at(announced: Address, role: ServerRole): Pool {
    if (this.#closed) throw new ClosedError();
    return this.#pools[role].get(announced.host)?.get(announced.port) ?? this.#add(announced, role);
  }

  stats(): PoolStats {
    const stats: PoolStats = {};
    for (const pool of this.#all) {
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

  abortAll(errorFor: () => FastDFSError): void {
    for (const pool of this.#all) pool.abortAll(errorFor);
  }

  close(): void {
    this.#closed = true;
    for (const pool of this.#all) pool.close();
  }

  #map(announced: Address, role: ServerRole): Address {
    return this.#options.mapAddress({ ...announced, role });
  }

  #add(announced: Address, role: ServerRole): Pool {
    const address = this.#map(announced, role);
    const hint = role === 'storage' ? describeMapping(announced, address) : undefined;
    const pool = this.#make(address, role, hint);
    this.#all.push(pool);
    const ports = this.#pools[role].get(announced.host) ?? new Map<number, Pool>();
    this.#pools[role].set(announced.host, ports.set(announced.port, pool));
    return pool;
  }

  #make(address: Address, role: ServerRole, hint: string | undefined): Pool {
    const { connectTimeoutMs, networkTimeoutMs, pool } = this.#options;
    return new Pool(address, {
      ...pool,
      connect: (to, onClosed) =>
        watchConnect(role, formatAddress(to), () =>
          connect(to, {
            role,
            connectTimeoutMs,
            networkTimeoutMs,
            sendBuffer: this.#sendBuffer,
            hint,
            onClosed,
          }),
        ),
      test: (connection) => testConnection(connection, connectTimeoutMs),
    });
  }
}

/** Tests a connection that stays checked out: its caller releases it. */
function testConnection(connection: Connection, timeoutMs: number): Promise<void> {
  return call({ release: () => undefined }, connection, activeTest, undefined, { timeoutMs });
}
