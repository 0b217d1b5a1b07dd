/** Who is measured: each does the same jobs in its own way. */
import { createReadStream, createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createClient } from 'fastdfs-streams';
import {
  addressOf,
  downloadHead,
  fetchQuery,
  fileIdOf,
  type RawConnection,
  rawConnection,
  STORE_QUERY,
  uploadHead,
} from './floor.js';

/** One job; undefined where a contender cannot do it. */
export interface Contender {
  /** Uploads content from memory and tells the file id. */
  upload?(content: Buffer): Promise<string>;
  download?(fileId: string): Promise<unknown>;
  uploadFile?(path: string, size: number): Promise<string>;
  uploadUnknown?(path: string): Promise<string>;
  downloadFile?(fileId: string, path: string): Promise<unknown>;
  drain?(fileId: string): Promise<unknown>;
  remove?(fileId: string): Promise<unknown>;
  close(): Promise<void> | void;
}

const READ = 256 * 1024;
const sink = () => new Writable({ highWaterMark: 1024 * 1024, write: (_chunk, _encoding, done) => done() });

export const CONTENDERS: Record<
  string,
  (trackers: string[], concurrency: number) => Promise<Contender | undefined>
> = {
  'fastdfs-streams': async (trackers) => {
    const client = createClient({ trackers });
    return {
      upload: async (content) => (await client.upload(content)).fileId,
      download: (fileId) => client.download(fileId),
      uploadFile: async (path) => (await client.uploadFile(path)).fileId,
      // A generator hides the length.
      uploadUnknown: async (path) => (await client.upload(hidden(path))).fileId,
      downloadFile: (fileId, path) => client.downloadFile(fileId, path),
      drain: (fileId) => pipeline(client.createDownloadStream(fileId), sink()),
      remove: (fileId) => client.delete(fileId),
      close: () => client.close(),
    };
  },
  'floor, 2 round trips': (trackers, concurrency) => floor(trackers, concurrency, true),
  'floor, 1 round trip': (trackers, concurrency) => floor(trackers, concurrency, false),
  'npm fdfs': async (trackers) => npmFdfs(trackers),
};

async function* hidden(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: READ })) yield chunk as Buffer;
}

/** A pair of connections for each job that runs at the same time. */
async function floor(trackers: string[], concurrency: number, ask: boolean): Promise<Contender> {
  const [host, port] = trackers[0]!.split(':') as [string, string];
  const idle: { tracker: RawConnection; storages: Map<string, RawConnection>; known?: Buffer }[] = [];
  for (let index = 0; index < concurrency; index++) {
    idle.push({ tracker: await rawConnection(host, Number(port)), storages: new Map() });
  }
  const all = [...idle];
  async function on<T>(
    query: Buffer,
    run: (storage: RawConnection, reply: Buffer) => Promise<T>,
  ): Promise<T> {
    const pair = idle.pop()!;
    const reply = ask || !pair.known ? await pair.tracker.ask(query) : pair.known;
    pair.known = reply;
    const address = addressOf(reply);
    const key = `${address.host}:${address.port}`;
    let storage = pair.storages.get(key);
    if (!storage) {
      storage = await rawConnection(address.host, address.port);
      pair.storages.set(key, storage);
    }
    const result = await run(storage, reply);
    idle.push(pair);
    return result;
  }
  return {
    upload: (content) =>
      on(STORE_QUERY, async (storage, reply) =>
        fileIdOf(await storage.ask(uploadHead(content.length, reply.at(-1)!), content)),
      ),
    download: (fileId) => on(fetchQuery(fileId), (storage) => storage.ask(downloadHead(fileId))),
    uploadFile: (path, size) =>
      on(STORE_QUERY, async ({ socket, ask: send }, reply) => {
        const answer = send(uploadHead(size, reply.at(-1)!));
        await pipeline(createReadStream(path, { highWaterMark: READ }), through(socket));
        return fileIdOf(await answer);
      }),
    downloadFile: (fileId, path) =>
      on(fetchQuery(fileId), (storage) => receive(storage, fileId, createWriteStream(path))),
    drain: (fileId) => on(fetchQuery(fileId), (storage) => receive(storage, fileId, sink())),
    close: () => {
      for (const { tracker, storages } of all)
        for (const one of [tracker, ...storages.values()]) one.socket.destroy();
    },
  };
}

/** Writes to the socket without ending it. */
function through(socket: Writable): Writable {
  return new Writable({ write: (chunk, _encoding, done) => void socket.write(chunk, done) });
}

function receive({ socket }: RawConnection, fileId: string, target: Writable): Promise<void> {
  const [previous] = socket.listeners('data') as ((chunk: Buffer) => void)[];
  socket.removeListener('data', previous!);
  let left = -1;
  const body = async function* (): AsyncGenerator<Buffer> {
    socket.write(downloadHead(fileId));
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const content = left < 0 ? chunk.subarray(10) : chunk;
      if (left < 0) left = Number(chunk.readBigInt64BE(0));
      left -= content.length;
      yield content;
      if (left === 0) return;
    }
  };
  return pipeline(Readable.from(body(), { objectMode: false }), target).finally(() =>
    socket.on('data', previous!),
  );
}

/** Not a dependency: measured where it happens to be installed. */
function npmFdfs(trackers: string[]): Contender | undefined {
  let Fdfs: new (
    options: object,
  ) => {
    upload(content: Buffer, options: object): Promise<string>;
    download(id: string, options: object): Promise<void>;
  };
  try {
    Fdfs = createRequire(import.meta.url)('fdfs');
  } catch {
    return undefined;
  }
  const client = new Fdfs({
    trackers: trackers.map((tracker) => {
      const [host, port] = tracker.split(':');
      return { host, port: Number(port) };
    }),
    timeout: 10_000,
    defaultExt: '',
    charset: 'utf8',
  });
  return {
    upload: (content) => client.upload(content, { size: content.length, ext: 'bin' }),
    download: (fileId) => client.download(fileId, { target: sink() }),
    close: () => undefined,
  };
}
