/** Makes an index of a map-like: atomic within this process, where all stores with the same map share one queue for each key. */
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import {
  compareKeys,
  type KeyEntry,
  type KeyIndex,
  type KeyPage,
  type MapLike,
  resolvePage,
} from './contract.js';
import { Turns } from './turns.js';

const indexes = new WeakMap<MapLike, MapIndex>();

/** Whether a value has the functions of a {@link KeyIndex}. */
export function isKeyIndex(value: unknown): value is KeyIndex {
  return hasFunctions(value, 'get', 'swap', 'keys');
}

/** Whether a value has the functions of a {@link MapLike}. */
export function isMapLike(value: unknown): value is MapLike {
  return hasFunctions(value, 'get', 'set', 'delete');
}

/** Returns the index itself, or the one that all users of this map share. */
export function toKeyIndex(index: KeyIndex | MapLike): KeyIndex {
  if (isKeyIndex(index)) return index;
  const known = indexes.get(index) ?? new MapIndex(index);
  indexes.set(index, known);
  return known;
}

function hasFunctions(value: unknown, ...names: string[]): boolean {
  const object = (value ?? {}) as Record<string, unknown>;
  return names.every((name) => typeof object[name] === 'function');
}

class MapIndex implements KeyIndex {
  readonly #map: MapLike;
  readonly #turns = new Turns();

  constructor(map: MapLike) {
    this.#map = map;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#map.get(key)) ?? undefined;
  }

  swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean> {
    return this.#turns.run([key], async () => {
      if ((await this.get(key)) !== expected) return false;
      await this.#write(key, next);
      return true;
    });
  }

  transfer(from: string, to: string, fileId: string, replaced: string | undefined): Promise<boolean> {
    return this.#turns.run([from, to], async () => {
      if ((await this.get(from)) !== fileId || (await this.get(to)) !== replaced) return false;
      // In this order a failure in between leaves the file with two keys, and none without.
      await this.#write(to, fileId);
      await this.#write(from, undefined);
      return true;
    });
  }

  async keys(prefix: string, page?: KeyPage): Promise<string[]> {
    return (await this.entries(prefix, page)).map(([key]) => key);
  }

  async entries(prefix: string, page?: KeyPage): Promise<KeyEntry[]> {
    if (!(this.#map instanceof Map)) {
      throw new ArgumentError(
        'This index cannot list its keys: use a Map, levelIndex, redisIndex or postgresIndex',
      );
    }
    const { lower, inclusive, limit } = resolvePage(prefix, page);
    return [...(this.#map as Map<string, string>)]
      .filter(([key]) => {
        const order = key.startsWith(prefix) ? compareKeys(key, lower) : -1;
        return inclusive ? order >= 0 : order > 0;
      })
      .sort(([a], [b]) => compareKeys(a, b))
      .slice(0, limit);
  }

  async #write(key: string, fileId: string | undefined): Promise<void> {
    if (fileId === undefined) {
      await this.#map.delete(key);
      return;
    }
    // Keyv reports a failure by `false`; a Map returns itself, others nothing.
    if ((await this.#map.set(key, fileId)) !== false || (await this.get(key)) === fileId) return;
    throw new FastDFSError('FASTDFS_INDEX', `The index did not take the key ${JSON.stringify(key)}`);
  }
}
