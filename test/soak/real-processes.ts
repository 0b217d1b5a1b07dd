/**
 * A FastDFS of real processes that may be killed: two trackers, group1 with two storages, group2 with one, and group3 with
 * one on a disk of a few MiB where mounting is permitted. All on loopback, in a temporary directory, gone at the end.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addLoopback } from '../helpers/loopback.js';
import { untilActive } from '../helpers/until-active.js';

type Settings = Record<string, string | number | boolean | string[]>;

interface Member {
  name: string;
  program: 'fdfs_trackerd' | 'fdfs_storaged';
  host: string;
  port: number;
  group?: string;
}

const TRACKER_HOST = '127.0.0.151';
const MEMBERS: readonly Member[] = [
  { name: 'tracker0', program: 'fdfs_trackerd', host: TRACKER_HOST, port: 22122 },
  { name: 'tracker1', program: 'fdfs_trackerd', host: TRACKER_HOST, port: 22123 },
  { name: 'storage0', program: 'fdfs_storaged', host: '127.0.0.161', port: 23000, group: 'group1' },
  { name: 'storage1', program: 'fdfs_storaged', host: '127.0.0.162', port: 23000, group: 'group1' },
  { name: 'storage2', program: 'fdfs_storaged', host: '127.0.0.163', port: 23000, group: 'group2' },
  { name: 'small-disk', program: 'fdfs_storaged', host: '127.0.0.164', port: 23000, group: 'group3' },
];
const STARTUP_MS = 45_000;
const ATTEMPTS = 3;
const SMALL_DISK_MIB = 16;

export class RealProcesses {
  readonly trackers = MEMBERS.filter((each) => !each.group).map(({ host, port }) => `${host}:${port}`);
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'fastdfs-soak-'));
  readonly #pids = new Map<string, number>();
  #mounted = false;

  /** A cluster all of whose storages take uploads; a new one where a storage does not join in time. */
  static async started(): Promise<RealProcesses> {
    for (let attempt = 1; ; attempt++) {
      const made = new RealProcesses();
      try {
        await made.#start();
        return made;
      } catch (error) {
        await made.stop();
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Why a cluster cannot be started here; undefined when it can. */
  static obstacle(): string | undefined {
    const folders = (process.env.PATH ?? '').split(path.delimiter);
    for (const program of ['fdfs_trackerd', 'fdfs_storaged']) {
      if (!folders.some((folder) => existsSync(path.join(folder, program))))
        return `${program} is not installed`;
    }
    return addLoopback(TRACKER_HOST);
  }

  get hasSmallDisk(): boolean {
    return this.#mounted;
  }

  async #start(): Promise<void> {
    const disk = path.join(this.#directory, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MIB}m`, 'tmpfs', disk], {
        stdio: 'ignore',
      });
      this.#mounted = true;
    } catch {
      // The full disk is skipped then, and the report says so.
    }
    for (const member of this.#members()) {
      this.#configure(member, disk);
      await this.boot(member.name);
      if (member.group) await untilActive(this.trackers, member.group, member.host);
    }
  }

  address(name: string): string {
    const { host, port } = member(name);
    return `${host}:${port}`;
  }

  /** Starts a process; resolves when its port accepts connections. */
  async boot(name: string): Promise<void> {
    const { program, host, port } = member(name);
    rmSync(this.#pidFile(name), { force: true });
    const child = spawn(program, [path.join(this.#directory, `${name}.conf`), 'start'], { stdio: 'ignore' });
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
    if (code !== 0) throw new Error(`${program} for ${name} exited with ${code}; see its log`);
    const deadline = Date.now() + STARTUP_MS;
    for (;;) {
      const pid = this.#writtenPid(name);
      if (pid !== undefined) this.#pids.set(name, pid);
      if (pid !== undefined && (await accepts(host, port))) return;
      if (Date.now() > deadline) throw new Error(`${name} does not listen on ${host}:${port}`);
      await delay(20);
    }
  }

  signal(name: string, signal: NodeJS.Signals): void {
    const pid = this.#pids.get(name);
    if (pid === undefined || !isRunning(pid)) throw new Error(`${name} is not running`);
    process.kill(pid, signal);
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(name: string): Promise<void> {
    this.signal(name, 'SIGKILL');
    while (isRunning(this.#pids.get(name)!)) await delay(5);
  }

  async stop(): Promise<void> {
    const running = () => [...this.#pids.values()].filter(isRunning);
    for (const pid of running()) process.kill(pid, 'SIGCONT');
    for (const pid of running()) process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + 8000;
    while (running().length > 0 && Date.now() < deadline) await delay(50);
    for (const pid of running()) process.kill(pid, 'SIGKILL');
    await delay(100);
    if (this.#mounted)
      execFileSync('umount', ['-l', path.join(this.#directory, 'disk')], { stdio: 'ignore' });
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #members(): readonly Member[] {
    return this.#mounted ? MEMBERS : MEMBERS.filter(({ name }) => name !== 'small-disk');
  }

  /** The file is there a moment before its content is. */
  #writtenPid(name: string): number | undefined {
    const file = this.#pidFile(name);
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    return pid > 1 && isRunning(pid) ? pid : undefined;
  }

  #pidFile(name: string): string {
    return path.join(this.#directory, name, 'data', `${member(name).program}.pid`);
  }

  #configure({ name, program, host, port, group }: Member, disk: string): void {
    const base = path.join(this.#directory, name);
    mkdirSync(base, { recursive: true });
    const common: Settings = {
      base_path: base,
      bind_addr: host,
      port,
      connect_timeout: 5,
      network_timeout: 5,
    };
    const own: Settings =
      program === 'fdfs_trackerd'
        ? { store_lookup: 0, store_server: 0, reserved_storage_space: '1%', check_active_interval: 6 }
        : {
            group_name: group!,
            client_bind: true,
            thread_stack_size: '512KB',
            store_path_count: 1,
            store_path0: name === 'small-disk' ? disk : base,
            subdir_count_per_path: 4,
            heart_beat_interval: 3,
            stat_report_interval: 3,
            sync_wait_msec: 10,
            sync_binlog_buff_interval: 1,
            tracker_server: this.trackers,
          };
    const lines = Object.entries({ ...common, ...own }).flatMap(([key, value]) =>
      [value].flat().map((one) => `${key} = ${one}`),
    );
    writeFileSync(path.join(this.#directory, `${name}.conf`), `${lines.join('\n')}\n`);
  }
}

function member(name: string): Member {
  const found = MEMBERS.find((each) => each.name === name);
  if (!found) throw new Error(`There is no ${name}`);
  return found;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A killed process may stay as an entry until somebody asks for its exit code. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
