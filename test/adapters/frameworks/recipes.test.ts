/** The recipes of the documents: serving from other frameworks, error handlers, thumbnails, an allow list, uploads of Egg and Midway. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, STATUS_CODES } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { Server as HapiServer } from '@hapi/hapi';
import coBusboy from 'co-busboy';
import express, { type ErrorRequestHandler } from 'express';
import Fastify, { type FastifyError } from 'fastify';
import Koa from 'koa';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fdfsServe } from '../../../src/adapters/http/index.js';
import { uploadPart } from '../../../src/adapters/parts/index.js';
import { FastDFSError } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { express4 } from '../../helpers/express-4.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { Site } from '../http/harness.js';

type Handler = ReturnType<typeof fdfsServe>;
interface App {
  listener: RequestListener;
  close?: () => Promise<unknown>;
}

const open: App[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const app of open.splice(0)) await app.close?.();
});

async function start(app: App): Promise<Site> {
  open.push(app);
  return await Site.start(app.listener);
}

/** Each serves below `/files`, and answers `/other` itself. */
const SERVING: [string, (serve: Handler) => Promise<App>][] = [
  [
    'Koa',
    async (serve) => {
      const app = new Koa();
      app.use(async (ctx, next) => {
        if (!ctx.path.startsWith('/files/')) return await next();
        ctx.respond = false;
        serve(ctx.req, ctx.res);
      });
      app.use((ctx) => {
        ctx.body = 'other';
      });
      return { listener: app.callback() };
    },
  ],
  [
    'Fastify',
    async (serve) => {
      const app = Fastify();
      app.get('/files/*', (request, reply) => {
        reply.hijack();
        serve(request.raw, reply.raw);
      });
      app.get('/other', () => 'other');
      await app.ready();
      return { listener: app.routing, close: () => app.close() };
    },
  ],
  [
    'hapi',
    async (serve) => {
      const listener = createServer();
      const app = new HapiServer({ listener, autoListen: false });
      app.route({
        method: 'GET',
        path: '/files/{path*}',
        handler: ({ raw }, h) => {
          serve(raw.req, raw.res);
          return h.abandon;
        },
      });
      app.route({ method: 'GET', path: '/other', handler: () => 'other' });
      await app.initialize();
      return { listener: (req, res) => void listener.emit('request', req, res), close: () => app.stop() };
    },
  ],
];

onEachServer('serving from', (server) => {
  it.each(SERVING)('%s', async (_, make) => {
    const client = server.client();
    const content = bytes(300_000);
    const { fileId } = await client.upload(content, { ext: 'png' });
    await using site = await start(await make(fdfsServe(client, { prefix: '/files' })));
    const whole = await site.get(`/files/${fileId}`);
    expect([whole.status, whole.headers['content-type'], whole.body.equals(content)]).toEqual([
      200,
      'image/png',
      true,
    ]);
    const part = await site.get(`/files/${fileId}`, { headers: { Range: 'bytes=100000-199999' } });
    expect([part.status, part.body.equals(content.subarray(100_000, 200_000))]).toEqual([206, true]);
    const head = await site.get(`/files/${fileId}`, { method: 'HEAD' });
    expect([head.status, head.headers['content-length']]).toEqual([200, '300000']);
    const fresh = await site.get(`/files/${fileId}`, { headers: { 'If-None-Match': whole.headers.etag! } });
    expect(fresh.status).toBe(304);
    expect((await site.get('/other')).body.toString()).toBe('other');
    await client.delete(fileId);
    expect((await site.get(`/files/${fileId}`)).status).toBe(404);
  });
});

onEmbedded('error handlers of your own', (server) => {
  const broken = async () => {
    const client = server.client({ retry: { retries: 0 } });
    await server.fdfs.stopTracker();
    return client;
  };
  afterEach(() => server.fdfs.startTracker().catch(() => undefined));

  const handler: ErrorRequestHandler = (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const status = error.status ?? 500;
    if (status >= 500) console.error(error);
    res.set(error.headers ?? {});
    res.status(status).json({ error: error.expose ? error.message : STATUS_CODES[status] });
  };

  it.each([
    ['Express 5', express],
    ['Express 4', express4],
  ])('%s: JSON, with Retry-After', async (_, make) => {
    const log = vi.spyOn(console, 'error').mockReturnValue(undefined);
    const client = await broken();
    await using site = await start({ listener: make().use(fdfsServe(client)).use(handler) });
    const reply = await site.get('/group1/M00/00/00/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt');
    expect([reply.status, reply.headers['retry-after'], reply.body.toString()]).toEqual([
      503,
      '5',
      '{"error":"Service Unavailable"}',
    ]);
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ code: 'FASTDFS_CONNECT_FAILED' }));
  });

  it('Fastify: messages of this package stay in the log', async () => {
    const client = await broken();
    const app = Fastify();
    app.setErrorHandler((error: FastifyError & { expose?: boolean }, request, reply) => {
      if (error.expose !== false) return reply.send(error);
      const statusCode = error.statusCode ?? 500;
      request.log.error(error);
      return reply.code(statusCode).send({ statusCode, error: STATUS_CODES[statusCode] });
    });
    app.get('/', () => client.upload('x'));
    app.get('/own', () => {
      throw Object.assign(new Error('yours'), { statusCode: 418 });
    });
    await app.ready();
    await using site = await start({ listener: app.routing, close: () => app.close() });
    const reply = await site.get('/');
    expect([reply.status, reply.body.toString()]).toEqual([
      503,
      '{"statusCode":503,"error":"Service Unavailable"}',
    ]);
    expect((await site.get('/own')).body.toString()).toContain('yours');
  });
});

onEachServer('thumbnails on demand', (server) => {
  const THUMBNAIL = '_200x200';
  const YEAR = 365 * 24 * 3_600_000;

  it('are made by the first request, and kept as slaves', async () => {
    const client = server.client();
    const picture = await sharp({ create: { width: 800, height: 400, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const { fileId } = await client.upload(picture, { ext: 'png' });
    const make = vi.fn((content: Buffer) => sharp(content).resize(200, 200, { fit: 'inside' }).jpeg());

    const serve = fdfsServe(client, { maxAge: YEAR, immutable: true });
    const app = express();
    // GET /thumbs/<file id of the picture>
    app.use('/thumbs', (req, res, next) => {
      const master = req.path.slice(1);
      req.url = `/${master.replace(/\.\w+$/, '')}${THUMBNAIL}.jpg`;
      serve(req, res, async (error) => {
        if (error) return next(error);
        try {
          const small = await make(await client.download(master)).toBuffer();
          await client.uploadSlave(master, THUMBNAIL, small, { ext: 'jpg' });
        } catch (failure) {
          // Another request has made it meanwhile.
          if ((failure as FastDFSError).code !== 'FASTDFS_EXISTS') return next(failure);
        }
        serve(req, res, next);
      });
    });

    await using site = await start({ listener: app });
    const [first, second] = await Promise.all([site.get(`/thumbs/${fileId}`), site.get(`/thumbs/${fileId}`)]);
    const made = make.mock.calls.length;
    const third = await site.get(`/thumbs/${fileId}`);
    expect(make).toHaveBeenCalledTimes(made);
    for (const { status, headers, body } of [first, second, third]) {
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'image/jpeg',
        'public, max-age=31536000, immutable, no-transform',
      ]);
      expect(await sharp(body).metadata()).toMatchObject({ format: 'jpeg', width: 200, height: 100 });
    }
    const missing = fileId.replace(/....\.png$/, '0000.png');
    expect((await site.get(`/thumbs/${missing}`)).status).toBe(404);
    await client.delete(fileId.replace('.png', `${THUMBNAIL}.jpg`));
    await client.delete(fileId);
  });
});

onEmbedded('an allow list of addresses', (server) => {
  it.each([
    ['127.0.0.1', '::ffff:127.0.0.1', 200],
    ['10.0.0.0/8', '127.0.0.1', 403],
    ['127.0.0.0/8', '127.0.0.1', 200],
  ])('with %s lets %s in: %i', async (entry, remote, status) => {
    const client = server.client();
    const { fileId } = await client.upload('x');
    const allowed = new BlockList();
    const [address, prefix] = entry.split('/');
    if (prefix) allowed.addSubnet(address!, Number(prefix));
    else allowed.addAddress(address!);

    const app = express().set('trust proxy', 'loopback');
    app.use((req, res, next) => {
      const ip = req.ip ?? '';
      if (allowed.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')) next();
      else res.sendStatus(403);
    }, fdfsServe(client));

    await using site = await start({ listener: app });
    const reply = await site.get(`/${fileId}`, { headers: { 'X-Forwarded-For': remote } });
    expect(reply.status).toBe(status);
    await client.delete(fileId);
  });
});

describe('uploads', () => {
  onEachServer('of Egg and Midway', (server) => {
    /** Sends a form to a server that hands its request to `receive`. */
    async function send(
      content: Uint8Array,
      receive: (request: Parameters<RequestListener>[0]) => Promise<string>,
    ) {
      const form = new FormData();
      form.append('note', 'text');
      form.append('file', new Blob([Buffer.from(content)]), 'cat.png');
      const app = createServer((req, res) => {
        receive(req).then(
          (id) => res.end(id),
          (error: FastDFSError) => res.writeHead(error.status).end(error.code),
        );
      });
      app.listen(0, '127.0.0.1');
      await once(app, 'listening');
      const { port } = app.address() as { port: number };
      const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: form });
      app.close();
      return [response.status, await response.text()] as const;
    }

    // ctx.getFileStream() and ctx.multipart() of Egg hand on the streams of this parser.
    it.each([0, 1, 300_000])('Egg: a stream of %i bytes, with its name', async (size) => {
      const client = server.client();
      const [status, fileId] = await send(bytes(size), async (req) => {
        const parts = coBusboy(req);
        for (;;) {
          const part = await parts();
          if (part === undefined) throw new Error('no file');
          if (Array.isArray(part)) continue;
          return (await uploadPart(client, { file: part, filename: part.filename })).fileId;
        }
      });
      expect([status, fileId]).toEqual([200, expect.stringMatching(/\.png$/)]);
      expect((await client.download(fileId)).equals(bytes(size))).toBe(true);
      await client.delete(fileId);
    });

    it('Egg: a stream over the limit is 413, and nothing stays', async () => {
      const client = server.client();
      const reply = await send(bytes(300_000), async (req) => {
        const parts = coBusboy(req, { limits: { fileSize: 1000 } });
        for (;;) {
          const part = await parts();
          if (Array.isArray(part)) continue;
          return (await uploadPart(client, { file: part!, filename: part!.filename })).fileId;
        }
      });
      expect(reply).toEqual([413, 'FASTDFS_TRUNCATED']);
    });

    it('Midway: a file that it has saved, and a stream', async () => {
      const client = server.client();
      // What `@Files()` gives with `mode: 'file'`: `data` is a path.
      const saved = { filename: '图.png', data: new URL(import.meta.url).pathname, mimeType: 'image/png' };
      const { fileId } = await client.uploadFile(saved.data, { filename: saved.filename });
      expect((await client.download(fileId)).equals(await readFile(saved.data))).toBe(true);
      await client.delete(fileId);
      // What it gives with `mode: 'asyncIterator'`: `data` is a stream.
      const stream = {
        filename: 'a.png',
        data: new Blob([Buffer.from(bytes(1000))]).stream(),
        mimeType: 'image/png',
      };
      const stored = await client.upload(stream.data, { filename: stream.filename });
      expect((await client.download(stored.fileId)).equals(bytes(1000))).toBe(true);
      await client.delete(stored.fileId);
    });
  });
});

it('errors have the shape that all of these handlers read', () => {
  const error = new FastDFSError('FASTDFS_NO_SPACE', 'message');
  expect(error).toMatchObject({ status: 507, statusCode: 507, expose: false });
});
