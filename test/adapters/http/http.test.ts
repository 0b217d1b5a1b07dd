/** Serving files: frameworks, content types, names, caching, options. */
import type { IncomingMessage, RequestListener } from 'node:http';
import express from 'express';
import { describe, expect, it, vi } from 'vitest';
import { fdfsServe, type ServeOptions } from '../../../src/adapters/http/index.js';
import { ArgumentError, type FastDFSClient } from '../../../src/index.js';
import { onEachServer } from '../../helpers/servers.js';
import { type Asking, DOORS, type DoorKind, onEachDoor, Site } from './harness.js';

const HOUR = 3_600_000;

onEachServer('serving files', (server) => {
  describe('in a framework', () => {
    const mounts: [string, (handler: RequestListener) => RequestListener][] = [
      ['bare node:http', (handler) => handler],
      [
        'Express',
        (handler) => {
          const app = express();
          app.use('/a/prefix', handler);
          app.use((_req, res) => void res.status(404).send('from the application'));
          return app;
        },
      ],
    ];

    it.each(mounts)('%s', async (title, mount) => {
      const client = server.client();
      const { fileId } = await client.upload('hello', { ext: 'txt' });
      const options = title === 'Express' ? {} : { prefix: '/a/prefix/' };
      await using site = await Site.start(mount(fdfsServe(client, options)));
      const reply = await site.get(`/a/prefix/${fileId}?x=y`);
      expect([reply.status, reply.body.toString()]).toEqual([200, 'hello']);
      expect((await site.get(`/${fileId}`)).status).toBe(404);
      expect((await site.get(`http://example.com/a/prefix/${fileId}`)).status).toBe(200);

      const post = await site.get(`/a/prefix/${fileId}`, { method: 'POST' });
      expect([post.status, post.headers.allow]).toEqual(
        title === 'Express' ? [404, undefined] : [405, 'GET, HEAD'],
      );
      await client.delete(fileId);
      const asking: Asking[] = [
        {},
        { method: 'HEAD' },
        { headers: { Range: 'bytes=0-1' } },
        { headers: { Range: 'bytes=0-1,3-3' } },
        { headers: { Range: 'bytes=99-' } },
        { headers: { 'If-None-Match': reply.headers.etag! } },
        { headers: { 'If-Match': '"other"' } },
      ];
      for (const each of asking) {
        const missing = await site.get(`/a/prefix/${fileId}`, each);
        expect(missing.status).toBe(404);
        expect(missing.headers).not.toHaveProperty('last-modified');
        if (title === 'Express' && each.method !== 'HEAD')
          expect(missing.body.toString()).toBe('from the application');
      }
    });
  });

  onEachDoor((door) => {
    async function typeOf(
      client: FastDFSClient,
      options: ServeOptions<unknown>,
      file: { ext?: string; metadata?: Record<string, string> },
      query = '',
    ): Promise<IncomingMessage['headers']> {
      const { fileId } = await client.upload('x', file);
      await using site = await Site.start(door.open(client, options).listener);
      const { headers } = await site.get(`/${fileId}${query}`);
      await client.delete(fileId);
      return headers;
    }

    it.each<[ServeOptions<unknown>, { ext?: string; metadata?: Record<string, string> }, string]>([
      [{}, { ext: 'txt' }, 'text/plain; charset=utf-8'],
      [{}, { ext: 'tar.gz' }, 'application/gzip'],
      [{}, { ext: 'PNG' }, 'image/png'],
      [{}, { ext: 'qqq' }, 'application/octet-stream'],
      [{}, {}, 'application/octet-stream'],
      [{}, { metadata: { 'content-type': 'image/webp' } }, 'image/webp'],
      [{}, { ext: 'qqq', metadata: { ContentType: 'text/x-q; charset=utf-8' } }, 'text/x-q; charset=utf-8'],
      [{}, { metadata: { mimetype: 'no type' } }, 'application/octet-stream'],
      [{}, { metadata: { mimetype: 'a/b\r\nX-Evil: 1' } }, 'application/octet-stream'],
      [{}, { ext: 'png', metadata: { mimetype: 'image/webp' } }, 'image/png'],
      [{ contentType: 'metadata' }, { ext: 'png', metadata: { mimetype: 'image/webp' } }, 'image/webp'],
      [{ contentType: 'metadata' }, { ext: 'png' }, 'image/png'],
      [{ contentType: 'metadata' }, {}, 'application/octet-stream'],
      [{ contentType: 'extension' }, { metadata: { mimetype: 'image/webp' } }, 'application/octet-stream'],
      [{ contentType: 'extension' }, { ext: 'png', metadata: { mimetype: 'image/webp' } }, 'image/png'],
      [{ contentType: 'x/y' }, { ext: 'png' }, 'x/y'],
      [{ contentType: ({ extension }) => `x/${extension}` }, { ext: 'png' }, 'x/png'],
      [{ contentType: () => undefined }, { ext: 'png' }, 'image/png'],
      [{ contentType: async ({ extension }) => `y/${extension}` }, { ext: 'png' }, 'y/png'],
      [{ contentType: async () => undefined }, { ext: 'png' }, 'image/png'],
      [
        { contentType: async () => 'metadata' },
        { ext: 'png', metadata: { mimetype: 'image/webp' } },
        'image/webp',
      ],
    ])('%j and %j make %s', async (options, file, type) => {
      expect((await typeOf(server.client(), options, file))['content-type']).toBe(type);
    });

    it.each<[ServeOptions<unknown>, string, string | undefined]>([
      [{}, '', undefined],
      [{}, '?filename=', undefined],
      [{}, '?filename=cat.png', 'attachment; filename=cat.png'],
      [{ disposition: 'inline' }, '?filename=cat.png', 'inline; filename=cat.png'],
      [{}, '?filename=a%22b.txt', 'attachment; filename="a\\"b.txt"'],
      [{}, '?filename=..%2F..%2Fetc%5Cpasswd', 'attachment; filename=passwd'],
      [
        {},
        '?filename=a%0D%0AX-Evil%3A1',
        'attachment; filename="a??X-Evil:1"; filename*=UTF-8\'\'a%0D%0AX-Evil%3A1',
      ],
      [
        {},
        '?filename=%E4%BD%A0%E5%A5%BD.txt',
        'attachment; filename="??.txt"; filename*=UTF-8\'\'%E4%BD%A0%E5%A5%BD.txt',
      ],
      [{ filename: false }, '?filename=cat.png', undefined],
      [{ filename: 'dog.png' }, '?filename=cat.png', 'attachment; filename=dog.png'],
      [{ filename: ({ size }) => `${size}.txt` }, '', 'attachment; filename=1.txt'],
      [{ filename: () => undefined }, '?filename=cat.png', 'attachment; filename=cat.png'],
      [{ filename: async ({ size }) => `${size}.txt` }, '', 'attachment; filename=1.txt'],
      [
        { filename: 'half \ud83d.txt' },
        '',
        'attachment; filename="half ?.txt"; filename*=UTF-8\'\'half%20%EF%BF%BD.txt',
      ],
      [{ filename: () => '\udc00' }, '', 'attachment; filename="?"; filename*=UTF-8\'\'%EF%BF%BD'],
      [
        {},
        '?filename=%ED%A0%BD.txt',
        'attachment; filename="???.txt"; filename*=UTF-8\'\'%EF%BF%BD%EF%BF%BD%EF%BF%BD.txt',
      ],
      [{ queryFilename: false }, '?filename=cat.png', undefined],
      [{ filename: 'metadata' }, '?filename=cat.png', 'attachment; filename=cat.png'],
    ])('%j and %s make %s', async (options, query, disposition) => {
      const headers = await typeOf(server.client(), options, { ext: 'txt' }, query);
      expect(headers['content-disposition']).toBe(disposition);
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    });

    it('takes the name from metadata', async () => {
      const file = { ext: 'txt', metadata: { filename: '你好.txt', 'content-type': 'text/x' } };
      const options = { filename: 'metadata', contentType: 'metadata' };
      const headers = await typeOf(server.client(), options, file, '?filename=other.txt');
      expect(headers).toMatchObject({
        'content-disposition': 'attachment; filename="??.txt"; filename*=UTF-8\'\'%E4%BD%A0%E5%A5%BD.txt',
        'content-type': 'text/x',
      });
    });

    it.each<[ServeOptions<unknown> & { setHeader?: [string, string] }, string | undefined]>([
      [{}, 'public, max-age=0, no-transform'],
      [{ maxAge: HOUR }, 'public, max-age=3600, no-transform'],
      [{ maxAge: HOUR, immutable: true }, 'public, max-age=3600, immutable, no-transform'],
      [{ cacheControl: 'private' }, 'private, no-transform'],
      [{ cacheControl: 'No-Transform, private' }, 'No-Transform, private'],
      [{ cacheControl: false }, 'no-transform'],
      [{ setHeader: ['Cache-Control', 'mine'] }, 'mine, no-transform'],
      [{ allowTransform: true, maxAge: HOUR }, 'public, max-age=3600'],
      [{ allowTransform: true, cacheControl: false }, undefined],
      [{ allowTransform: true, setHeader: ['Cache-Control', 'mine'] }, 'mine'],
    ])('%j makes Cache-Control: %s', async (options, expected) => {
      expect((await typeOf(server.client(), options, {}))['cache-control']).toBe(expected);
    });
  });

  it('keeps the headers that the application has set', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x', { ext: 'txt' });
    const serve = fdfsServe(client);
    await using site = await Site.start((req, res) => {
      res.setHeader('Cache-Control', 'no-store').setHeader('Content-Type', 'text/x');
      serve(req, res);
    });
    const { headers } = await site.get(`/${fileId}`);
    expect(headers).toMatchObject({
      'cache-control': 'no-store, no-transform',
      'content-type': 'text/x',
    });
    await client.delete(fileId);
  });

  it('answers errors of functions in options with their status, or 500, and with no headers of the file', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x', { ext: 'txt' });
    const fail = (error: unknown) => () => {
      throw error;
    };
    const teapot = Object.assign(new Error('short and stout'), { status: 418, expose: true });
    for (const [options, status] of [
      [{ contentType: fail(new Error('mine')) }, 500],
      [{ contentType: fail('mine') }, 500],
      [{ filename: async () => Promise.reject(teapot) }, 418],
      [{ setHeaders: fail(new TypeError('mine')) }, 500],
      [{ setHeaders: fail(teapot) }, 418],
    ] as const) {
      const next = vi.fn<(error?: unknown) => void>();
      const serve = fdfsServe(client, options);
      await using plain = await Site.start((req, res) => serve(req, res));
      await using framework = await Site.start((req, res) =>
        serve(req, res, (error) => {
          next(error);
          res.end();
        }),
      );
      const reply = await plain.get(`/${fileId}`);
      expect([reply.status, reply.body.toString()]).toEqual([status, expect.not.stringContaining('mine')]);
      const { headers } = await framework.get(`/${fileId}`);
      expect(next).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ status }));
      for (const name of ['etag', 'last-modified', 'cache-control', 'accept-ranges']) {
        expect([headers[name], reply.headers[name]]).toEqual([undefined, undefined]);
      }
    }
    expect(teapot.expose).toBe(true);
    await client.delete(fileId);
  });

  it.each<DoorKind>(DOORS)(
    '$name closes a client that it made, and keeps one open that was passed in',
    async (door) => {
      const owned = door.open({ trackers: server.trackers });
      const { fileId } = await owned.client.upload('x');
      await owned.client.delete(fileId);
      await owned.close();
      await owned.close();
      await expect(owned.client.upload('x')).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
      const client = server.client();
      {
        await using given = door.open(client);
        expect(given.client).toBe(client);
      }
      await client.delete((await client.upload('still open')).fileId);
    },
  );
});

describe.each<DoorKind>(DOORS)('options of $name', ({ name, open }) => {
  it.each([
    ['an unknown option', { maxage: 1 }, 'maxage'],
    ['an option of earlier versions', { metadata: true }, 'metadata'],
    ['a negative age', { maxAge: -1 }, 'maxAge'],
    ['an empty secret', { secret: '' }, 'secret'],
    ['a token without a secret', { token: {} }, 'secret'],
    ['a skew without a secret', { clockSkewMs: 1 }, 'secret'],
    ['another key in the token', { token: { secret: 'x', prefix: '/' } }, 'prefix'],
    ['a prefix without a slash', { prefix: 'files' }, 'prefix'],
    ['no groups', { groups: [] }, 'groups'],
    ['an impossible group', { groups: ['a/b'] }, 'groups'],
    ['an impossible default group', { defaultGroup: 'a/b' }, 'defaultGroup'],
    ['an odd disposition', { disposition: 'x' }, 'disposition'],
    ['an odd choice for active content', { activeContent: 'x' }, 'activeContent'],
    ['an invalid content type', { contentType: 'html' }, 'contentType'],
    ['an invalid number of seconds', { retryAfterSeconds: 'soon' }, 'retryAfterSeconds'],
    ['a hook that is not a function', { setHeaders: 'x' }, 'setHeaders'],
  ])('refuses %s', (_, options, named) => {
    const make = () => open({ trackers: 'localhost' }, options as never);
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(`\`${named}\``);
    expect(make).toThrow(name);
  });

  it('takes undefined for every option', async () => {
    const keys = [
      ...['secret', 'clockSkewMs', 'ttlSeconds', 'token', 'prefix', 'groups', 'defaultGroup', 'cacheControl'],
      ...['maxAge', 'immutable', 'allowTransform', 'contentType', 'filename', 'queryFilename', 'disposition'],
      ...['activeContent', 'maxRanges', 'retryAfterSeconds', 'setHeaders'],
    ];
    await open({ trackers: 'localhost' }, Object.fromEntries(keys.map((key) => [key, undefined]))).close();
  });
});
