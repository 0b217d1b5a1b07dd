/** `fdfs dev`: the embedded servers as a program. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { EmbeddedOptions } from '../../embedded/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT, Interrupted, UsageError } from '../exit.js';
import { localize } from '../language.js';
import { readLike } from './dev-like.js';

interface DevFlags {
  port?: number;
  storagePort?: number;
  group?: Record<string, number>;
  trackers?: number;
  dir?: string;
  host?: string;
  http?: number;
  like?: string[];
  syncDelay?: number;
  renameStall?: number;
  binlogFlush?: number;
  storeLookup?: EmbeddedOptions['storeLookup'];
  storeGroup?: string;
  storeServer?: EmbeddedOptions['storeServer'];
  storePath?: EmbeddedOptions['storePath'];
  downloadServer?: EmbeddedOptions['downloadServer'];
  storePaths?: number;
  capacity?: number;
  reserved?: number;
  maxConnections?: number;
  trunk?: boolean;
  serverVersion?: string;
}

const CONF_HEAD = '# Written by fdfs dev at every start.';

export async function dev(
  context: Context,
  { group, dir, http, like, syncDelay, renameStall, binlogFlush, capacity, reserved, ...flags }: DevFlags,
): Promise<number> {
  const { signal } = context;
  const { EmbeddedFastDFS } = await import('../../embedded/index.js');
  const directory = dir === undefined ? undefined : resolve(dir);
  if (directory !== undefined) await assertConfIsOurs(confPath(directory));
  const groups = group ?? { group1: 1 };
  const options: EmbeddedOptions = {
    ...(like === undefined ? {} : readLike(like, groups)),
    ...flags,
    groups,
    ...(syncDelay === undefined ? {} : { syncDelayMs: syncDelay }),
    ...(renameStall === undefined ? {} : { renameStallMs: renameStall }),
    ...(binlogFlush === undefined ? {} : { binlogFlushMs: binlogFlush }),
    ...(capacity === undefined ? {} : { capacityBytes: capacity }),
    ...(reserved === undefined ? {} : { reservedBytes: reserved }),
    ...(directory === undefined ? {} : { directory }),
  };
  const fdfs = await startOrExplain(() => EmbeddedFastDFS.start(options));
  let web: WebServer | undefined;
  try {
    const conf = confPath(fdfs.directory);
    await writeFile(conf, clientConf(fdfs.directory, fdfs.trackers));
    const { trackers, directory: kept } = fdfs;
    web = http === undefined ? undefined : await startOrExplain(() => serve(conf, http, flags.host));
    context.print(
      { trackers, conf, directory: kept, groups: options.groups, ...(web ? { http: web.url } : {}) },
      web
        ? localize('FastDFS (for development) is ready: trackers {trackers} conf {conf} http {url}', {
            trackers: trackers.join(','),
            conf,
            url: web.url,
          })
        : localize('FastDFS (for development) is ready: trackers {trackers} conf {conf}', {
            trackers: trackers.join(','),
            conf,
          }),
    );
    if (!signal.aborted) await once(signal, 'abort');
    if (!(signal.reason instanceof Interrupted)) throw signal.reason;
    return EXIT.ok;
  } finally {
    await web?.[Symbol.asyncDispose]();
    await fdfs.stop();
  }
}

interface WebServer extends AsyncDisposable {
  readonly url: string;
}

/** Files under the paths that they have behind the web servers of a real cluster. */
async function serve(conf: string, port: number, host = '127.0.0.1'): Promise<WebServer> {
  const { fdfsServe } = await import('../../adapters/http/index.js');
  const handler = fdfsServe(conf);
  const server = createServer(handler);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await handler.close();
    throw error;
  }
  const { address, family, port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await handler.close();
    },
  };
}

function confPath(directory: string): string {
  return join(directory, 'client.conf');
}

/** Good for the C tools, too, which insist on a `base_path`. */
function clientConf(directory: string, trackers: readonly string[]): string {
  const lines = [
    CONF_HEAD,
    `base_path = ${directory}`,
    'connect_timeout = 5',
    'network_timeout = 30',
    ...trackers.map((tracker) => `tracker_server = ${tracker}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** @throws UsageError rather than overwriting a file of another origin */
async function assertConfIsOurs(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => CONF_HEAD);
  if (!text.startsWith(CONF_HEAD)) {
    throw new UsageError('{path} is not by fdfs dev and would be overwritten; choose another --dir', {
      path,
    });
  }
}

async function startOrExplain<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
    if (code !== 'EADDRINUSE') throw error;
    const text = 'port {port} of {address} is in use; choose another --port, --storage-port or --http';
    const parts = { port: String(port), address: String(address) };
    throw Object.assign(new CliError(text, parts), { cause: error });
  }
}
