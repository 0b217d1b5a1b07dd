/** The listing of a store path over a socket: back-pressure, abort, silence, cuts, refusals. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type PathListingOptions, readPathListing } from '../../../src/core/net/path-listing.js';

const HEADER = Buffer.from('04000000000000006400', 'hex');
const LINE = '1700000000 C M00/00/00/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt\n';
const servers: net.Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function serve(answer: (socket: net.Socket) => void): Promise<{ host: string; port: number }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function count(bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(bytes));
  return buffer;
}

function list(address: { host: string; port: number }, options: Partial<PathListingOptions> = {}) {
  const args = { group: 'group1', storePathIndex: 0 };
  return readPathListing(address, args, { connectTimeoutMs: 1000, silenceTimeoutMs: 1000, ...options });
}

async function collect(listing: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const lines of listing) all += lines.toString('latin1');
  return all;
}

describe('a listing', () => {
  it('gives its lines, none of them lost between chunks', async () => {
    const address = await serve((socket) => {
      socket.write(HEADER);
      for (let index = 0; index < 5000; index++) socket.write(LINE);
      socket.end(count(5000 * LINE.length));
    });
    expect(await collect(list(address))).toBe(LINE.repeat(5000));
  });

  it('may be empty', async () => {
    expect(await collect(list(await serve((socket) => socket.end(Buffer.concat([HEADER, count(0)])))))).toBe(
      '',
    );
  });

  it('stops the storage while its reader is slow', async () => {
    let written = 0;
    const chunk = Buffer.from(LINE.repeat(1000));
    const address = await serve((socket) => {
      socket.write(HEADER);
      const go = () => {
        while (!socket.destroyed && written < 64 * 2 ** 20) {
          written += chunk.length;
          if (!socket.write(chunk)) return void socket.once('drain', go);
        }
        socket.end(count(written));
      };
      go();
    });
    const listing = list(address);
    await listing.next();
    await delay(300);
    expect(written).toBeLessThan(16 * 2 ** 20);
    await listing.return();
  });

  it('does not count the time that its reader takes as silence', async () => {
    const address = await serve((socket) => {
      socket.write(Buffer.concat([HEADER, Buffer.from(LINE.repeat(3))]));
      setTimeout(() => socket.end(count(3 * LINE.length)), 20);
    });
    const listing = list(address, { silenceTimeoutMs: 150 });
    await listing.next();
    await delay(400);
    expect(await collect(listing)).toBe(LINE);
  });

  it('ends by the deadline of silence before and after its first byte', async () => {
    const silent = await serve(() => undefined);
    await expect(collect(list(silent, { silenceTimeoutMs: 50 }))).rejects.toMatchObject({
      code: 'FASTDFS_RESPONSE_TIMEOUT',
      command: 'FETCH_ONE_PATH_BINLOG',
      retryable: true,
    });
    const halfway = await serve((socket) => socket.write(Buffer.concat([HEADER, Buffer.from(LINE)])));
    await expect(collect(list(halfway, { silenceTimeoutMs: 50 }))).rejects.toMatchObject({
      code: 'FASTDFS_PROGRESS_TIMEOUT',
    });
  });

  it('ends with the reason of the signal, before, while connecting and in the middle', async () => {
    const address = await serve((socket) => socket.write(Buffer.concat([HEADER, Buffer.from(LINE)])));
    const reason = new Error('enough');
    await expect(collect(list(address, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    const early = new AbortController();
    const connecting = collect(list(address, { signal: early.signal }));
    early.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    const late = new AbortController();
    const halfway = collect(list(address, { signal: late.signal }));
    setTimeout(() => late.abort(reason), 50);
    await expect(halfway).rejects.toBe(reason);
  });

  it('that is cut is an error, by an end as by a reset', async () => {
    const ended = await serve((socket) => socket.end(Buffer.concat([HEADER, Buffer.from(LINE.repeat(4))])));
    await expect(collect(list(ended))).rejects.toThrow(/cut off after \d+ bytes/);
    const reset = await serve((socket) => {
      socket.write(Buffer.concat([HEADER, Buffer.from(LINE)]), () => socket.resetAndDestroy());
    });
    await expect(collect(list(reset))).rejects.toMatchObject({
      code: expect.stringMatching(/^FASTDFS_(CONNECTION_LOST|PROTOCOL)$/),
      retryable: true,
    });
  });

  it('that is refused says why, although the storage does not close', async () => {
    const address = await serve((socket) => socket.write(Buffer.from('00000000000000006416', 'hex')));
    await expect(collect(list(address))).rejects.toMatchObject({ code: 'FASTDFS_INVALID', serverStatus: 22 });
  });

  it('of a storage that is not there is a failed connection', async () => {
    const address = await serve(() => undefined);
    const server = servers.pop()!;
    await new Promise((resolve) => server.close(resolve));
    await expect(collect(list(address))).rejects.toMatchObject({ code: 'FASTDFS_CONNECT_FAILED' });
  });

  it('that its reader leaves closes the connection', async () => {
    let closed: Promise<unknown> | undefined;
    const address = await serve((socket) => {
      closed = once(socket, 'close');
      socket.write(Buffer.concat([HEADER, Buffer.from(LINE.repeat(10))]));
    });
    for await (const _ of list(address)) break;
    await closed;
  });
});
