/** Every shape in which parsers hand files over, names of strangers, and several files: all or none. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { afterEach, expect, it, vi } from 'vitest';
import {
  type FormFileOptions,
  type FormPart,
  type StoredPart,
  uploadPart,
  uploadParts,
} from '../../../src/adapters/parts/index.js';
import type { FastDFSClient } from '../../../src/index.js';
import { bytes, pieces } from '../../helpers/bytes.js';
import { type EmbeddedTestServer, onEachServer, onEmbedded, type TestServer } from '../../helpers/servers.js';
import { begin, FORM_END, filePart, partHead, post, textPart } from '../shared/form-harness.js';

const KIB = 1024;
const LONG = `${'图'.repeat(120)}.txt`;
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');
const field = textPart('t', 'value');

type Handle = (req: FastifyRequest, client: FastDFSClient) => Promise<StoredPart[]>;

interface Rig {
  port: number;
  client: FastDFSClient;
  /** What the handler returned or threw. */
  outcomes: (StoredPart[] | (Error & { code?: string; statusCode?: number }))[];
}

function rigs(server: TestServer) {
  const open: FastifyInstance[] = [];
  afterEach(async () => {
    for (const app of open.splice(0)) {
      app.server.closeAllConnections();
      await app.close();
    }
  });
  return async (handle: Handle, form: object = {}): Promise<Rig> => {
    const client = server.client({ retry: { retries: 0 } });
    const outcomes: Rig['outcomes'] = [];
    const app = fastify({ bodyLimit: 100 * KIB * KIB });
    open.push(app);
    await app.register(multipart, form);
    app.post('/', async (req) => {
      const stored = await handle(req, client).catch((error) => {
        outcomes.push(error);
        throw error;
      });
      outcomes.push(stored);
      return stored;
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as { port: number }).port, client, outcomes };
  };
}

async function expectAndDelete(
  client: FastDFSClient,
  stored: StoredPart,
  content: Buffer,
  filename?: string,
) {
  expect((await client.download(stored.fileId)).equals(content)).toBe(true);
  if (filename) expect(await client.getMetadata(stored.fileId)).toMatchObject({ filename });
  await client.delete(stored.fileId);
}

onEachServer('uploadPart', (server) => {
  const start = rigs(server);
  const options = { keepFilename: true };

  it.each<[string, object, Handle]>([
    [
      'saveRequestFiles()',
      {},
      async (req, client) => {
        const { files } = await (req.saveRequestFiles() as unknown as Promise<{ files: FormPart[] }>);
        return await uploadParts(client, files, options);
      },
    ],
    [
      'attachFieldsToBody',
      { attachFieldsToBody: true },
      async (req, client) => [await uploadPart(client, (req.body as { a: FormPart }).a, options)],
    ],
    [
      'toBuffer()',
      {},
      async (req, client) => {
        const part = (await req.file())!;
        await part.toBuffer();
        return [await uploadPart(client, part, options)];
      },
    ],
  ])('stores the file of @fastify/multipart after %s, under its name', async (_, form, handle) => {
    for (const size of [1, 300 * KIB]) {
      const { port, client, outcomes } = await start(handle, form);
      const content = bytes(size);
      expect((await post(port, [filePart('a', '截图 2024.txt', content), FORM_END])).status).toBe(200);
      const [stored] = outcomes[0] as StoredPart[];
      await expectAndDelete(client, stored!, content, '截图 2024.txt');
    }
  });

  it('stores a Blob, a File, and what Midway and Egg hand over', async () => {
    const client = server.client();
    const content = bytes(300 * KIB);
    const saved = path.join(tmpdir(), 'saved.bin');
    await writeFile(saved, content);
    const parts: [FormPart, string?][] = [
      [new Blob([content])],
      [new File([content], 'a.txt', { type: 'text/plain' }), 'a.txt'],
      [{ filename: 'a.txt', data: saved, mimeType: 'text/plain' }, 'a.txt'],
      [{ filename: 'a.txt', data: pieces(content) }, 'a.txt'],
      [{ filename: 'a.txt', data: content }, 'a.txt'],
      [Object.assign(pieces(content), { filename: 'a.txt' }), 'a.txt'],
      [{ filepath: saved, filename: 'a.txt' }, 'a.txt'],
      [{ filepath: saved, originalFilename: 'a.txt', mimetype: null }, 'a.txt'],
    ];
    for (const [part, name] of parts) {
      await expectAndDelete(client, await uploadPart(client, part, options), content, name);
    }
    await rm(saved);
  });

  it.each([
    [LONG, `${'图'.repeat(84)}.txt`],
    ['C:\\dir\\a\x01b.txt', 'ab.txt'],
    [Buffer.from('截图 2024.txt').toString('latin1'), '截图 2024.txt'],
    ['été.txt', 'été.txt'],
    ['../../a.txt', 'a.txt'],
  ])('makes the name %j storable, of a part and of the option', async (name, stored) => {
    const client = server.client();
    const parts: [FormPart, FormFileOptions][] = [
      [{ file: Readable.from(['x']), filename: name }, options],
      [Readable.from(['x']), { ...options, filename: name }],
      [new File(['x'], name), options],
    ];
    for (const [part, given] of parts) {
      // A File of Node has a slash for a colon and the like: names are compared as they arrive.
      const result = await uploadPart(client, part, given);
      expect(result.metadata).toEqual({ filename: stored });
      expect(result.fileId).toMatch(/\.txt$/);
      await client.delete(result.fileId);
    }
  });

  it('keeps the content type by option, as the sender says or as the first bytes show', async () => {
    const client = server.client();
    const large = Buffer.concat([PNG, bytes(400 * KIB)]);
    const saved = path.join(tmpdir(), 'saved.png');
    await writeFile(saved, large);
    const cases: [FormPart, FormFileOptions, string | undefined][] = [
      [{ file: pieces(large), mimetype: 'a/sent' }, {}, 'a/sent'],
      [{ file: pieces(large), mimetype: 'a/sent' }, { contentType: 'b/own' }, 'b/own'],
      [{ file: pieces(large), mimetype: 'a/sent' }, { contentType: 'detect' }, 'image/png'],
      [{ file: pieces(PNG) }, { contentType: 'detect' }, 'image/png'],
      [{ file: Readable.from(['text']), mimetype: 'a/sent' }, { contentType: 'detect' }, 'a/sent'],
      [new Blob([large]), { contentType: 'detect' }, 'image/png'],
      [{ filepath: saved }, { contentType: 'detect' }, 'image/png'],
      [{ filename: 'a', data: large }, { contentType: 'detect' }, 'image/png'],
      [{ file: Readable.from(['text']) }, { contentType: 'detect' }, undefined],
      [{ file: Readable.from(['x']), mimetype: `a/${'x'.repeat(300)}` }, {}, undefined],
    ];
    for (const [part, given, expected] of cases) {
      const result = await uploadPart(client, part, { ...given, keepContentType: true });
      expect(await client.getMetadata(result.fileId)).toEqual(expected ? { contentType: expected } : {});
      await client.delete(result.fileId);
    }
    await rm(saved);
  });

  it('makes a client for a call with options', async () => {
    const result = await uploadPart({ trackers: server.trackers }, pieces(bytes(10)));
    await server.client().delete(result.fileId);
    const part = pieces(bytes(10));
    await expect(uploadPart({ trackers: [] }, part)).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    expect(part.readableFlowing).toBe(true);
  });

  it.each<[string, FormFileOptions, RegExp]>([
    [
      'an unknown key',
      { colour: 'red' } as never,
      /Unknown option `colour` of uploadPart\(\); known options: .*filename/,
    ],
    ['a wrong type', { size: '5' } as never, /`size` of uploadPart\(\) must be an integer/],
    ['a wrong group', { group: 'no/group' }, /Group name/],
    ['a wrong signal', { signal: 5 } as never, /`signal` of uploadPart\(\) must be an AbortSignal/],
  ])('refuses %s, and reads the part out', async (_, given, message) => {
    const part = pieces(bytes(10));
    const uploading = uploadPart(server.client(), part, given);
    await expect(uploading).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    await expect(uploading).rejects.toThrow(message);
    expect(part.readableFlowing).toBe(true);
  });

  it('refuses a stream that was read before', async () => {
    const client = server.client();
    const read = pieces(bytes(10));
    await read.toArray();
    const started = new PassThrough();
    started.end('abc');
    started.read(1);
    for (const part of [read, { file: read }, started]) {
      await expect(uploadPart(client, part)).rejects.toThrow(/has been read before/);
    }
  });

  it('refuses chunks that are no content, small and large', async () => {
    const client = server.client();
    for (const chunks of [[{}], [bytes(300 * KIB), 5]]) {
      await expect(uploadPart(client, Readable.from(chunks))).rejects.toThrow(/Content must be a Buffer/);
    }
  });

  it('warns of no leak when fifteen parts share a signal', async () => {
    const client = server.client();
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const { signal } = new AbortController();
    const results = await Promise.all(
      Array.from({ length: 15 }, () => uploadPart(client, pieces(bytes(400 * KIB)), { signal })),
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
    for (const { fileId } of results) await client.delete(fileId);
  });
});

onEachServer('uploadParts', (server) => {
  const start = rigs(server);
  const ids: string[] = [];
  const all: Handle = (req, client) =>
    uploadParts(client, req.parts(), (part) => ({ filename: part.filename, blockBytes: 64 * KIB }));

  async function expectNothingLeft({ client }: Rig): Promise<void> {
    if ('fdfs' in server) expect((server as EmbeddedTestServer).fdfs.files()).toEqual([]);
    for (const fileId of ids.splice(0)) expect(await client.exists(fileId)).toBe(false);
  }
  function watch({ client }: Rig): void {
    const upload = client.upload.bind(client);
    client.upload = async (...args) => {
      const result = await upload(...args);
      ids.push(result.fileId);
      return result;
    };
  }

  it('stores all files in their order, and skips fields', async () => {
    const { port, client, outcomes } = await start(all);
    const contents = [bytes(10, 1), bytes(300 * KIB, 2), Buffer.alloc(0)];
    const parts = contents.flatMap((content, index) => [field, filePart('a', `${index}.txt`, content)]);
    await post(port, [...parts, FORM_END]);
    const stored = outcomes[0] as StoredPart[];
    expect(stored).toHaveLength(3);
    for (const [index, content] of contents.entries()) await expectAndDelete(client, stored[index]!, content);
  });

  it('keeps none when the last is over the limit', async () => {
    const rig = await start(all, { limits: { fileSize: 200 * KIB } });
    watch(rig);
    const parts = [filePart('a', 'a.txt', bytes(10)), filePart('b', 'b.txt', bytes(300 * KIB))];
    expect((await post(rig.port, [...parts, FORM_END])).status).toBe(413);
    expect(rig.outcomes[0]).toMatchObject({ statusCode: 413 });
    expect(ids.length).toBeGreaterThan(0);
    await expectNothingLeft(rig);
  });

  it('keeps none when the options of the last fail', async () => {
    let count = 0;
    const rig = await start((req, client) =>
      uploadParts(client, req.files(), () => {
        if (++count === 3) throw new Error('no user');
        return {};
      }),
    );
    watch(rig);
    const parts = [1, 2, 3, 4].map((size) => filePart('a', 'a.txt', bytes(size)));
    expect((await post(rig.port, [...parts, FORM_END])).status).toBe(500);
    expect(ids).toHaveLength(2);
    await expectNothingLeft(rig);
  });

  it('keeps none when the client leaves', async () => {
    const rig = await start(all);
    watch(rig);
    const pieces = [filePart('a', 'a.txt', bytes(10)), partHead('b', 'b.txt'), bytes(100)];
    const socket = await begin(rig.port, 10 * KIB * KIB, ...pieces);
    await vi.waitFor(() => expect(ids).toHaveLength(1));
    socket.destroy();
    await vi.waitFor(() => expect(rig.outcomes).toHaveLength(1));
    expect(rig.outcomes[0]).toBeInstanceOf(Error);
    await expectNothingLeft(rig);
  });

  it('takes an array, and reads the rest out when one fails', async () => {
    const client = server.client();
    const parts = [pieces(bytes(10)), Readable.from([5]), pieces(bytes(10))];
    await expect(uploadParts(client, parts)).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    expect(parts[2]!.readableFlowing).toBe(true);
    const stored = await uploadParts(client, [new Blob(['a']), pieces(bytes(300 * KIB))]);
    for (const { fileId } of stored) await client.delete(fileId);
  });

  it('refuses wrong options before it reads anything', async () => {
    const client = server.client();
    await expect(uploadParts(client, [], { colour: 'red' } as never)).rejects.toThrow(
      /Unknown option `colour` of uploadParts\(\)/,
    );
    await expect(uploadParts(client, [pieces(bytes(1))], (() => 5) as never)).rejects.toThrow(
      /must be an object/,
    );
  });
});

onEmbedded('uploadParts and storages that fail', (server) => {
  it('names a file that could not be removed', async () => {
    const client = server.client({ retry: { retries: 0 } });
    const parts = async function* () {
      yield pieces(bytes(10));
      server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28, times: 9 });
      server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5, times: 9 });
      yield pieces(bytes(10));
    };
    const error = await uploadParts(client, parts()).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'FASTDFS_NO_SPACE', statusCode: 507 });
    expect(server.fdfs.files().map(({ fileId }) => fileId)).toEqual([error.orphan]);
    server.fdfs.reset();
  });
});
