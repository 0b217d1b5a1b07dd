/**
 * The floor: what can be had from `node:net` with the same round trips. It checks nothing, knows no time-outs, and recovers from
 * nothing but what would spoil a run. With `ask` it asks the tracker before each file, as every client does that remembers nothing; without, once
 * for each connection and group.
 */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { addressOf, downloadHead, fetchQuery, fileIdOf, STORE_QUERY, uploadHead } from './frames.js';
import type { Contender } from './index.js';
import { MOST_CONNECTIONS, READ_BYTES, sink } from './local.js';
import { type RawConnection, rawConnection } from './raw-connection.js';

/** A tracker and the storages that one job at a time talks to. */
interface Lane {
  tracker: RawConnection;
  storages: Map<string, RawConnection>;
  /** Replies of the tracker by what they are good for: uploads, or files of a group. */
  known: Map<string, Buffer>;
}

const UPLOADS = '';

/** What waits for the disk is written in one go; less than this makes the floor slower. */
const WRITE_AHEAD_BYTES = 1024 * 1024;

export async function floor(trackers: string[], concurrency: number, ask: boolean): Promise<Contender> {
  const [host, port] = trackers[0]!.split(':') as [string, string];
  const lanes: Lane[] = [];
  for (let index = 0; index < Math.min(concurrency, MOST_CONNECTIONS); index++) {
    lanes.push({ tracker: await rawConnection(host, Number(port)), storages: new Map(), known: new Map() });
  }
  const idle = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];

  async function on<T>(
    query: Buffer,
    use: string,
    run: (storage: RawConnection, reply: Buffer) => Promise<T>,
  ): Promise<T> {
    const lane = idle.pop() ?? (await new Promise<Lane>((resolve) => waiting.push(resolve)));
    const reply = (ask ? undefined : lane.known.get(use)) ?? (await lane.tracker.ask(query));
    lane.known.set(use, reply);
    const result = await run(await storageOf(lane, reply), reply);
    const next = waiting.shift();
    if (next) next(lane);
    else idle.push(lane);
    return result;
  }

  function onFile<T>(fileId: string, run: (storage: RawConnection) => Promise<T>): Promise<T> {
    return on(fetchQuery(fileId), fileId.slice(0, fileId.indexOf('/')), run);
  }

  async function uploadFile(path: string): Promise<string> {
    return await on(STORE_QUERY, UPLOADS, async (storage, reply) => {
      const answer = storage.ask(uploadHead(statSync(path).size, reply.at(-1)!));
      await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), through(storage.socket));
      return fileIdOf(await answer);
    });
  }

  return {
    upload: (content) =>
      on(STORE_QUERY, UPLOADS, async (storage, reply) => {
        const head = uploadHead(content.length, reply.at(-1)!);
        try {
          return fileIdOf(await storage.ask(head, content));
        } catch {
          // A storage that goes from one folder to the next refuses about one upload in 100,000, and takes it when it comes again.
          return fileIdOf(await storage.ask(head, content));
        }
      }),
    download: (fileId) => onFile(fileId, (storage) => storage.ask(downloadHead(fileId))),
    uploadFile,
    // It knows the length all the same: this is what not knowing it is measured against.
    uploadUnknown: uploadFile,
    downloadFile: (fileId, path) =>
      onFile(fileId, (storage) =>
        storage.receive(downloadHead(fileId), createWriteStream(path, { highWaterMark: WRITE_AHEAD_BYTES })),
      ),
    drain: (fileId) => onFile(fileId, (storage) => storage.receive(downloadHead(fileId), sink())),
    close: () => {
      for (const { tracker, storages } of lanes)
        for (const { socket } of [tracker, ...storages.values()]) socket.destroy();
    },
  };
}

async function storageOf({ storages }: Lane, reply: Buffer): Promise<RawConnection> {
  const { host, port } = addressOf(reply);
  const key = `${host}:${port}`;
  const known = storages.get(key);
  if (known) return known;
  const storage = await rawConnection(host, port);
  storages.set(key, storage);
  return storage;
}

/** Writes to the socket without ending it. */
function through(socket: Writable): Writable {
  return new Writable({ write: (chunk, _encoding, done) => void socket.write(chunk, done) });
}
