/** The same by bare sockets: lists, and moves content with as many connections. It checks nothing. */
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { downloadHead, listRequest } from '../contenders/frames.js';
import { type RawConnection, rawConnection } from '../contenders/raw-connection.js';
import type { AdminJob, Handled, Task } from './jobs.js';

type Storage = AdminJob['storages'][number];

/** As many as this package uses where nothing else is said. */
const CONNECTIONS: Readonly<Record<Exclude<Task, 'ls'>, number>> = { verify: 4, mirror: 8 };
const HEAD_BYTES = 10;
const COUNT_BYTES = 8;
const LF = 0x0a;

export async function floorAt({ task, group, storages, folder }: AdminJob): Promise<Handled> {
  const [first] = storages;
  if (task === 'ls') return { files: await countFiles(first!, group), bytes: 0 };
  if (task === 'mirror') return await downloadAll(first!, group, CONNECTIONS.mirror, writer(folder));
  // Every copy is read.
  const handled: Handled = { files: 0, bytes: 0 };
  for (const { files, bytes } of await Promise.all(
    storages.map((storage) => downloadAll(storage, group, CONNECTIONS.verify, () => NOWHERE)),
  )) {
    handled.files = Math.max(handled.files, files);
    handled.bytes += bytes;
  }
  return handled;
}

async function countFiles(storage: Storage, group: string): Promise<number> {
  let lines = 0;
  await list(storage, group, (text) => {
    for (let at = text.indexOf(LF); at >= 0; at = text.indexOf(LF, at + 1)) lines++;
  });
  return lines;
}

async function listIds(storage: Storage, group: string): Promise<string[]> {
  const texts: string[] = [];
  await list(storage, group, (text) => void texts.push(text.toString('latin1')));
  const names = texts.join('').matchAll(/^\d+ \w (\S+)/gm);
  return Array.from(names, ([, name]) => `${group}/${name}`);
}

/** Passes the lines of each store path on, in pieces as they come. */
async function list(storage: Storage, group: string, take: (text: Buffer) => void): Promise<void> {
  for (let index = 0; index < storage.storePathCount; index++) {
    const socket = net.connect({ host: storage.host, port: storage.port, noDelay: true });
    socket.write(listRequest(group, index));
    let received = 0;
    let held = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const skipped = Math.max(0, Math.min(chunk.length, HEAD_BYTES - received));
      received += chunk.length;
      // The last bytes are the count when nothing follows.
      held = Buffer.concat([held, chunk.subarray(skipped)]);
      take(held.subarray(0, -COUNT_BYTES));
      held = held.subarray(-COUNT_BYTES);
    }
  }
}

/** Where the content of a file goes. */
interface Target {
  take(chunk: Buffer): void;
  end(): Promise<unknown> | undefined;
}

const NOWHERE: Target = { take: () => undefined, end: () => undefined };

async function downloadAll(
  storage: Storage,
  group: string,
  connections: number,
  targetFor: (fileId: string) => Target | Promise<Target>,
): Promise<Handled> {
  const ids = await listIds(storage, group);
  let bytes = 0;
  let next = 0;
  const lane = async (connection: RawConnection) => {
    while (next < ids.length) {
      const fileId = ids[next++]!;
      const target = await targetFor(fileId);
      const length = await connection.read(downloadHead(fileId), target.take);
      bytes += length;
      await target.end();
    }
    connection.socket.destroy();
  };
  const opened = Array.from({ length: connections }, () => rawConnection(storage.host, storage.port));
  await Promise.all((await Promise.all(opened)).map(lane));
  return { files: ids.length, bytes };
}

/** Waits for the disk as programs do that have something else to do. */
function writer(folder: string): (fileId: string) => Promise<Target> {
  const made = new Set<string>();
  return async (fileId) => {
    const target = path.join(folder, fileId);
    const parent = path.dirname(target);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    const file = await open(target, 'w');
    let written: Promise<unknown> = Promise.resolve();
    return {
      take: (chunk) => {
        written = written.then(() => file.write(chunk));
      },
      end: () => written.then(() => file.close()),
    };
  };
}
