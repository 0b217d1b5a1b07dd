/**
 * A FastDFS of real processes, on loopback addresses and in a folder of its own: two trackers, group1 with two storages, group2
 * with one, unless the settings say otherwise. Its processes may be stopped and killed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findOnPath } from '../find-on-path.js';
import { isRunning } from '../run/clean-up.js';
import { mountSmallDisk, type SmallDisk } from '../small-disk.js';
import { addLoopback, findFreeBlock, removeLoopback } from './loopback.js';
import { configFor, type Member, type Settings } from './member.js';
import { readPid, stopProcesses } from './processes.js';

export interface ClusterSettings {
  /** Folder of `fdfs_trackerd` and `fdfs_storaged`. Default: those on the PATH. */
  bin?: string;
  /** Parent of the cluster's folder. Default: the system's temporary folder. */
  directory?: string;
  /** The group of each storage. Default: group1, group1, group2. */
  groups?: readonly string[];
  /** Number of trackers, 1 or 2; one where addresses cannot be added to the loopback device. Default 2. */
  trackers?: number;
  /** Store paths of each storage. Default 1. */
  storePaths?: number;
  /** `upload_priority` of each storage. Default: 10 for all. */
  priorities?: readonly number[];
  /** `use_storage_id`: files name their storage by an id. Default false. */
  storageIds?: boolean;
  /** Further lines of each `tracker.conf`: `use_trunk_file`, `store_lookup`, … */
  tracker?: Settings;
  /** Further lines of each `storage.conf`. */
  storage?: Settings;
  /** MiB of a disk of its own for an additional group3, where mounting is permitted. Default: none. */
  smallDiskMiB?: number;
}

const STARTUP_MS = 45_000;
/** Storages that join at the same time may never become ACTIVE: then the cluster is started again. */
const ATTEMPTS = 3;
const FIRST_STORAGE_ID = 100_001;

export class RealCluster {
  readonly trackers: string[];
  readonly directory: string;
  readonly #settings: ClusterSettings;
  #bin: string | undefined;
  readonly #members: readonly Member[];
  #disk: SmallDisk | undefined;

  private constructor(settings: ClusterSettings, block: string) {
    this.#settings = settings;
    this.#bin = settings.bin;
    this.directory = mkdtempSync(path.join(settings.directory ?? tmpdir(), 'fastdfs-real-'));
    const { trackers = 2, smallDiskMiB } = settings;
    this.#disk =
      smallDiskMiB === undefined
        ? undefined
        : mountSmallDisk(path.join(this.directory, 'disk'), smallDiskMiB);
    const groups = [
      ...(settings.groups ?? ['group1', 'group1', 'group2']),
      ...(this.#disk ? ['group3'] : []),
    ];
    const host = `${block}.11`;
    const ports = addLoopback(host) && trackers > 1 ? [22122, 22123] : [22122];
    this.#members = [
      ...ports.map(
        (port, index) => ({ name: `tracker${index}`, program: 'fdfs_trackerd', host, port }) as const,
      ),
      ...groups.map((group, index) => ({
        name: `storage${index}`,
        program: 'fdfs_storaged' as const,
        host: `${block}.${21 + index}`,
        port: 23000,
        group,
      })),
    ];
    this.trackers = ports.map((port) => `${host}:${port}`);
    // The clean-up after a killed process reads the address from here.
    writeFileSync(path.join(this.directory, 'loopback'), host);
  }

  /** Returns why a cluster cannot be started here; undefined when it can. */
  static findObstacle(bin?: string): string | undefined {
    const missing = ['fdfs_trackerd', 'fdfs_storaged'].find(
      (program) => !(bin ? existsSync(path.join(bin, program)) : findOnPath(program)),
    );
    return missing && `${missing} is not installed`;
  }

  /** Starts a cluster all of whose storages are ACTIVE. */
  static async start(settings: ClusterSettings = {}): Promise<RealCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = new RealCluster(settings, await findFreeBlock());
      try {
        await cluster.#start();
        return cluster;
      } catch (error) {
        await cluster.stop();
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** `group3` is there, on a disk of a few MiB. */
  get hasSmallDisk(): boolean {
    return this.#disk !== undefined;
  }

  /** Returns `host:port` of a member: `tracker0`, `storage0`, … */
  address(name: string): string {
    const { host, port } = this.#member(name);
    return `${host}:${port}`;
  }

  /** Returns the folder of a member, with its `data` and `logs`. */
  folder(name: string): string {
    return path.join(this.directory, this.#member(name).name);
  }

  /** Starts the process of a member; resolves when its port accepts connections. */
  async boot(name: string): Promise<void> {
    const { program, host, port } = this.#member(name);
    rmSync(this.#pidFile(name), { force: true });
    const file = this.#bin ? path.join(this.#bin, program) : program;
    const child = spawn(file, [`${this.folder(name)}.conf`, 'start'], {
      stdio: 'ignore',
      env: this.#environment(),
    });
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
    if (code !== 0)
      throw new Error(`${program} for ${name} exited with ${code}; see ${this.folder(name)}/logs`);
    const deadline = Date.now() + STARTUP_MS;
    while (readPid(this.#pidFile(name)) === undefined || !(await accepts(host, port))) {
      if (Date.now() > deadline) throw new Error(`${name} does not listen on ${host}:${port}`);
      await delay(20);
    }
  }

  signal(name: string, signal: NodeJS.Signals): void {
    process.kill(this.#pid(name), signal);
  }

  /** Sends SIGKILL; resolves when the process has ended. */
  async kill(name: string): Promise<void> {
    const pid = this.#pid(name);
    process.kill(pid, 'SIGKILL');
    while (isRunning(pid)) await delay(5);
  }

  /**
   * Replaces the programs under the data of the cluster: ends all processes and starts those of another version.
   * @param bin its folder. Default: those on the PATH
   */
  async upgrade(bin?: string): Promise<void> {
    await stopProcesses(this.directory, 'SIGTERM');
    this.#bin = bin;
    for (const member of this.#members) await this.#join(member);
  }

  /** Ends all processes and removes the folder. Safe to call twice. */
  async stop(): Promise<void> {
    await stopProcesses(this.directory, 'SIGKILL');
    removeLoopback(this.#members[0]!.host);
    this.#disk?.unmount();
    this.#disk = undefined;
    rmSync(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    this.#writeStorageIds();
    for (const [index, member] of this.#members.entries()) {
      const base = this.folder(member.name);
      mkdirSync(base, { recursive: true });
      const priority = this.#settings.priorities?.[index - this.trackers.length] ?? 10;
      const lines = configFor(member, {
        base,
        storePaths: this.#storePaths(member, base),
        priority,
        trackers: this.trackers,
        storageIds: this.#settings.storageIds ? path.join(this.directory, 'storage_ids.conf') : undefined,
        further: (member.group ? this.#settings.storage : this.#settings.tracker) ?? {},
      });
      writeFileSync(`${base}.conf`, `${lines.join('\n')}\n`);
      await this.#join(member);
    }
  }

  async #join({ name, group, host }: Member): Promise<void> {
    const { waitUntilActive } = await import('./wait-until-active.js');
    await this.boot(name);
    if (group) await waitUntilActive(this.trackers, group, host);
  }

  /** A version that is unpacked into a folder of its own has its libraries beside `bin`. */
  #environment(): NodeJS.ProcessEnv {
    // The parent of the cluster's folder: by it the clean-up finds the daemons if this process is killed.
    const env = { ...process.env, TMPDIR: path.dirname(this.directory) };
    if (!this.#bin) return env;
    const libraries = ['lib64', 'lib'].map((name) => path.resolve(this.#bin!, '..', name));
    return { ...env, LD_LIBRARY_PATH: libraries.join(path.delimiter) };
  }

  #writeStorageIds(): void {
    const storages = this.#members.filter(({ group }) => group);
    // Without a port versions before 6.16 list none.
    const lines = storages.map(
      ({ group, host, port }, index) => `${FIRST_STORAGE_ID + index} ${group} ${host}:${port}`,
    );
    writeFileSync(path.join(this.directory, 'storage_ids.conf'), `${lines.join('\n')}\n`);
  }

  #storePaths({ group }: Member, base: string): string[] {
    if (this.#disk && group === 'group3') return [this.#disk.folder];
    const count = this.#settings.storePaths ?? 1;
    return Array.from({ length: count }, (_, index) => {
      const folder = index === 0 ? base : path.join(base, `path${index}`);
      mkdirSync(folder, { recursive: true });
      return folder;
    });
  }

  #pid(name: string): number {
    const pid = readPid(this.#pidFile(name));
    if (pid === undefined) throw new Error(`${name} is not running`);
    return pid;
  }

  #pidFile(name: string): string {
    return path.join(this.folder(name), 'data', `${this.#member(name).program}.pid`);
  }

  #member(name: string): Member {
    const found = this.#members.find((each) => each.name === name);
    if (!found) throw new Error(`The cluster has no member ${name}`);
    return found;
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
