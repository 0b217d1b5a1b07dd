/** What the usual error handlers of web frameworks make of errors of this package: the right status, and nothing of the cluster. */
import type { RequestListener } from 'node:http';
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FastDFSClient, FastDFSError } from '../../../src/index.js';
import { express4 } from '../../helpers/express-4.js';
import { type EmbeddedTestServer, onEmbedded } from '../../helpers/servers.js';
import { Site } from '../http/harness.js';
import { loadNest, NEST_VERSIONS } from '../nest/versions.js';

type Call = () => Promise<unknown>;
/** Makes an application whose handler calls, and leaves errors to the framework. */
type MakeApp = (call: Call) => Promise<{ listener: RequestListener; close?: () => Promise<unknown> }>;

const SECRETS = { address: '10.11.12.13:23000', fileId: 'group9/M00/00/00/secret' };

async function makeNest(version: 11 | 12, call: Call) {
  const { common, core, express: platform } = await loadNest(version);
  const { Controller, Get, Module } = common;
  @Controller()
  class Files {
    @Get()
    async get() {
      await call();
    }
  }
  @Module({ controllers: [Files] })
  class App {}
  const app = await core.NestFactory.create(App, new platform.ExpressAdapter(), { logger: false });
  await app.init();
  return { listener: app.getHttpAdapter().getInstance() as RequestListener, close: () => app.close() };
}

const FRAMEWORKS: [string, MakeApp][] = [
  [
    'Express 5',
    async (call) => ({
      listener: express()
        .set('env', 'production')
        .get('/', async () => void (await call())),
    }),
  ],
  [
    'Express 4',
    async (call) => ({
      listener: express4()
        .set('env', 'production')
        .get('/', (_req, _res, next) => void call().catch(next)),
    }),
  ],
  [
    'Koa',
    async (call) => {
      const app = new Koa({ asyncLocalStorage: false });
      app.silent = true;
      app.use(async () => void (await call()));
      return { listener: app.callback() };
    },
  ],
  [
    'Fastify',
    async (call) => {
      const app = Fastify();
      app.get('/', call);
      await app.ready();
      return { listener: app.routing, close: () => app.close() };
    },
  ],
  ...NEST_VERSIONS.map((version): [string, MakeApp] => [
    `Nest ${version}`,
    (call) => makeNest(version, call),
  ]),
];

/** What fails, by what, and the status. */
const FAILURES: [string, number, (server: EmbeddedTestServer, client: FastDFSClient) => Promise<Call>][] = [
  [
    'a missing file',
    404,
    async (_server, client) => {
      const { fileId } = await client.upload('x');
      await client.delete(fileId);
      return () => client.download(fileId);
    },
  ],
  ['a malformed file id', 404, async (_server, client) => () => client.download('group1/M00/secret')],
  [
    'a full disk',
    507,
    async (server, client) => {
      server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28, times: 9 });
      return () => client.upload('x');
    },
  ],
  [
    'a group that is down',
    503,
    async (server, client) => {
      const { fileId } = await client.upload('x', { group: 'group2' });
      await client.delete(fileId);
      await server.fdfs.stopStorage('group2');
      return () => client.download(fileId);
    },
  ],
  ['a file over the limit', 413, async () => failWith('FASTDFS_TRUNCATED')],
  ['a request that was aborted', 499, async () => failWith('FASTDFS_REQUEST_ABORTED')],
  ['a checksum that is wrong', 500, async () => failWith('FASTDFS_CHECKSUM_MISMATCH')],
];

function failWith(code: 'FASTDFS_TRUNCATED' | 'FASTDFS_REQUEST_ABORTED' | 'FASTDFS_CHECKSUM_MISMATCH'): Call {
  const { address, fileId } = SECRETS;
  return async () => {
    throw new FastDFSError(code, `Failed at ${address} for ${fileId}`, SECRETS);
  };
}

describe.each(FRAMEWORKS)('the error handler of %s', (framework, make) => {
  onEmbedded('answers', (server) => {
    const open: { close?: () => Promise<unknown> }[] = [];
    afterEach(async () => {
      for (const app of open.splice(0)) await app.close?.();
      await server.fdfs.startStorage('group2').catch(() => undefined);
    });

    it.each(FAILURES)('%s with %i', async (_, status, prepare) => {
      vi.spyOn(console, 'error').mockReturnValue(undefined);
      const client = server.client({ retry: { retries: 0 }, networkTimeoutMs: 1000, locationCache: false });
      const call = await prepare(server, client);
      const error: FastDFSError = await call().then(
        () => expect.unreachable(),
        (reason) => reason,
      );
      const app = await make(call);
      open.push(app);
      await using site = await Site.start(app.listener);
      const reply = await site.get('/');
      // Koa knows no 499; its client has left.
      expect(reply.status).toBe(framework === 'Koa' && status === 499 ? 500 : status);
      // Fastify sends the message of every error, from any source: see the recipe.
      if (framework === 'Fastify') return;
      const text = reply.body.toString();
      for (const secret of [
        error.message,
        error.address,
        error.fileId,
        '127.0.0.1',
        '10.11',
        'M00',
        'group',
      ]) {
        if (secret) expect(text).not.toContain(secret);
      }
    });
  });
});
