/** Redis and PostgreSQL for tests: servers of the installed packages, on loopback, in temporary folders of their own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findOnPath } from './find-on-path.js';
import { findFreePort } from './free-port.js';

export interface Database {
  readonly url: string;
  /** Breaks all connections and takes no new ones until `start()`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the server and removes its folder. */
  close(): Promise<void>;
}

/** How long a server may take until it accepts connections. */
const READY_MS = 20_000;
const POSTGRES_ROOT = '/usr/lib/postgresql';

/** Returns the path of `redis-server`; undefined where it is not installed. */
export function findRedis(): string | undefined {
  return findOnPath('redis-server');
}

/** Returns the folder with `initdb` and `postgres`; undefined where they are not installed. */
export function findPostgres(): string | undefined {
  const versions = existsSync(POSTGRES_ROOT) ? readdirSync(POSTGRES_ROOT) : [];
  const debian = versions.map((version) => path.join(POSTGRES_ROOT, version, 'bin')).reverse();
  const onPath = findOnPath('initdb');
  return [...debian, ...(onPath ? [path.dirname(onPath)] : [])].find((folder) =>
    existsSync(path.join(folder, 'initdb')),
  );
}

export async function startRedis(): Promise<Database> {
  const program = findRedis()!;
  const directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-redis-'));
  const port = await findFreePort();
  const url = `redis://127.0.0.1:${port}`;
  // A title would overwrite the environment, by which the clean-up finds the process if this one is killed.
  const settings = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    directory,
    '--set-proc-title',
    'no',
  ];
  const server = new Server(directory, url, () => {
    return spawn(program, [...settings, '--appendonly', 'yes', '--save', ''], { stdio: 'pipe' });
  });
  await server.start(/Ready to accept connections/);
  return server;
}

export async function startPostgres(): Promise<Database> {
  const bin = findPostgres()!;
  const directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-postgres-'));
  const data = path.join(directory, 'data');
  const user = findUnprivilegedUser();
  if (user) chownSync(directory, user.uid, user.gid);
  const port = await findFreePort();
  const url = `postgres://tests@127.0.0.1:${port}/postgres`;
  execFileSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'tests', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
    { ...user, stdio: 'pipe', cwd: directory },
  );
  const settings = ['-D', data, '-p', String(port), '-k', '', '-h', '127.0.0.1', '-F'];
  const server = new Server(directory, url, () => {
    return spawn(path.join(bin, 'postgres'), settings, { ...user, stdio: 'pipe', cwd: directory });
  });
  await server.start(/ready to accept connections/);
  return server;
}

class Server implements Database {
  readonly url: string;
  readonly #directory: string;
  readonly #spawn: () => ChildProcess;
  #ready = /./;
  #child: ChildProcess | undefined;

  constructor(directory: string, url: string, spawnServer: () => ChildProcess) {
    this.#directory = directory;
    this.url = url;
    this.#spawn = spawnServer;
  }

  async start(ready = this.#ready): Promise<void> {
    this.#ready = ready;
    const child = this.#spawn();
    this.#child = child;
    let output = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        output += chunk;
      });
    const deadline = Date.now() + READY_MS;
    while (!ready.test(output)) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`${child.spawnfile} does not start:\n${output}`);
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    // Interrupt: Redis saves, and PostgreSQL does not wait for its clients.
    child.kill('SIGINT');
    await exited;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** PostgreSQL refuses to run as root; the Debian package brings a user for it. */
function findUnprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
