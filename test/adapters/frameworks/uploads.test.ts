/** Upload routes of web frameworks when uploads fail: the right status, and nothing of the cluster in any body. */
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import multipart from '@fastify/multipart';
import express from 'express';
import Fastify from 'fastify';
import formidable from 'formidable';
import Koa from 'koa';
import multer from 'multer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fdfsFileWriter } from '../../../src/adapters/formidable/index.js';
import { fdfsStorage } from '../../../src/adapters/multer/index.js';
import { uploadPart } from '../../../src/adapters/parts/index.js';
import type { FastDFSClient } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { express4 } from '../../helpers/express-4.js';
import { type EmbeddedTestServer, onEmbedded } from '../../helpers/servers.js';
import { loadNest, NEST_VERSIONS } from '../nest/versions.js';
import { FORM_END, filePart, listen, loadKoaBody, post, stop } from '../shared/form-harness.js';

const LIMIT = 100 * 1024;

interface App {
  listener: RequestListener;
  close?: () => Promise<unknown>;
}
type MakeApp = (client: FastDFSClient) => Promise<App>;
type HttpError = Error & {
  code?: string;
  status?: number;
  httpCode?: number;
  expose?: boolean;
  statusCode?: number;
};

/** The recipe for errors of multer and formidable themselves, which have no status that frameworks know. */
function addStatus(error: HttpError): HttpError {
  if (String(error.code).startsWith('LIMIT_')) error.status ??= 413;
  if (error.httpCode) error.status ??= error.httpCode;
  return error;
}

function makeExpress(make: typeof express, client: FastDFSClient): App {
  const upload = multer({ storage: fdfsStorage(client), limits: { fileSize: LIMIT } });
  const app = make().set('env', 'production');
  app.post('/', upload.single('file'), (req, res) => void res.json(req.file));
  app.use(((error, _req, _res, next) => next(addStatus(error))) satisfies express.ErrorRequestHandler);
  return { listener: app };
}

function makeKoa(middleware: Koa.Middleware): App {
  const app = new Koa();
  app.silent = true;
  app.use(async (_ctx, next) => {
    await next().catch((error) => {
      throw addStatus(error);
    });
  });
  app.use(middleware);
  app.use((ctx) => {
    // The id of a file that formidable could not store throws.
    const { file, request } = ctx as typeof ctx & { file?: object; request: { files?: object } };
    ctx.body = JSON.stringify(file ?? request.files);
  });
  return { listener: app.callback() };
}

async function makeNest(version: 11 | 12, client: FastDFSClient): Promise<App> {
  const { common, core, express: platform } = await loadNest(version);
  const { Controller, Module, Post, UploadedFile, UseInterceptors } = common;
  const options = { storage: fdfsStorage(client), limits: { fileSize: LIMIT } };
  @Controller()
  class Files {
    @Post()
    @UseInterceptors(platform.FileInterceptor('file', options))
    put(@UploadedFile() file: Express.Multer.File) {
      return { fileId: file.fileId };
    }
  }
  @Module({ controllers: [Files] })
  class AppModule {}
  const app = await core.NestFactory.create(AppModule, new platform.ExpressAdapter(), { logger: false });
  await app.init();
  return { listener: app.getHttpAdapter().getInstance() as RequestListener, close: () => app.close() };
}

const FRAMEWORKS: [string, MakeApp][] = [
  ['Express 5 and multer', async (client) => makeExpress(express, client)],
  ['Express 4 and multer', async (client) => makeExpress(express4, client)],
  [
    'Koa and @koa/multer',
    async (client) => {
      const name: string = '@koa/multer';
      const { default: koaMulter } = await import(name);
      return makeKoa(koaMulter({ storage: fdfsStorage(client), limits: { fileSize: LIMIT } }).single('file'));
    },
  ],
  [
    'Koa and koa-body',
    async (client) => {
      const { koaBody } = await loadKoaBody();
      const fileWriteStreamHandler = fdfsFileWriter(client);
      return makeKoa(
        koaBody({ multipart: true, formidable: { fileWriteStreamHandler, maxFileSize: LIMIT } }),
      );
    },
  ],
  [
    'node:http and formidable',
    async (client) => ({
      listener: (req, res) => {
        formidable({ fileWriteStreamHandler: fdfsFileWriter(client), maxFileSize: LIMIT })
          .parse(req)
          // The id of a file that could not be stored throws.
          .then(([, files]) => res.end(JSON.stringify(files)))
          .catch((error: HttpError) => {
            const status = addStatus(error).status ?? 500;
            res.writeHead(status).end(STATUS_CODES[status]);
          });
      },
    }),
  ],
  [
    'Fastify and uploadPart',
    async (client) => {
      const app = Fastify();
      await app.register(multipart, { limits: { fileSize: LIMIT } });
      app.setErrorHandler((error: HttpError, _req, reply) => {
        const status = error.statusCode ?? 500;
        return reply.code(status).send({ message: STATUS_CODES[status] });
      });
      app.post('/', async (req) => await uploadPart(client, (await req.file())!));
      await app.ready();
      return { listener: app.routing, close: () => app.close() };
    },
  ],
  ...NEST_VERSIONS.map((version): [string, MakeApp] => [
    `Nest ${version}`,
    (client) => makeNest(version, client),
  ]),
];

interface Failure {
  status: number;
  size?: number;
  prepare?: (server: EmbeddedTestServer) => unknown;
}

const FAILURES: [string, Failure][] = [
  [
    'a full disk',
    {
      status: 507,
      prepare: (server) =>
        server.fdfs.inject({
          server: 'tracker',
          action: 'status',
          status: 28,
          times: Number.POSITIVE_INFINITY,
        }),
    },
  ],
  [
    'a group that is down',
    {
      status: 503,
      prepare: (server) => server.fdfs.stopStorage('group2'),
    },
  ],
  ['trackers that are down', { status: 503, prepare: (server) => server.fdfs.stopTracker(0) }],
  ['a file over the limit', { status: 413, size: LIMIT + 70_000 }],
];

describe.each(FRAMEWORKS)('an upload route of %s', (framework, make) => {
  onEmbedded('answers', (server) => {
    const open: { http: Server; app: App }[] = [];
    afterEach(async () => {
      for (const { http, app } of open.splice(0)) {
        await stop(http);
        await app.close?.();
      }
      await server.fdfs.startStorage('group2').catch(() => undefined);
      await server.fdfs.startTracker(0).catch(() => undefined);
    });

    it.each(FAILURES)('%s', async (_, { status, size = 50_000, prepare }) => {
      vi.spyOn(console, 'error').mockReturnValue(undefined);
      const client = server.client({ group: 'group2', retry: { retries: 0 }, networkTimeoutMs: 1000 });
      const app = await make(client);
      const http = createServer(app.listener);
      open.push({ http, app });
      const port = await listen(http);
      await prepare?.(server);
      const answer = await post(port, [filePart('file', 'a.bin', bytes(size)), FORM_END]);
      expect(answer.status).toBe(status);
      // Nest before 11.2.8 needs the filter of fastdfs-streams/nest for this.
      if (framework === 'Nest 11') return;
      for (const secret of ['127.0.0.1', 'M00', 'group', 'FASTDFS', 'tracker']) {
        expect(answer.text).not.toContain(secret);
      }
    });
  });
});
