/** Two calls never see each other's bytes, however late, early, short or long a reply is. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../../src/core/protocol/constants.js';
import {
  ArgumentError,
  type FastDFSClient,
  ProtocolError,
  parseFileId,
  TimeoutError,
} from '../../src/index.js';
import { bytes, collect, flood, sha256 } from '../helpers/bytes.js';
import { TcpProxy } from '../helpers/proxy.js';
import { type EmbeddedTestServer, onEmbedded } from '../helpers/servers.js';

/** The one storage of group2 behind a proxy. */
async function behindProxy(server: EmbeddedTestServer) {
  const [host, port] = server.fdfs.storageAddress('group2').split(':') as [string, string];
  const proxy = await TcpProxy.to(host, Number(port));
  const client = server.client({
    group: 'group2',
    networkTimeoutMs: 200,
    retry: { retries: 0 },
    pool: { maxPerServer: 1 },
    mapAddress: ({ role, ...address }) =>
      role === 'storage' && address.port === Number(port) ? { host: '127.0.0.1', port: proxy.port } : address,
  });
  return { proxy, client };
}

onEmbedded('the connection rule', (server) => {
  it('a reply that comes after its call timed out reaches no other call: uploading B never returns the id of A', async () => {
    server.allowLeftovers();
    const { proxy, client } = await behindProxy(server);
    await using _ = proxy;
    const late: (() => void)[] = [];
    proxy.hooks = {
      reply: (chunk, send, socket) => {
        late.push(() => {
          if (!socket.destroyed) send(chunk);
        });
      },
    };
    const a = bytes(2000, 1);
    const b = bytes(2000, 2);
    await expect(client.upload(a)).rejects.toMatchObject({
      code: 'FASTDFS_RESPONSE_TIMEOUT',
      maybeApplied: true,
      retryable: false,
    });
    proxy.hooks = {};
    const uploadingB = client.upload(b);
    for (const deliver of late) deliver();
    const { fileId } = await uploadingB;
    expect(parseFileId(fileId).size).toBe(b.length);
    expect(sha256(await client.download(fileId))).toBe(sha256(b));
  });

  it('an aborted call does not leave its reply to the next', async () => {
    server.allowLeftovers();
    const { proxy, client } = await behindProxy(server);
    await using _ = proxy;
    const files = await Promise.all([1, 2].map((seed) => client.upload(bytes(100_000, seed))));
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const aborted = client.download(files[0]!.fileId, { signal: controller.signal });
      setTimeout(() => controller.abort(), round / 4);
      const other = client.download(files[1]!.fileId);
      await aborted.catch(() => undefined);
      expect(sha256(await other)).toBe(sha256(bytes(100_000, 2)));
    }
  });

  const ways = {
    'into memory': (client: FastDFSClient, fileId: string) => client.download(fileId),
    'as a stream': (client: FastDFSClient, fileId: string) => collect(client.createDownloadStream(fileId)),
    'to a file': (client: FastDFSClient, fileId: string) => client.downloadFile(fileId, '/dev/null'),
  };
  const sizes = [7, 100_000, 3_000_000];
  it.each(Object.keys(ways).flatMap((way) => sizes.map((size) => ({ way, size }))))(
    'bytes behind a reply destroy the connection and fail the call: $size bytes $way',
    async ({ way, size }) => {
      const { proxy, client } = await behindProxy(server);
      await using _ = proxy;
      const download = ways[way as keyof typeof ways];
      const content = bytes(size);
      const { fileId } = await client.upload(content);
      let left = HEADER_BYTES + size;
      proxy.hooks = {
        reply: (chunk, send) => {
          left -= chunk.length;
          send(left === 0 ? Buffer.concat([chunk, Buffer.from('surplus')]) : chunk);
        },
      };
      await expect(download(client, fileId)).rejects.toBeInstanceOf(ProtocolError);
      proxy.hooks = {};
      expect(sha256(await client.download(fileId))).toBe(sha256(content));
      await client.delete(fileId);
    },
  );

  it('unexpected data destroys an idle connection', async () => {
    const { proxy, client } = await behindProxy(server);
    await using _ = proxy;
    let push: (chunk: Buffer) => void = () => undefined;
    proxy.hooks = {
      reply: (chunk, send) => {
        push = send;
        send(chunk);
      },
    };
    const { fileId } = await client.upload('content');
    push(Buffer.from('\0\0\0\0\0\0\0\x05d\0stale'));
    await expect.poll(() => client.stats()[`127.0.0.1:${proxy.port}`]?.open).toBe(0);
    expect((await client.download(fileId)).toString()).toBe('content');
    await client.delete(fileId);
  });

  describe('a length that does not add up', () => {
    it.each([
      ['negative', -1n],
      ['beyond 2^53', 2n ** 62n],
      ['larger than any reply of its kind', 5000n],
    ])('%s is refused without waiting for it', async (_, length) => {
      server.allowLeftovers();
      const { proxy, client } = await behindProxy(server);
      await using __ = proxy;
      proxy.hooks = {
        reply: (chunk, send) => {
          chunk.writeBigInt64BE(length, 0);
          send(chunk);
        },
      };
      await expect(client.upload('x')).rejects.toBeInstanceOf(ProtocolError);
    });

    it('a download announced longer than the file is refused; one cut short is no success', async () => {
      const { proxy, client } = await behindProxy(server);
      await using _ = proxy;
      const { fileId } = await client.upload(bytes(1000));
      for (const [length, kind] of [
        [1001n, ProtocolError],
        [999n, ProtocolError],
        [2n ** 52n, ProtocolError],
      ] as const) {
        proxy.hooks = {
          reply: (chunk, send) => {
            if (chunk.readBigInt64BE(0) === 1000n) chunk.writeBigInt64BE(length, 0);
            send(chunk);
          },
        };
        await expect(client.download(fileId)).rejects.toBeInstanceOf(kind);
      }
      proxy.hooks = {
        reply: (chunk, send, socket) => {
          send(chunk.subarray(0, 10));
          socket.end();
        },
      };
      await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_CONNECTION_LOST' });
      proxy.hooks = {};
      await client.delete(fileId);
    });
  });

  it('content changed on the way down is found out', async () => {
    const { proxy, client } = await behindProxy(server);
    await using _ = proxy;
    const { fileId } = await client.upload(bytes(1000));
    proxy.hooks = {
      reply: (chunk, send) => {
        if (chunk.length > 500) chunk[400]! ^= 1;
        send(chunk);
      },
    };
    await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_CHECKSUM_MISMATCH' });
    expect((await client.download(fileId, { verify: false })).length).toBe(1000);
    proxy.hooks = {};
    await client.delete(fileId);
  });

  it('content changed on the way up is found out, and the file removed', async () => {
    const { proxy, client } = await behindProxy(server);
    await using _ = proxy;
    proxy.hooks = {
      request: (chunk, send) => {
        if (chunk.length > 500) chunk[400]! ^= 1;
        send(chunk);
      },
    };
    await expect(client.upload(bytes(1000))).rejects.toMatchObject({ code: 'FASTDFS_CHECKSUM_MISMATCH' });
    expect(server.fdfs.files()).toEqual([]);
  });

  it('an upload whose metadata cannot be set is removed; if it cannot be, the error names it', async () => {
    const client = server.client({ retry: { retries: 0 } });
    server.fdfs.inject({ command: 'SET_METADATA', action: 'status', status: 5 });
    const removed = await client.upload('x', { metadata: { a: 'b' } }).catch((e) => e);
    expect(removed).toMatchObject({ code: 'FASTDFS_IO_ERROR', command: 'SET_METADATA', orphan: undefined });
    expect(server.fdfs.files()).toEqual([]);
    server.fdfs.inject({ command: 'SET_METADATA', action: 'status', status: 5 });
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    const left = await client.upload('x', { metadata: { a: 'b' } }).catch((e) => e);
    expect(server.fdfs.files().map(({ fileId }) => fileId)).toEqual([left.orphan]);
    await client.delete(left.orphan);
  });

  it('a large upload refused early fails with the refusal, and nothing of it is taken for a request', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const { fileId } = await client.upload('', { appender: true });
    await client.delete(fileId);
    for (let round = 0; round < 10; round++) {
      const error = await client.append(fileId, Buffer.alloc(2_000_000)).catch((e) => e);
      expect(['FASTDFS_NOT_FOUND', 'FASTDFS_CONNECTION_LOST']).toContain(error.code);
    }
    const { fileId: next } = await client.upload('fine');
    expect((await client.download(next)).toString()).toBe('fine');
    await client.delete(next);
  });

  it('a silent server is distinguished from a slow one: no total time limit', async () => {
    const { proxy, client } = await behindProxy(server);
    await using _ = proxy;
    const content = bytes(60_000);
    const { fileId } = await client.upload(content);
    proxy.hooks = {
      reply: (chunk, send) => {
        for (let at = 0, turn = 0; at < chunk.length; at += 6000, turn++) {
          setTimeout(send, turn * 60, chunk.subarray(at, at + 6000));
        }
      },
    };
    const started = performance.now();
    expect((await client.download(fileId)).equals(content)).toBe(true);
    expect(performance.now() - started).toBeGreaterThan(400);
    proxy.hooks = { reply: () => undefined };
    await expect(client.download(fileId)).rejects.toBeInstanceOf(TimeoutError);
    proxy.hooks = {};
    await client.delete(fileId);
  });

  it('a server that falls silent is noticed on a connection that was idle for longer than the time-out, too', async () => {
    const client = server.client({ networkTimeoutMs: 100, retry: { retries: 0 } });
    const { fileId } = await client.upload('x', { group: 'group2' });
    await delay(300);
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'stall' });
    await expect(client.delete(fileId)).rejects.toMatchObject({ code: 'FASTDFS_RESPONSE_TIMEOUT' });
    await client.delete(fileId);
  });

  it('a source that is refused before anything is sent is closed', async () => {
    const client = server.client();
    const source = flood(1000);
    await expect(client.upload(source, { ext: 'far too long' })).rejects.toBeInstanceOf(ArgumentError);
    expect(source.destroyed).toBe(true);
  });
});
