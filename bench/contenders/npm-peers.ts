/** Other clients on npm. They are no dependencies: measured where they happen to be installed. */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import type { Contender } from './index.js';
import { sink } from './local.js';

export type PeerName = 'fdfs' | 'fdfs-client';

type Upload = (content: unknown, options: { size: number; ext: string }) => Promise<string>;
type Download = (fileId: string, options: { target: Writable }) => Promise<void>;

const require = createRequire(import.meta.url);

/** Whether `require` finds it: in node_modules here or above, or where NODE_PATH points. */
export function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

export function npmPeer(name: PeerName, trackers: string[]): Contender {
  const Peer = require(name) as new (options: object) => object;
  const client = new Peer({
    trackers: trackers.map((tracker) => {
      const [host, port] = tracker.split(':');
      return { host, port: Number(port) };
    }),
    timeout: 10_000,
    defaultExt: 'bin',
    charset: 'utf8',
    logger: { log: () => undefined },
  });
  const upload = promised<Upload>(name, client, 'upload');
  const download = promised<Download>(name, client, 'download');
  return {
    upload: (content) => upload(content, { size: content.length, ext: 'bin' }),
    download: (fileId) => download(fileId, { target: sink() }),
    uploadFile: (path) => upload(createReadStream(path), { size: statSync(path).size, ext: 'bin' }),
    downloadFile: (fileId, path) => download(fileId, { target: createWriteStream(path) }),
    drain: (fileId) => download(fileId, { target: sink() }),
    close: () => undefined,
  };
}

/** `fdfs` gives promises, `fdfs-client`, from which it stems, calls back. */
function promised<Call extends (...args: never[]) => Promise<unknown>>(
  name: PeerName,
  client: object,
  method: string,
): Call {
  const call = (client as Record<string, (...args: unknown[]) => unknown>)[method]!.bind(client);
  if (name === 'fdfs') return call as unknown as Call;
  return ((...args: unknown[]) =>
    new Promise((resolve, reject) => {
      call(...args, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result)));
    })) as unknown as Call;
}
