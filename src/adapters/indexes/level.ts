/** An index in a LevelDB folder, for the stores of one process. */
import path from 'node:path';
import { ArgumentError, FastDFSError } from '../../core/base/errors.js';
import {
  checkKey,
  importPeer,
  type KeyEntry,
  type KeyIndex,
  type KeyPage,
  resolvePage,
  upperBound,
} from './contract.js';
import { Turns } from './turns.js';

type Level = import('classic-level').ClassicLevel<string, string>;

/** A folder that is open: LevelDB opens one only once, so the indexes of this process share it. */
interface Folder {
  readonly level: Promise<Level>;
  readonly turns: Turns;
  users: number;
}

const folders = new Map<string, Folder>();

/** A write is on the disk before it is acknowledged: after a power cut no key may lead to a file that was deleted since. */
const DURABLE = { sync: true };

/**
 * Returns an index in a LevelDB folder, made when it is missing: `levelIndex('./keys')`. It needs the package
 * `classic-level`, and opens the folder at the first call. One process at a time can open it.
 * @throws ArgumentError for an empty path
 */
export function levelIndex(directory: string): Required<KeyIndex> {
  return new LevelIndex(directory);
}

class LevelIndex implements KeyIndex {
  readonly #directory: string;
  #folder: Folder | undefined;
  #closed = false;

  constructor(directory: string) {
    if (typeof directory !== 'string' || directory === '')
      throw new ArgumentError('levelIndex needs the path of a folder');
    this.#directory = path.resolve(directory);
  }

  async get(key: string): Promise<string | undefined> {
    checkKey(key);
    const { level } = this.#open();
    return await (await level).get(key);
  }

  async swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean> {
    checkKey(key);
    const { level: opening, turns } = this.#open();
    const level = await opening;
    return await turns.run([key], async () => {
      if ((await level.get(key)) !== expected) return false;
      if (next !== undefined) await level.put(key, next, DURABLE);
      else if (expected !== undefined) await level.del(key, DURABLE);
      return true;
    });
  }

  async transfer(from: string, to: string, fileId: string, replaced: string | undefined): Promise<boolean> {
    checkKey(to);
    const { level: opening, turns } = this.#open();
    const level = await opening;
    return await turns.run([from, to], async () => {
      if ((await level.get(from)) !== fileId || (await level.get(to)) !== replaced) return false;
      await level.batch(
        [
          { type: 'put', key: to, value: fileId },
          { type: 'del', key: from },
        ],
        DURABLE,
      );
      return true;
    });
  }

  async keys(prefix: string, page?: KeyPage): Promise<string[]> {
    const level = await this.#open().level;
    const keys = await level.keys({ keyEncoding: 'buffer', ...range(prefix, page) }).all();
    return keys.map(String);
  }

  async entries(prefix: string, page?: KeyPage): Promise<KeyEntry[]> {
    const level = await this.#open().level;
    const entries = await level.iterator({ keyEncoding: 'buffer', ...range(prefix, page) }).all();
    return entries.map(([key, fileId]) => [String(key), fileId]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const folder = this.#folder;
    this.#folder = undefined;
    if (!folder || --folder.users > 0) return;
    folders.delete(this.#directory);
    const level = await folder.level.catch(() => undefined);
    await level?.close();
  }

  #open(): Folder {
    if (this.#closed) throw new FastDFSError('FASTDFS_CLOSED', `The index ${this.#directory} is closed`);
    if (this.#folder) return this.#folder;
    let folder = folders.get(this.#directory);
    if (!folder) {
      folder = { level: openLevel(this.#directory), turns: new Turns(), users: 0 };
      folders.set(this.#directory, folder);
      const opening = folder;
      opening.level.catch(() => this.#forget(opening));
    }
    folder.users += 1;
    this.#folder = folder;
    return folder;
  }

  /** Lets the next call open a folder that could not be opened. */
  #forget(folder: Folder): void {
    if (folders.get(this.#directory) === folder) folders.delete(this.#directory);
    if (this.#folder === folder) this.#folder = undefined;
  }
}

async function openLevel(directory: string): Promise<Level> {
  const { ClassicLevel } = await importPeer('classic-level', () => import('classic-level'));
  const level = new ClassicLevel<string, string>(directory);
  try {
    await level.open();
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    const reason =
      cause?.code === 'LEVEL_LOCKED'
        ? 'another process has it open; processes share keys by redisIndex or postgresIndex'
        : (cause?.message ?? String(error));
    throw new FastDFSError('FASTDFS_INDEX', `Cannot open the index ${directory}: ${reason}`, {
      cause: error,
    });
  }
  return level;
}

function range(prefix: string, page: KeyPage | undefined) {
  const { lower, inclusive, limit } = resolvePage(prefix, page);
  const from = Buffer.from(lower);
  return { ...(inclusive ? { gte: from } : { gt: from }), lt: upperBound(prefix), limit };
}
