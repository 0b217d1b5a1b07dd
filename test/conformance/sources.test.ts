/** Sources as people have them: used before, of objects, of lengths that are guesses; and what becomes of unknown lengths. */

import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFileId, type Source } from '../../src/index.js';
import { bytes, collect, pieces } from '../helpers/bytes.js';
import { canRename } from '../helpers/server-version.js';
import { onEachServer } from '../helpers/servers.js';

const MIB = 1024 * 1024;

async function drained(stream: Readable): Promise<Readable> {
  await collect(stream);
  return stream;
}

const USED: Record<string, () => Promise<Source>> = {
  'was destroyed': async () => {
    const stream = new PassThrough();
    stream.end('abc');
    stream.destroy();
    return stream;
  },
  'has been read': () => drained(Readable.from([Buffer.from('abc')])),
  'has failed': async () => {
    const stream = new PassThrough();
    stream.on('error', () => undefined);
    stream.destroy(new Error('mine'));
    return stream;
  },
  'is the used body of a request': async () => {
    const request = new Request('http://localhost', { method: 'POST', body: 'abc' });
    await request.text();
    return request;
  },
  'is locked by another reader': async () => {
    const stream = new Blob(['abc']).stream();
    stream.getReader();
    return stream;
  },
};

onEachServer('sources', (server) => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sources-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(Object.entries(USED))('a stream that %s is refused at once', async (_, make) => {
    const client = server.client();
    const { fileId } = await client.upload('appender', { appender: true });
    const master = await client.upload('master');
    for (const call of [
      async () => client.upload(await make()),
      async () => client.append(fileId, await make()),
      async () => client.modify(fileId, 0, await make()),
      async () => client.uploadSlave(master.fileId, '_small', await make()),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: 'FASTDFS_ARGUMENT',
        message: expect.stringContaining('already read'),
      });
    }
    await client.deleteMany([fileId, master.fileId]);
  });

  it.each(['was destroyed', 'has been read', 'has failed'])(
    'a stream that %s is refused by the writable that it is piped to',
    async (used) => {
      const client = server.client();
      const { fileId } = await client.upload('appender', { appender: true });
      for (const create of [
        () => client.createTeeStream(),
        () => client.createUploadStream(),
        () => client.createAppendStream(fileId),
        () => client.createModifyStream(fileId, { start: 0 }),
      ]) {
        const refused = { code: 'FASTDFS_ARGUMENT', message: expect.stringContaining('already read') };
        const piped = create();
        ((await USED[used]!()) as Readable).pipe(piped as Writable);
        expect((await once(piped, 'error'))[0]).toMatchObject(refused);
        const source = (await USED[used]!()) as Readable;
        await expect(pipeline(source, create() as Writable)).rejects.toThrow();
      }
      await client.delete(fileId);
    },
  );

  it('a stream that was read to its end may follow what was written before', async () => {
    const client = server.client();
    const { fileId } = await client.upload('', { appender: true });
    for (const stream of [client.createUploadStream(), client.createAppendStream(fileId)]) {
      const source = Readable.from([Buffer.from('abc')]);
      stream.write(await collect(source));
      await once(source.pipe(stream), 'finish');
      expect((await client.download(stream.fileId!)).toString()).toBe('abc');
      await client.delete(stream.fileId!);
    }
  });

  it('a new stream without content is an empty file', async () => {
    const client = server.client();
    const { fileId, size } = await client.upload(new PassThrough().end());
    expect(size).toBe(0);
    await client.delete(fileId);
  });

  it('of objects: strings and bytes go, anything else rejects', async () => {
    const client = server.client();
    const { fileId } = await client.upload(Readable.from(['ab', Buffer.from('c')]));
    expect((await client.download(fileId)).toString()).toBe('abc');
    await client.delete(fileId);
    for (const items of [[{ a: 1 }], ['x', 5]]) {
      await expect(client.upload(Readable.from(items))).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    }
  });

  it('web files, requests, encoded streams and files without a true size', async () => {
    const client = server.client();
    const file = path.join(folder, 'a.log');
    await writeFile(file, 'abc');
    const sources: [Source, string, string][] = [
      [new File(['abc'], 'photo.png'), 'abc', 'png'],
      [new Request('http://localhost', { method: 'POST', body: 'abc' }), 'abc', ''],
      [createReadStream(file, 'hex'), '616263', ''],
    ];
    for (const [source, content, extension] of sources) {
      const { fileId } = await client.upload(source);
      expect((await client.download(fileId)).toString()).toBe(content);
      expect(parseFileId(fileId).extension).toBe(extension);
      await client.delete(fileId);
    }
    if (existsSync('/proc/self/limits')) {
      const { fileId, size } = await client.uploadFile('/proc/self/limits');
      expect(size).toBe((await readFile('/proc/self/limits')).length);
      await client.delete(fileId);
    }
  });

  it('replies that were decoded: Content-Length is that of the encoded form', async () => {
    const client = server.client();
    const content = Buffer.from('all the same '.repeat(100_000));
    const encoded = gzipSync(content);
    const site = createServer((_, res) => {
      res.setHeader('content-encoding', 'gzip').setHeader('content-length', encoded.length).end(encoded);
    });
    await once(site.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
    try {
      const [reply] = (await once(get(url), 'response')) as [IncomingMessage];
      // As HTTP libraries return it: the content decoded, the properties of the message copied.
      const { 'content-encoding': _, ...headers } = reply.headers;
      const decoded = Object.assign(reply.pipe(createGunzip()), { headers, httpVersion: '1.1' });
      const sources: [Source, Buffer][] = [
        [decoded, content],
        [await fetch(url), content],
        // Not decoded: what came is stored, and its length is known.
        [((await once(get(url), 'response')) as [IncomingMessage])[0], encoded],
      ];
      for (const [source, stored] of sources) {
        const { fileId, size } = await client.upload(source);
        expect(size).toBe(stored.length);
        expect((await client.download(fileId)).equals(stored)).toBe(true);
        await client.delete(fileId);
      }
    } finally {
      site.close();
      site.closeAllConnections();
    }
  });

  it('a log that grows while it is uploaded: what was there at the start', async () => {
    const client = server.client();
    const file = path.join(folder, 'a.log');
    const content = bytes(2 * MIB);
    await writeFile(file, content);
    let grown = false;
    const onProgress = () => {
      if (!grown) void appendFile(file, bytes(MIB));
      grown = true;
    };
    for (const upload of [
      () => client.uploadFile(file, { onProgress }),
      () => client.upload(createReadStream(file, { end: 2 * MIB + 99 })),
    ]) {
      const { fileId, size } = await upload();
      expect(size).toBeGreaterThanOrEqual(2 * MIB);
      await client.delete(fileId);
    }
  });

  it('onProgress that throws rejects the call', async () => {
    const client = server.client();
    const mine = new Error('mine');
    const onProgress = () => {
      throw mine;
    };
    for (const source of [() => bytes(9), () => pieces(bytes(9)), () => pieces(bytes(3 * MIB))]) {
      await expect(client.upload(source(), { onProgress })).rejects.toBe(mine);
    }
  });

  describe('of unknown length', () => {
    it.each([0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 3])('%i bytes are one ordinary file', async (size) => {
      const client = server.client({ spool: { directory: folder } });
      const content = bytes(size);
      const seen: number[] = [];
      const { fileId, kind } = await client.upload(pieces(content), {
        onProgress: ({ transferred }) => seen.push(transferred),
      });
      expect([kind, seen.at(-1)]).toEqual(['normal', size]);
      expect((await client.download(fileId)).equals(content)).toBe(true);
      expect(await readdir(folder)).toEqual([]);
      await client.delete(fileId);
    });

    it('fail clearly over the limit, and where the folder is missing', async () => {
      const limited = server.client({ spool: { directory: folder, maxBytes: MIB } });
      const missing = server.client({ spool: { directory: path.join(folder, 'missing') } });
      for (const client of [limited, missing]) {
        await expect(client.upload(pieces(bytes(4 * MIB)))).rejects.toMatchObject({
          code: 'FASTDFS_SPOOL',
          status: 507,
        });
      }
      const { fileId } = await limited.upload(pieces(bytes(MIB)));
      await limited.delete(fileId);
    });

    it.each(['copy', 'rename'] as const)('are streamed, and finalized by %s', async (finalize) => {
      const client = server.client();
      const content = bytes(3 * MIB + 1);
      const options = { whenSizeUnknown: 'stream', finalize, metadata: { a: 'b' } } as const;
      const { fileId, kind } = await client.upload(pieces(content), options);
      const finalizes = finalize === 'copy' || (await canRename(server.trackers));
      expect(kind).toBe(finalizes ? 'normal' : 'appender');
      expect((await client.download(fileId)).equals(content)).toBe(true);
      expect(await client.getMetadata(fileId)).toEqual({ a: 'b' });
      await client.delete(fileId);
    });
  });

  it('finalize copies content and metadata, and removes the appender file; copy leaves it', async () => {
    const client = server.client();
    const content = bytes(2 * MIB + 5);
    const options = { appender: true, ext: 'bin', metadata: { a: 'b' } };
    const { fileId, group } = await client.upload(content, options);
    const copy = await client.copy(fileId);
    const ordinary = await client.finalize(fileId);
    for (const id of [copy.fileId, ordinary]) {
      expect(parseFileId(id)).toMatchObject({
        kind: 'normal',
        group,
        extension: 'bin',
        size: content.length,
      });
      expect((await client.download(id)).equals(content)).toBe(true);
      expect(await client.getMetadata(id)).toEqual({ a: 'b' });
    }
    expect(await client.exists(fileId)).toBe(false);
    await client.deleteMany([copy.fileId, ordinary]);
  });
});
