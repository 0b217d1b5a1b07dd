/** The formidable writer inside formidable itself, and inside koa-body. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Options } from 'formidable';
import Koa from 'koa';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import {
  type FdfsFileWriter,
  fdfsFileWriter,
  type StoredFormFile,
} from '../../../src/adapters/formidable/index.js';
import { EmbeddedFastDFS } from '../../../src/embedded/index.js';
import { ArgumentError, parseFileId } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { type EmbeddedTestServer, onEachServer, onEmbedded } from '../../helpers/servers.js';
import {
  begin,
  FORM_END,
  filePart,
  listen,
  loadKoaBody,
  partHead,
  post,
  stop,
} from '../shared/form-harness.js';
import { expectNothingLeft, type Rig, rigs } from './harness.js';

const KIB = 1024;

onEachServer('formidable', (server) => {
  const start = rigs(server);

  it('stores files, and describes them', async () => {
    const { port, client, outcomes } = await start({
      options: { metadata: { owner: 'me' }, group: 'group1' },
      client: { baseUrl: 'https://img.example.com' },
    });
    const small = bytes(1000);
    const large = bytes(3 * KIB * KIB + 1, 2);
    const answer = await post(port, [
      filePart('a', '世.png', small),
      filePart('a', 'b.tar.gz', large),
      FORM_END,
    ]);
    expect(answer.status).toBe(200);
    const { a: files } = outcomes[0] as Exclude<(typeof outcomes)[0], Error>;
    for (const [index, content] of [small, large].entries()) {
      const file = files![index]!;
      expect(parseFileId(file.fileId)).toMatchObject({
        kind: 'normal',
        size: content.length,
        group: 'group1',
      });
      expect(file).toMatchObject({
        key: file.fileId,
        group: 'group1',
        url: `https://img.example.com/${file.fileId}`,
        size: content.length,
        crc32: parseFileId(file.fileId).crc32,
        metadata: { owner: 'me' },
      });
      expect(answer.json()).toMatchObject({ a: { [index]: { fileId: file.fileId, size: content.length } } });
      expect((await client.download(file.fileId)).equals(content)).toBe(true);
      expect(await client.getMetadata(file.fileId)).toEqual({ owner: 'me' });
      await client.delete(file.fileId);
    }
    expect(files!.map(({ fileId }) => parseFileId(fileId).extension)).toEqual(['png', 'tar.gz']);
  });

  it('evaluates options for each file', async () => {
    const { port, client, outcomes } = await start({
      options: ({ originalFilename }) => ({ metadata: { was: originalFilename ?? '' }, ext: 'bin' }),
    });
    await post(port, [filePart('a', 'one.txt', bytes(10)), filePart('a', 'two.txt', bytes(20)), FORM_END]);
    const { a: files } = outcomes[0] as Exclude<(typeof outcomes)[0], Error>;
    for (const { fileId, originalFilename } of files!) {
      expect(fileId).toMatch(/\.bin$/);
      expect(await client.getMetadata(fileId)).toEqual({ was: originalFilename });
      await client.delete(fileId);
    }
  });

  it('has its file id when finish fires', async () => {
    const { writer, client } = await start();
    const file: { originalFilename: string; fileId?: string } = { originalFilename: 'a.txt' };
    const stream = writer(file);
    stream.end('hello');
    await once(stream, 'finish');
    expect(file.fileId).toMatch(/\.txt$/);
    expect((await client.download(file.fileId!)).toString()).toBe('hello');
    await client.delete(file.fileId!);
  });

  it.each([
    ['nothing', 0],
    ['something', 1000],
    ['several blocks', 3 * KIB * KIB],
  ])('destroyed without an error after %s: leaves nothing', async (_, size) => {
    const { writer, client } = await start();
    const before = 'fdfs' in server ? (server as EmbeddedTestServer).fdfs.files().length : 0;
    const stream = writer({ originalFilename: 'a.txt' });
    if (size > 0) await new Promise((resolve) => stream.write(bytes(size), resolve));
    stream.destroy();
    await once(stream, 'close');
    await client.close();
    if ('fdfs' in server) expect((server as EmbeddedTestServer).fdfs.files()).toHaveLength(before);
  });

  it.each([
    ['one file', [filePart('a', 'big.bin', bytes(600 * KIB))]],
    ['another file', [filePart('a', 'small.bin', bytes(2000)), filePart('b', 'big.bin', bytes(600 * KIB))]],
  ])('over the limit with %s: the form fails, and nothing stays', async (_, pieces) => {
    const rig = await start({ form: { maxFileSize: 400 * KIB }, options: { blockBytes: 64 * KIB } });
    const answer = await post(rig.port, [...pieces, FORM_END]);
    expect(answer.status).toBe(413);
    await expectNothingLeft(server, rig);
  });

  it('aborted by the client: nothing stays, neither of the file in progress nor of the one before', async () => {
    const rig = await start({ options: { blockBytes: 64 * KIB } });
    const socket = await begin(
      rig.port,
      10 * KIB * KIB,
      filePart('a', 'done.bin', bytes(1000)),
      partHead('b', 'half.bin'),
      bytes(500 * KIB),
    );
    await vi.waitFor(() => expect(rig.writers).toHaveLength(2));
    await vi.waitFor(() => expect((rig.writers[0] as unknown as { fileId?: string }).fileId).toBeDefined());
    socket.destroy();
    await vi.waitFor(() => expect(rig.outcomes).toHaveLength(1));
    expect(rig.outcomes[0]).toMatchObject({ message: 'Request aborted' });
    await expectNothingLeft(server, rig);
  });

  it('inside koa-body', async () => {
    const { koaBody } = await loadKoaBody();
    const client = server.client();
    const app = new Koa();
    app.use(koaBody({ multipart: true, formidable: { fileWriteStreamHandler: fdfsFileWriter(client) } }));
    app.use((ctx) => {
      ctx.body = (ctx.request as typeof ctx.request & { files: object }).files;
    });
    const http = createServer(app.callback());
    const port = await listen(http);
    const answer = await post(port, [filePart('avatar', 'a.png', bytes(5000)), FORM_END]);
    const { avatar } = answer.json() as { avatar: StoredFormFile };
    expect(avatar).toMatchObject({ size: 5000, originalFilename: 'a.png' });
    expect((await client.download(avatar.fileId)).equals(bytes(5000))).toBe(true);
    await client.delete(avatar.fileId);
    await stop(http);
  });
});

onEmbedded('formidable and a storage that fails', (server) => {
  const start = rigs(server);

  it('in the middle of a file: the form fails, and nothing stays', async () => {
    const rig = await start({ options: { blockBytes: 64 * KIB, whenSizeUnknown: 'stream' } });
    server.fdfs.inject({ command: 'MODIFY_FILE', action: 'status', status: 5 });
    // Piece by piece, as a network does: otherwise formidable has seen the end before anything can fail.
    const content = bytes(900 * KIB);
    const socket = await begin(rig.port, 2 * KIB * KIB, partHead('a', 'a.bin'), content);
    await vi.waitFor(() => expect(rig.outcomes).toHaveLength(1));
    expect(rig.outcomes[0]).toMatchObject({ code: 'FASTDFS_IO_ERROR' });
    socket.destroy();
    await expectNothingLeft(server, rig);
  });

  it('after the last byte, of which formidable takes no notice: the id cannot be read', async () => {
    const rig = await start();
    server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28, times: 9 });
    const answer = await post(rig.port, [filePart('a', 'a.bin', bytes(1000)), FORM_END]);
    expect(answer.status).toBe(599);
    const { a: files } = rig.outcomes[0] as Exclude<Rig['outcomes'][0], Error>;
    expect(() => files![0]!.fileId).toThrow('no storage has space');
    expect(() => JSON.stringify(files)).toThrow('no storage has space');
    await expectNothingLeft(server, rig);
  });

  it('in a body that is one file and no form, for which formidable listens to nothing', async () => {
    const rig = await start();
    server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28, times: 9 });
    const answer = await post(rig.port, [bytes(1000)], 'application/octet-stream');
    expect(answer.status).toBe(599);
    await expectNothingLeft(server, rig);
  });

  it('emits error before the clean-up', async () => {
    const { writer } = await start({
      options: { blockBytes: 1000, whenSizeUnknown: 'stream' },
      client: { networkTimeoutMs: 3000 },
    });
    server.fdfs.inject({ command: 'MODIFY_FILE', action: 'status', status: 5 });
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'stall' });
    const stream = writer({ originalFilename: 'a.txt' });
    const failed = once(stream, 'error');
    const started = performance.now();
    for (let index = 0; index < 8; index++) stream.write(bytes(1000));
    const [error] = await failed;
    expect(error).toMatchObject({ code: 'FASTDFS_IO_ERROR' });
    expect(performance.now() - started).toBeLessThan(1000);
    server.allowLeftovers();
  });
});

describe('fdfsFileWriter', () => {
  it('is a handler by its type, too', () => {
    expectTypeOf<FdfsFileWriter>().toExtend<NonNullable<Options['fileWriteStreamHandler']>>();
  });

  it.each([null, 'x', 5])('refuses the options %j', (options) => {
    expect(() => fdfsFileWriter({ trackers: '127.0.0.1:1' }, options as never)).toThrow(ArgumentError);
  });

  it('closes the client that it made', async () => {
    await using fdfs = await EmbeddedFastDFS.start();
    const writer = fdfsFileWriter(fdfs.options);
    await writer.close();
    const [error] = await once(writer(), 'error');
    expect(error).toMatchObject({ code: 'FASTDFS_CLOSED' });
  });
});
