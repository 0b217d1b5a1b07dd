/** Whatever a form contains, and whatever fails, formidable is never thrown at, and a form that fails leaves nothing. */
import { Agent, createServer } from 'node:http';
import Koa from 'koa';
import { expect, it, vi } from 'vitest';
import {
  type FdfsFileWriterOptions,
  fdfsFileWriter,
  type StoredFormFile,
} from '../../../src/adapters/formidable/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded, type TestServer } from '../../helpers/servers.js';
import { FORM_END, filePart, listen, loadKoaBody, post, stop, textPart } from '../shared/form-harness.js';
import { expectNothingLeft, rigs } from './harness.js';

const LONG = `${'x'.repeat(289)}.txt`;
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');

/** The same form through koa-body, which has formidable inside. */
async function koaPost(
  server: TestServer,
  options: FdfsFileWriterOptions,
  pieces: (string | Uint8Array)[],
  client = server.client({ retry: { retries: 0 } }),
) {
  const { koaBody } = await loadKoaBody();
  const writer = fdfsFileWriter(client, options);
  const app = new Koa();
  const errors: (Error & { code?: string })[] = [];
  app.on('error', (error) => errors.push(error));
  app.use(koaBody({ multipart: true, formidable: { fileWriteStreamHandler: writer } }));
  app.use((ctx) => {
    ctx.body = (ctx.request as typeof ctx.request & { files: object }).files;
  });
  const http = createServer(app.callback());
  const answer = await post(await listen(http), pieces);
  await stop(http);
  return { answer, errors, writer };
}

onEachServer('formidable and names of strangers', (server) => {
  const start = rigs(server);

  it.each([
    ['of 293 bytes', LONG, `${'x'.repeat(252)}.txt`],
    ['with 0x01 and 0x02', 'a\x01b\x02.txt', 'ab.txt'],
    ['with folders', '../../etc/a.txt', 'a.txt'],
    ['in Chinese', '截图 2024.txt', '截图 2024.txt'],
    ['that is long, in Chinese', `${'图'.repeat(200)}.txt`, `${'图'.repeat(84)}.txt`],
  ])('a name %s is stored', async (_, name, stored) => {
    const { port, client, outcomes } = await start({ options: { keepFilename: true } });
    await post(port, [filePart('a', name, bytes(10)), FORM_END]);
    const { a: files } = outcomes[0] as Exclude<(typeof outcomes)[0], Error>;
    const { fileId } = files![0]!;
    expect(await client.getMetadata(fileId)).toEqual({ filename: stored });
    expect(fileId).toMatch(/\.txt$/);
    await client.delete(fileId);
  });

  it('a name of 293 bytes is stored inside koa-body', async () => {
    const { answer, writer } = await koaPost(server, { keepFilename: true }, [
      filePart('a', LONG, bytes(10)),
      FORM_END,
    ]);
    expect(answer.status).toBe(200);
    const { a } = answer.json() as { a: StoredFormFile };
    expect(a.metadata).toEqual({ filename: `${'x'.repeat(252)}.txt` });
    await writer.client.delete(a.fileId);
  });

  it('keeps the content type by option, as the sender says or as the first bytes show', async () => {
    for (const [contentType, content, expected] of [
      [undefined, bytes(10), 'application/octet-stream'],
      ['text/x-mine', bytes(10), 'text/x-mine'],
      ['detect', PNG, 'image/png'],
      ['detect', Buffer.concat([PNG, bytes(300_000)]), 'image/png'],
      ['detect', Buffer.from('plain text'), 'application/octet-stream'],
    ] as const) {
      const { port, client, outcomes } = await start({
        options: { keepContentType: true, ...(contentType ? { contentType } : {}) },
      });
      const answer = await post(port, [filePart('a', 'a.bin', content), FORM_END]);
      const { a: files } = outcomes[0] as Exclude<(typeof outcomes)[0], Error>;
      const { fileId } = files![0]!;
      expect(files![0]).toMatchObject({ contentType: expected, metadata: { contentType: expected } });
      expect(answer.json()).toMatchObject({ a: [{ contentType: expected, size: content.length }] });
      expect((await client.download(fileId)).equals(content)).toBe(true);
      expect(await client.getMetadata(fileId)).toEqual({ contentType: expected });
      await client.delete(fileId);
    }
  });

  it('a function that returns nothing has no options', async () => {
    const { port, client, outcomes } = await start({ options: (() => undefined) as never });
    await post(port, [filePart('a', 'a.bin', bytes(10)), FORM_END]);
    const { a: files } = outcomes[0] as Exclude<(typeof outcomes)[0], Error>;
    await client.delete(files![0]!.fileId);
  });

  it('takes options from a promise', async () => {
    const { port, client, outcomes } = await start({
      options: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { metadata: { owner: 'me' } };
      },
    });
    const content = bytes(900_000);
    await post(port, [filePart('a', 'a.bin', content), FORM_END]);
    const { a: files } = outcomes[0] as Exclude<(typeof outcomes)[0], Error>;
    const { fileId } = files![0]!;
    expect((await client.download(fileId)).equals(content)).toBe(true);
    expect(await client.getMetadata(fileId)).toEqual({ owner: 'me' });
    await client.delete(fileId);
  });
});

/** Options that fail, and the message that the form fails with. */
const FAILING: [string, FdfsFileWriterOptions, RegExp][] = [
  [
    'that throws',
    () => {
      throw new Error('no user');
    },
    /no user/,
  ],
  [
    'that throws something that is no error',
    () => {
      throw 'no user';
    },
    /An option failed: no user/,
  ],
  ['that rejects', () => Promise.reject(new Error('no user')), /no user/],
  ['that rejects with nothing', () => Promise.reject(), /An option failed: undefined/],
  ['that returns null', (() => null) as never, /must be an object, not null/],
  ['that returns an unknown option', (() => ({ colour: 'red' })) as never, /Unknown option `colour`/],
  ['that returns a wrong group', () => ({ group: 'no/group' }), /Group name "no\/group" must have/],
  ['that returns metadata that does not fit', () => ({ metadata: { a: 'x'.repeat(257) } }), /257 bytes/],
];

onEmbedded('formidable and options that fail', (server) => {
  const start = rigs(server);

  it.each(FAILING)('a function %s fails the form', async (_, options, message) => {
    const rig = await start({ options });
    const answer = await post(rig.port, [
      filePart('a', 'a.bin', bytes(10)),
      filePart('b', 'b.bin', bytes(10)),
      FORM_END,
    ]);
    expect(answer.status).toBe(500);
    expect(rig.outcomes).toHaveLength(1);
    expect(rig.outcomes[0]).toBeInstanceOf(Error);
    expect((rig.outcomes[0] as Error).message).toMatch(message);
    await expectNothingLeft(server, rig);
  });

  it.each(FAILING.slice(0, 4))(
    'a function %s fails the form inside koa-body',
    async (_, options, message) => {
      const { answer, errors } = await koaPost(server, options, [
        filePart('a', 'a.bin', bytes(10)),
        FORM_END,
      ]);
      expect(answer.status).toBe(500);
      expect(answer.text).toBe('Internal Server Error');
      expect(errors[0]!.message).toMatch(message);
    },
  );

  it.each(FAILING.slice(0, 4))(
    'a function %s fails a body that is one file: its id cannot be read',
    async (_, options) => {
      const rig = await start({ options });
      const answer = await post(rig.port, [bytes(1000)], 'application/octet-stream');
      expect(answer.status).toBe(599);
      await expectNothingLeft(server, rig);
    },
  );

  it('a function that rejects after the last byte: the id cannot be read', async () => {
    const rig = await start({
      options: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        throw new Error('no user');
      },
    });
    const answer = await post(rig.port, [filePart('a', 'a.bin', bytes(10)), FORM_END]);
    expect(answer).toMatchObject({ status: 599, text: 'no user' });
    await expectNothingLeft(server, rig);
  });

  it('a form that arrives after close() fails', async () => {
    const rig = await start();
    await rig.client.close();
    const answer = await post(rig.port, [filePart('a', 'a.bin', bytes(10)), FORM_END]);
    expect(answer.status).toBe(500);
    expect(rig.outcomes[0]).toMatchObject({ code: 'FASTDFS_CLOSED', statusCode: 503 });
    const { answer: inKoa } = await koaPost(
      server,
      {},
      [filePart('a', 'a.bin', bytes(10)), FORM_END],
      rig.client,
    );
    expect(inKoa).toMatchObject({ status: 503, text: 'Service Unavailable' });
  });

  it.each([
    [
      'an unknown key',
      { colour: 'red' },
      /Unknown option `colour` of fdfsFileWriter\(\); known options: .*filename/,
    ],
    ['a wrong type', { size: '5' }, /`size` of fdfsFileWriter\(\) must be an integer/],
    [
      'a wrong content type',
      { contentType: 'image' },
      /`contentType` of fdfsFileWriter\(\) must be a media type/,
    ],
    ['an array', [], /must be an object, not an array/],
  ])('%s is refused when the handler is made', (_, options, message) => {
    expect(() => fdfsFileWriter(server.client(), options as never)).toThrow(message);
  });
});

onEachServer('formidable and forms over a limit', (server) => {
  const start = rigs(server);
  const small = (count: number) =>
    Array.from({ length: count }, (_, index) => filePart('a', `${index}.bin`, bytes(100, index)));
  const field = (name: string) => Buffer.from(textPart(name, 'value'));

  it.each([1, 2])('maxFiles %i and five small files: nothing stays', async (maxFiles) => {
    const rig = await start({ form: { maxFiles } });
    const answer = await post(rig.port, [Buffer.concat([...small(5), Buffer.from(FORM_END)])]);
    expect(answer.status).toBe(413);
    await expectNothingLeft(server, rig);
    // What was destroyed counts, too.
    expect(rig.writers).toHaveLength(5);
  });

  it('maxFiles, and a field between the files: nothing stays', async () => {
    const rig = await start({ form: { maxFiles: 1 } });
    const parts = small(4).flatMap((file) => [file, field('b')]);
    expect((await post(rig.port, [Buffer.concat([...parts, Buffer.from(FORM_END)])])).status).toBe(413);
    await expectNothingLeft(server, rig);
  });

  it('maxTotalFileSize: nothing stays', async () => {
    const rig = await start({ form: { maxTotalFileSize: 250 } });
    expect((await post(rig.port, [Buffer.concat([...small(5), Buffer.from(FORM_END)])])).status).toBe(413);
    await expectNothingLeft(server, rig);
  });

  it('maxFields before the first file: nothing stays of a form that is watched', async () => {
    const rig = await start({ form: { maxFields: 1 }, watch: true });
    const parts = [field('b'), field('c'), ...small(3)];
    expect((await post(rig.port, [Buffer.concat([...parts, Buffer.from(FORM_END)])])).status).toBe(413);
    await expectNothingLeft(server, rig);
  });

  it('and the next form on the same connection is stored', async () => {
    const { port, client, outcomes } = await start({ form: { maxFiles: 1 } });
    const form = (count: number) => Buffer.concat([...small(count), Buffer.from(FORM_END)]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < 3; round++) {
      expect((await post(port, [form(3)], undefined, agent)).status).toBe(413);
      expect((await post(port, [form(1)], undefined, agent)).status).toBe(200);
      const { a: files } = outcomes.at(-1) as Exclude<(typeof outcomes)[0], Error>;
      await client.delete(files![0]!.fileId);
    }
    agent.destroy();
  });

  it('and a form beside it is stored', async () => {
    const rig = await start({ form: { maxFiles: 1 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        post(rig.port, [Buffer.concat([...small(index % 2 === 0 ? 1 : 3), Buffer.from(FORM_END)])]),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_, index) => (index % 2 === 0 ? 200 : 413)),
    );
    await vi.waitFor(() => expect(rig.outcomes).toHaveLength(20));
    for (const files of rig.outcomes) {
      if (!(files instanceof Error)) await rig.client.delete(files.a![0]!.fileId);
    }
    await expectNothingLeft(server, rig);
  });
});
