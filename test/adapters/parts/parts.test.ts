/** uploadPart with the real form parsers: @fastify/multipart, busboy, and koa-body's files on disk. */

import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import multipart, { type FastifyMultipartOptions } from '@fastify/multipart';
import busboy from 'busboy';
import fastify, { type FastifyInstance } from 'fastify';
import Koa from 'koa';
import { afterEach, expect, it, vi } from 'vitest';
import { type FormPart, TruncatedError, uploadPart } from '../../../src/adapters/parts/index.js';
import type { FastDFSClient, UploadOptions, UploadResult } from '../../../src/index.js';
import { bytes, pieces } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded, type TestServer } from '../../helpers/servers.js';
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

const KIB = 1024;

/** What became of each part, in order. */
type Outcomes = (UploadResult | (Error & { code?: string }))[];

interface Rig {
  port: number;
  client: FastDFSClient;
  outcomes: Outcomes;
}

type Start = (limit?: number, options?: UploadOptions) => Promise<Rig>;

function impatient(server: TestServer): FastDFSClient {
  return server.client({ retry: { retries: 0 } });
}

/** Fastify: one part after the other. The whole form fails with the first that does. */
function fastifyRig(server: TestServer, form: FastifyMultipartOptions = {}): Start {
  const open: FastifyInstance[] = [];
  afterEach(async () => {
    for (const app of open.splice(0)) {
      app.server.closeAllConnections();
      await app.close();
    }
  });
  return async (limit, options = {}) => {
    const client = impatient(server);
    const outcomes: Outcomes = [];
    const app = fastify({ bodyLimit: 100 * KIB * KIB });
    open.push(app);
    await app.register(multipart, { ...form, ...(limit ? { limits: { fileSize: limit } } : {}) });
    app.post('/', async (req) => {
      const fileIds: string[] = [];
      for await (const part of req.files()) {
        const result = await uploadPart(client, part, { blockBytes: 64 * KIB, ...options }).catch((error) => {
          outcomes.push(error);
          throw error;
        });
        outcomes.push(result);
        fileIds.push(result.fileId);
      }
      return { fileIds };
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as { port: number }).port, client, outcomes };
  };
}

/** Bare busboy: all parts, and an answer when the form is over and every part is settled. */
function busboyRig(server: TestServer): Start {
  const open: Server[] = [];
  afterEach(async () => {
    for (const http of open.splice(0)) await stop(http);
  });
  return async (limit, options = {}) => {
    const client = impatient(server);
    const outcomes: Outcomes = [];
    const http = createServer(async (req, res) => {
      const form = busboy({ headers: req.headers, ...(limit ? { limits: { fileSize: limit } } : {}) });
      const uploads: Promise<unknown>[] = [];
      form.on('file', (_, stream, { filename }) => {
        const index = uploads.length;
        const upload = uploadPart(client, stream, { filename, blockBytes: 64 * KIB, ...options });
        uploads.push(
          upload.then(
            (result) => {
              outcomes[index] = result;
            },
            (error) => {
              outcomes[index] = error;
            },
          ),
        );
      });
      const parsed = await pipeline(req, form).then(
        () => true,
        () => false,
      );
      await Promise.all(uploads);
      res.statusCode = parsed && !outcomes.some((outcome) => outcome instanceof Error) ? 200 : 500;
      res.end(JSON.stringify({ fileIds: outcomes.map((outcome) => (outcome as UploadResult).fileId) }));
    });
    open.push(http);
    return { port: await listen(http), client, outcomes };
  };
}

/** Files that were stored are removed; on the embedded server the suite then checks that nothing is left. */
async function clear({ client, outcomes }: Rig): Promise<void> {
  for (const outcome of outcomes) if (!(outcome instanceof Error)) await client.delete(outcome.fileId);
}

for (const [parser, makeRig] of [
  ['@fastify/multipart', fastifyRig],
  [
    '@fastify/multipart without throwFileSizeLimit',
    (s: TestServer) => fastifyRig(s, { throwFileSizeLimit: false }),
  ],
  ['busboy', busboyRig],
] as const) {
  onEachServer(`uploadPart with ${parser}`, (server) => {
    const start = makeRig(server);

    it('stores every part', async () => {
      const rig = await start(undefined, { metadata: { owner: 'me' } });
      const contents = [bytes(1000), bytes(2 * KIB * KIB + 3, 2), Buffer.alloc(0)];
      const parts = contents.map((content, index) => filePart('file', `${index}.tar.gz`, content));
      const answer = await post(rig.port, [...parts, FORM_END]);
      expect(answer.status).toBe(200);
      for (const [index, fileId] of (answer.json().fileIds as string[]).entries()) {
        expect(fileId).toMatch(/\.tar\.gz$/);
        expect((await rig.client.download(fileId)).equals(contents[index]!)).toBe(true);
        expect(await rig.client.getMetadata(fileId)).toEqual({ owner: 'me' });
      }
      await clear(rig);
    });

    it.each([
      ['small', 1500],
      ['large', 3 * KIB * KIB],
    ])('over the limit by a %s part: says so, and keeps nothing of it', async (_, size) => {
      const rig = await start(1000);
      const answer = await post(rig.port, [filePart('file', 'a.bin', bytes(size)), FORM_END]);
      expect(rig.outcomes).toHaveLength(1);
      expect(rig.outcomes[0]).toBeInstanceOf(TruncatedError);
      expect(rig.outcomes[0]).toMatchObject({ code: 'FASTDFS_TRUNCATED', statusCode: 413 });
      expect(answer.status).toBe(parser === 'busboy' ? 500 : 413);
    });

    it.each(['spool', 'stream'] as const)(
      'aborted by the client (%s): fails, and keeps nothing',
      async (way) => {
        const rig = await start(undefined, { whenSizeUnknown: way });
        const socket = await begin(rig.port, 10 * KIB * KIB, partHead('file', 'a.bin'), bytes(700 * KIB));
        if (way === 'stream') await vi.waitFor(() => expect(Object.keys(rig.client.stats())).not.toEqual([]));
        else await delay(200);
        socket.destroy();
        await vi.waitFor(() => expect(rig.outcomes).toHaveLength(1), 5000);
        expect(rig.outcomes[0]).toBeInstanceOf(Error);
      },
    );

    it('a form that breaks off in a part: fails, and keeps nothing', async () => {
      const rig = await start();
      await post(rig.port, [partHead('file', 'a.bin'), bytes(300 * KIB)]);
      await vi.waitFor(() => expect(rig.outcomes).toHaveLength(1), 5000);
      expect(rig.outcomes[0]).toBeInstanceOf(Error);
    });

    it('wrong options: fails, and the form goes on', async () => {
      const rig = await start(undefined, { group: 'no/group' });
      const answer = await post(rig.port, [filePart('file', 'a.bin', bytes(900 * KIB)), FORM_END]);
      expect(answer.status).toBe(500);
      expect(rig.outcomes).toMatchObject([{ code: 'FASTDFS_ARGUMENT' }]);
    });
  });
}

onEmbedded('uploadPart and a storage that fails', (server) => {
  const start = busboyRig(server);

  it.each(['status', 'reset'] as const)(
    '%s: the part fails, the other parts and the form do not',
    async (action) => {
      const rig = await start(undefined, { whenSizeUnknown: 'stream' });
      server.fdfs.inject({ command: 'MODIFY_FILE', action, ...(action === 'status' ? { status: 5 } : {}) });
      const answer = await post(rig.port, [
        filePart('file', 'a.bin', bytes(900 * KIB)),
        filePart('file', 'b.bin', bytes(10)),
        FORM_END,
      ]);
      expect(answer.status).toBe(500);
      expect(rig.outcomes).toHaveLength(2);
      expect(rig.outcomes.filter((outcome) => outcome instanceof Error)).toHaveLength(1);
      await clear(rig);
    },
  );
});

onEachServer('uploadPart', (server) => {
  it('stores a file that koa-body has put on disk', async () => {
    const { koaBody } = await loadKoaBody();
    const client = server.client();
    const app = new Koa();
    app.use(koaBody({ multipart: true }));
    app.use(async (ctx) => {
      const { avatar } = (
        ctx.request as unknown as { files: Record<string, FormPart & { filepath: string }> }
      ).files;
      ctx.body = await uploadPart(client, avatar!);
      // koa-body leaves its files to the application.
      await rm(avatar!.filepath);
    });
    const http = createServer(app.callback());
    const port = await listen(http);
    const answer = await post(port, [filePart('avatar', 'a.png', bytes(200 * KIB)), FORM_END]);
    const { fileId } = answer.json() as { fileId: string };
    expect(fileId).toMatch(/\.png$/);
    expect((await client.download(fileId)).equals(bytes(200 * KIB))).toBe(true);
    await client.delete(fileId);
    await stop(http);
  });

  it('takes a bare stream', async () => {
    const client = server.client();
    const { fileId, size } = await uploadPart(client, pieces(bytes(100_000)), { filename: 'a.txt' });
    expect(size).toBe(100_000);
    expect(fileId).toMatch(/\.txt$/);
    await client.delete(fileId);
  });

  it.each([
    ['an error', new Error('broken'), 'broken'],
    ['none', undefined, 'in the middle of a file'],
  ])('a stream destroyed with %s: fails, and keeps nothing', async (_, error, message) => {
    const client = server.client();
    const source = new PassThrough();
    const uploading = expect(uploadPart(client, source, { blockBytes: 1000 })).rejects.toThrow(message);
    source.write(bytes(5000));
    setTimeout(() => source.destroy(error), 50);
    await uploading;
  });

  it('aborted by a signal: fails, and keeps nothing', async () => {
    const client = server.client();
    const abort = new AbortController();
    const source = new PassThrough();
    const uploading = uploadPart(client, source, { blockBytes: 1000, signal: abort.signal });
    source.write(bytes(5000));
    setTimeout(() => abort.abort(), 50);
    await expect(uploading).rejects.toMatchObject({ name: 'AbortError' });
    expect(source.destroyed).toBe(false);
    expect(source.readableFlowing).toBe(true);
  });

  it.each([null, undefined, {}, { file: 'x' }, 'x', { fieldname: 'a', on() {} }])(
    'refuses %j',
    async (part) => {
      await expect(uploadPart(server.client(), part as never)).rejects.toMatchObject({
        code: 'FASTDFS_ARGUMENT',
      });
    },
  );

  it('fails for a source that ends before its announced size', async () => {
    await expect(
      uploadPart(server.client(), Readable.from([bytes(99)]), { size: 100 }),
    ).rejects.toMatchObject({
      code: 'FASTDFS_SIZE_MISMATCH',
    });
  });
});
