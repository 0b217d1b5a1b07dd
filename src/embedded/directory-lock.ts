/**
 * One process at a time on a directory. The lock is a listening socket: the system ends it with the process, however that
 * ends, so a crash leaves at most a file that refuses connections.
 */
import { createHash } from 'node:crypto';
import { readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError } from '../core/base/errors.js';

/** Longest path of a socket on Linux and macOS. */
const MAX_SOCKET_PATH = 103;
/** A temporary directory without a lock may be one that is just being made. */
const ABANDONED_AFTER_MS = 60_000;

/** Version 0.1 called its directories embedded-fastdfs-…: without a lock they would look abandoned while in use. */
export const TEMPORARY_PREFIX = 'fastdfs-embedded-';

export class DirectoryLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws ArgumentError while another cluster, of this process or another, uses the directory */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const path = lockPath(directory);
    for (let attempt = 0; attempt < 5; attempt++) {
      const server = await listen(path);
      if (server) return new DirectoryLock(server);
      if (await isAlive(path)) break;
      removeStale(path);
    }
    throw new ArgumentError(
      `The directory ${directory} is in use by another embedded cluster; stop that one or choose another directory`,
    );
  }

  async release(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Inside the directory where that is short enough, so that processes with other settings find it, too. */
function lockPath(directory: string): string {
  const real = realpathSync(directory);
  const inside = join(real, '.lock');
  const name = `fastdfs-${createHash('sha256').update(real).digest('hex').slice(0, 24)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return Buffer.byteLength(inside) <= MAX_SOCKET_PATH ? inside : join(tmpdir(), `${name}.lock`);
}

/** Undefined when something listens there already, or has left its file. */
async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}

async function isAlive(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Any error but a refused connection and a missing file, e.g. a full queue, is a sign of life.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

/** Renames before it removes: of two processes that find the same file only one can. */
function removeStale(path: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch {
    // The other process was first.
  }
}

/** Removes temporary directories that killed processes have left behind. Failures are ignored: others may be at it, too. */
export async function removeAbandoned(root: string): Promise<void> {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const directory = join(root, name);
    try {
      const lock = lockPath(directory);
      const stats = statSync(directory);
      if (process.getuid !== undefined && stats.uid !== process.getuid()) continue;
      const locked = statSync(lock, { throwIfNoEntry: false }) !== undefined;
      if (!locked && Date.now() - stats.mtimeMs < ABANDONED_AFTER_MS) continue;
      if (locked && (await isAlive(lock))) continue;
      await rm(directory, { recursive: true, force: true });
      if (!lock.startsWith(directory)) rmSync(lock, { force: true });
    } catch {
      // It has been removed meanwhile, or is not ours.
    }
  }
}
