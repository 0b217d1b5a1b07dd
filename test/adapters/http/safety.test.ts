/** Files of strangers in browsers, and replies behind middleware that compresses. */
import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { fdfsServe, type ServeOptions } from '../../../src/adapters/http/index.js';
import { express4 } from '../../helpers/express-4.js';
import { onEmbedded } from '../../helpers/servers.js';
import { onEachDoor, Site } from './harness.js';

const SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

onEmbedded('what browsers may do with a file', (server) => {
  onEachDoor((door) => {
    it.each([
      ['html', 'text/html; charset=utf-8', true],
      ['HTM', 'text/html; charset=utf-8', true],
      ['xhtml', 'application/xhtml+xml', true],
      ['svg', 'image/svg+xml', true],
      ['xml', 'text/xml; charset=utf-8', true],
      ['xsl', 'application/xslt+xml', true],
      ['rss', 'application/rss+xml', true],
      ['atom', 'application/atom+xml', true],
      ['mathml', 'application/mathml+xml', true],
      ['txt', 'text/plain; charset=utf-8', false],
      ['js', 'text/javascript; charset=utf-8', false],
      ['png', 'image/png', false],
      ['pdf', 'application/pdf', false],
      ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', false],
      ['', 'application/octet-stream', false],
    ])('.%s (%s): active %s', async (ext, type, isActive) => {
      const client = server.client();
      const appender = ext.length > 6;
      const { fileId } = await client.upload('<p>', { ext: ext.slice(0, 6), appender });
      for (const [activeContent, policy, disposition] of [
        [undefined, SANDBOX, undefined],
        ['sandbox', SANDBOX, undefined],
        ['attachment', undefined, 'attachment'],
        ['allow', undefined, undefined],
      ] as const) {
        const options: ServeOptions<unknown> = { activeContent, contentType: type };
        await using site = await Site.start(door.open(client, options).listener);
        for (const headers of [{}, { Range: 'bytes=0-1' }, { Range: 'bytes=0-0,2-2' }]) {
          const reply = await site.get(`/${fileId}`, { headers: headers as Record<string, string> });
          expect(reply.headers['content-security-policy']).toBe(isActive ? policy : undefined);
          expect(reply.headers['content-disposition']).toBe(isActive ? disposition : undefined);
          expect(reply.headers['x-content-type-options']).toBe('nosniff');
        }
      }
      await client.delete(fileId);
    });

    it('goes by the extension, by metadata, and by functions alike', async () => {
      const client = server.client();
      const html = await client.upload('<p>', { ext: 'html' });
      const typed = await client.upload('<p>', { metadata: { 'content-type': 'Text/HTML ; charset=x' } });
      for (const [fileId, options] of [
        [html.fileId, {}],
        [typed.fileId, {}],
        [typed.fileId, { contentType: () => 'image/svg+xml' }],
      ] as const) {
        await using site = await Site.start(door.open(client, options).listener);
        const { headers } = await site.get(`/${fileId}`);
        expect(headers['content-security-policy']).toBe(SANDBOX);
      }
      await client.delete(html.fileId);
      await client.delete(typed.fileId);
    });

    it('keeps a name beside `attachment`', async () => {
      const client = server.client();
      const { fileId } = await client.upload('<p>', { ext: 'svg' });
      const options = { activeContent: 'attachment', disposition: 'inline' } as const;
      await using site = await Site.start(door.open(client, options).listener);
      const { headers } = await site.get(`/${fileId}?filename=a.svg`);
      expect(headers['content-disposition']).toBe('attachment; filename=a.svg');
      await client.delete(fileId);
    });

    it('sends nosniff with every reply', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x');
      await using site = await Site.start(door.open(client).listener);
      const { etag } = (await site.get(`/${fileId}`)).headers;
      for (const [status, path, asking] of [
        [200, `/${fileId}`, {}],
        [200, `/${fileId}`, { method: 'HEAD' }],
        [304, `/${fileId}`, { headers: { 'If-None-Match': etag! } }],
        [412, `/${fileId}`, { headers: { 'If-Match': '"x"' } }],
        [416, `/${fileId}`, { headers: { Range: 'bytes=9-' } }],
        [404, '/x', {}],
        [405, `/${fileId}`, { method: 'DELETE' }],
      ] as const) {
        const reply = await site.get(path, asking as object);
        expect([reply.status, reply.headers['x-content-type-options']]).toEqual([status, 'nosniff']);
      }
      await client.delete(fileId);
    });
  });

  it('keeps a policy of the application in force beside its own', async () => {
    const client = server.client();
    const { fileId } = await client.upload('<p>', { ext: 'html' });
    const serve = fdfsServe(client);
    await using site = await Site.start((req, res) => {
      res.setHeader('Content-Security-Policy', "script-src 'self'");
      serve(req, res);
    });
    const { headers } = await site.get(`/${fileId}`);
    expect(headers['content-security-policy']).toBe(`script-src 'self', ${SANDBOX}`);
    await client.delete(fileId);
  });
});

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('behind compression() on %s', (_, make) => {
  onEmbedded('a file', (server) => {
    const text = 'The same words again and again. '.repeat(2000);
    const accept = { 'Accept-Encoding': 'gzip' };

    it.each<[string, ServeOptions<unknown>]>([
      ['by default', {}],
      ['with caching', { maxAge: 60_000, immutable: true }],
      ['with a Cache-Control of its own', { cacheControl: 'private' }],
      ['without Cache-Control', { cacheControl: false }],
    ])('is never compressed: a part of it fits to the whole (%s)', async (_title, options) => {
      const client = server.client();
      for (const appender of [false, true]) {
        const { fileId } = await client.upload(text, { ext: 'txt', appender });
        const app = make().use(compression({ threshold: 0 }), fdfsServe(client, options));
        await using site = await Site.start(app);
        const first = await site.get(`/${fileId}`, { headers: accept });
        expect(first.headers['content-encoding']).toBeUndefined();
        const start = text.length / 2;
        const second = await site.get(`/${fileId}`, {
          headers: { ...accept, Range: `bytes=${start}-`, 'If-Range': first.headers.etag! },
        });
        expect([second.status, second.headers['content-encoding']]).toEqual([206, undefined]);
        expect(Buffer.concat([first.body.subarray(0, start), second.body]).toString() === text).toBe(true);
        await client.delete(fileId);
      }
    });

    it('is compressed with `allowTransform`, and has no parts then', async () => {
      const client = server.client();
      const { fileId } = await client.upload(text, { ext: 'txt' });
      const app = make().use(compression({ threshold: 0 }), fdfsServe(client, { allowTransform: true }));
      await using site = await Site.start(app);
      const first = await site.get(`/${fileId}`, { headers: accept });
      expect(first.headers).toMatchObject({ 'content-encoding': 'gzip', 'accept-ranges': 'none' });
      expect(first.headers.etag).toMatch(/^W\/"/);
      expect(gunzipSync(first.body).toString() === text).toBe(true);
      for (const condition of [{}, { 'If-Range': first.headers.etag! }] as Record<string, string>[]) {
        const second = await site.get(`/${fileId}`, {
          headers: { ...accept, Range: 'bytes=5-', ...condition },
        });
        expect([second.status, second.headers['content-range']]).toEqual([200, undefined]);
        expect(gunzipSync(second.body).toString() === text).toBe(true);
      }
      const again = await site.get(`/${fileId}`, {
        headers: { ...accept, 'If-None-Match': first.headers.etag! },
      });
      expect(again.status).toBe(304);
      const match = await site.get(`/${fileId}`, { headers: { 'If-Match': first.headers.etag! } });
      expect(match.status).toBe(412);
      await client.delete(fileId);
    });
  });
});
