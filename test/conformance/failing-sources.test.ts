/** Streams that fail, or whose file is moved away, after they were passed and before they are read. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fdfsBlobStore } from '../../src/adapters/blob-store/index.js';
import { uploadParts } from '../../src/adapters/parts/index.js';
import { bytes } from '../helpers/bytes.js';
import { onEachServer } from '../helpers/servers.js';

onEachServer('failing sources', (server) => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'failing-sources-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('a stream that fails while its length is looked up rejects with its error', async () => {
    const client = server.client();
    const file = path.join(folder, 'a.log');
    await writeFile(file, bytes(1000));
    for (let i = 0; i < 20; i++) {
      const stream = createReadStream(file);
      const uploading = client.upload(stream);
      stream.destroy(new Error('mine'));
      await expect(uploading).rejects.toThrow('mine');
    }
    await expect(client.upload(createReadStream(path.join(folder, 'missing')))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  // An 'error' event without a listener would fail the run.
  it('a call that is refused closes the stream, whose own error goes nowhere', async () => {
    const client = server.client();
    const closed = server.client();
    await closed.close();
    const { fileId } = await client.upload('appender', { appender: true });
    const blobs = fdfsBlobStore(client, { index: new Map() });
    const calls: ((stream: Readable) => Promise<unknown>)[] = [
      (stream) => client.upload(stream, { ext: 'too-long-ext' }),
      (stream) => closed.upload(stream),
      (stream) => client.uploadSlave('no id', '_small', stream),
      (stream) => client.append('no id', stream),
      (stream) => client.append(fileId, stream, { blockBytes: 0 }),
      (stream) => client.modify('no id', 0, stream),
      (stream) => client.modify(fileId, -1, stream),
      (stream) => blobs.put('', stream),
      (stream) => blobs.put({ key: 'a', ext: 'too-long-ext' }, stream),
    ];
    for (const call of calls) {
      const missing = createReadStream(path.join(folder, 'missing'));
      await expect(call(missing)).rejects.toThrow();
      const late = new PassThrough();
      await expect(call(late)).rejects.toThrow();
      expect([missing.destroyed, late.destroyed]).toEqual([true, true]);
      late.emit('error', new Error('late'));
    }
    await client.delete(fileId);
    await sleep(20);
  });

  it('a file of several that fails before its turn rejects the form', async () => {
    const client = server.client();
    const first = new PassThrough();
    const second = createReadStream(path.join(folder, 'missing'));
    const storing = uploadParts(client, [first, second]);
    await new Promise<void>((resolve) => second.once('close', () => resolve()));
    first.end('abc');
    await expect(storing).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('a file that others read from the same stream, too, is uploaded whole', async () => {
    const client = server.client();
    const file = path.join(folder, 'a.log');
    const content = bytes(1_000_000);
    await writeFile(file, content);
    const readers: ((stream: Readable) => unknown)[] = [
      (stream) => stream.on('data', () => undefined),
      (stream) => stream.pipe(createHash('md5')),
    ];
    for (const read of readers) {
      for (const isFirst of [true, false]) {
        const stream = createReadStream(file);
        if (isFirst) read(stream);
        const uploading = client.upload(stream);
        if (!isFirst) read(stream);
        const { fileId } = await uploading;
        expect((await client.download(fileId)).equals(content)).toBe(true);
        await client.delete(fileId);
      }
    }
  });

  it('a stream whose file was replaced after it was opened is uploaded whole', async () => {
    const client = server.client();
    const file = path.join(folder, 'a.log');
    const content = bytes(100_000);
    for (const successor of [Buffer.from('new'), bytes(200_000)]) {
      await writeFile(file, content);
      const stream = createReadStream(file);
      await once(stream, 'open');
      await rename(file, `${file}.1`);
      await writeFile(file, successor);
      const { fileId } = await client.upload(stream);
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    }
  });

  // Node ends the body of a cancelled request as it ends a whole one.
  it('a request of HTTP/2 that is cancelled in the middle of its body rejects, and leaves nothing', async () => {
    const client = server.client();
    const blobs = fdfsBlobStore(client, { index: new Map() });
    const { fileId } = await client.upload('', { appender: true });
    const through = async <T extends Writable & { fileId?: string | undefined }>(
      source: Readable,
      target: T,
    ) => {
      target.on('data', () => undefined);
      await pipeline(source, target);
      return target.fileId;
    };
    const ways: Record<string, (req: Readable) => Promise<string | undefined>> = {
      upload: async (req) => (await client.upload(req)).fileId,
      stream: (req) => through(req, client.createUploadStream()),
      tee: (req) => through(req, client.createTeeStream()),
      blob: async (req) => {
        const stream = blobs.createWriteStream('key');
        await pipeline(req, stream);
        return stream.blob?.fileId;
      },
      append: async (req) => void (await client.append(fileId, req)),
    };
    const outcomes: unknown[] = [];
    const site = createServer(async (req, res) => {
      const [way, kind] = req.url.slice(1).split('/');
      try {
        const stored = await ways[way!]!(kind === 'request' ? req : req.stream);
        if (stored !== undefined) await client.delete(stored);
        outcomes.push('stored');
      } catch (error) {
        outcomes.push((error as { code: string }).code);
      }
      res.end();
    });
    await once(site.listen(0, '127.0.0.1'), 'listening');
    const session = connect(`http://127.0.0.1:${(site.address() as AddressInfo).port}`);
    try {
      for (const way of Object.keys(ways).flatMap((name) => [`${name}/request`, `${name}/stream`])) {
        for (const code of [undefined, constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR]) {
          const request = session.request({ ':method': 'POST', ':path': `/${way}` });
          request.on('error', () => undefined).resume();
          request.write(bytes(100_000));
          await sleep(30);
          if (code === undefined) request.end();
          else request.close(code);
          await expect.poll(() => outcomes.length, { timeout: 5000 }).toBe(1);
          const expected = code === undefined ? 'stored' : expect.stringMatching(/ABORTED|PREMATURE_CLOSE/);
          expect([way, code, outcomes.pop()]).toEqual([way, code, expected]);
        }
      }
    } finally {
      session.destroy();
      site.close();
    }
    await client.delete(fileId);
  });
});
