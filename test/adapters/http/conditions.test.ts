/** Conditions and ranges: the replies of `send` for the same bytes, except where RFC 9110 decides otherwise. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import send from 'send';
import { describe, expect, it } from 'vitest';
import { parseFileId } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { sumInId } from '../../helpers/server-version.js';
import { onEachServer } from '../../helpers/servers.js';
import { onEachDoor, partsOf, type Reply, Site } from './harness.js';

const HOUR = 3_600_000;

/** The same bytes from `send`, with the time of the file. */
async function sendSite(content: Uint8Array, lastModified: Date, name: string) {
  const directory = await mkdtemp(path.join(tmpdir(), 'http-'));
  const file = path.join(directory, name);
  await writeFile(file, content);
  await utimes(file, lastModified, lastModified);
  const site = await Site.start((req, res) => {
    send(req, name, { root: directory }).pipe(res);
  });
  return {
    site,
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

const COMPARED = [
  'accept-ranges',
  'cache-control',
  'content-length',
  'content-range',
  'content-type',
  'last-modified',
] as const;

/** What must be the same on both sides; of a refusal the text may differ. */
function comparable({ status, headers, body }: Reply, method: string): object {
  if (status >= 400) return { status, range: headers['content-range'] };
  const shown = Object.fromEntries(
    COMPARED.map((name) => [name, headers[name]?.replace(', no-transform', '')]),
  );
  return { status, method, shown, body: body.toString('latin1') };
}

/** A request made from the validators of the side that it goes to. */
type Case = [title: string, headers: (etag: string, date: Date) => Record<string, string>];

/**
 * Leaves out what `send` should not heed: Range is for GET alone (RFC 9110, 14.2), and an empty file has no part that Content-Range
 * could name, so a request for all of it is answered with all of it.
 */
function forSend(headers: Record<string, string>, method: string, isEmpty: boolean): Record<string, string> {
  const { Range: range, ...rest } = headers;
  const asksForAll = isEmpty && range !== undefined && /[=,] *(0+-|-0*[1-9])/.test(range);
  return range === undefined || method === 'HEAD' || asksForAll ? rest : headers;
}

const before = (date: Date) => new Date(date.getTime() - HOUR).toUTCString();
const after = (date: Date) => new Date(date.getTime() + HOUR).toUTCString();

const CASES: Case[] = [
  ['nothing special', () => ({})],
  ['the first bytes', () => ({ Range: 'bytes=0-4' })],
  ['one byte', () => ({ Range: 'bytes=25-25' })],
  ['an open range', () => ({ Range: 'bytes=20-' })],
  ['all by range', () => ({ Range: 'bytes=0-' })],
  ['a suffix', () => ({ Range: 'bytes=-5' })],
  ['an end behind the file', () => ({ Range: 'bytes=20-999' })],
  ['ranges that overlap', () => ({ Range: 'bytes=0-4,3-9' })],
  ['ranges that touch', () => ({ Range: 'bytes=0-4,5-9' })],
  ['one range that is, and one that is not', () => ({ Range: 'bytes=99-100,0-4' })],
  ['a start behind the file', () => ({ Range: 'bytes=26-' })],
  ['no range at all', () => ({ Range: 'bytes=9-3' })],
  ['no bytes at the end', () => ({ Range: 'bytes=-0' })],
  ['a malformed range', () => ({ Range: 'bytes=abc' })],
  ['half a range', () => ({ Range: 'bytes=5' })],
  ['another unit', () => ({ Range: 'items=0-4' })],
  ['no unit', () => ({ Range: '0-4' })],
  ['a range if the tag is the same', (etag) => ({ Range: 'bytes=0-4', 'If-Range': etag })],
  ['a range if the tag is another', () => ({ Range: 'bytes=0-4', 'If-Range': '"other"' })],
  ['a range if the date is the same', (_, date) => ({ Range: 'bytes=0-4', 'If-Range': date.toUTCString() })],
  ['a range if the date is older', (_, date) => ({ Range: 'bytes=0-4', 'If-Range': before(date) })],
  ['a range if nonsense', () => ({ Range: 'bytes=0-4', 'If-Range': 'nonsense' })],
  ['a bad range if the tag is another', () => ({ Range: 'bytes=99-', 'If-Range': '"other"' })],
  ['none match, the same', (etag) => ({ 'If-None-Match': etag })],
  ['none match, weak', (etag) => ({ 'If-None-Match': `W/${etag.replace('W/', '')}` })],
  ['none match, in a list', (etag) => ({ 'If-None-Match': `"a", ${etag}, "b"` })],
  ['none match, another', () => ({ 'If-None-Match': '"other"' })],
  ['none match, any', () => ({ 'If-None-Match': '*' })],
  ['none match, but no cache', (etag) => ({ 'If-None-Match': etag, 'Cache-Control': 'no-cache' })],
  ['modified since that date', (_, date) => ({ 'If-Modified-Since': date.toUTCString() })],
  ['modified since before', (_, date) => ({ 'If-Modified-Since': before(date) })],
  ['modified since later', (_, date) => ({ 'If-Modified-Since': after(date) })],
  ['modified since nonsense', () => ({ 'If-Modified-Since': 'nonsense' })],
  [
    'another tag comes before the date',
    (_, date) => ({ 'If-None-Match': '"other"', 'If-Modified-Since': after(date) }),
  ],
  ['not modified, and a range', (etag) => ({ 'If-None-Match': etag, Range: 'bytes=0-4' })],
  ['match, the same', (etag) => ({ 'If-Match': etag })],
  ['match, in a list', (etag) => ({ 'If-Match': `"a", ${etag}` })],
  ['match, another', () => ({ 'If-Match': '"other"' })],
  ['match, any', () => ({ 'If-Match': '*' })],
  ['unmodified since that date', (_, date) => ({ 'If-Unmodified-Since': date.toUTCString() })],
  ['unmodified since before', (_, date) => ({ 'If-Unmodified-Since': before(date) })],
  ['unmodified since later', (_, date) => ({ 'If-Unmodified-Since': after(date) })],
  ['unmodified since nonsense', () => ({ 'If-Unmodified-Since': 'nonsense' })],
  [
    'a matching tag comes before the date',
    (etag, date) => ({ 'If-Match': etag, 'If-Unmodified-Since': before(date) }),
  ],
];

onEachServer('serving files', (server) =>
  onEachDoor((door) => {
    describe('answers like send', () => {
      it.each([
        ['an ordinary file', 'txt'],
        ['an appender file', 'html'],
        ['a file without extension', ''],
        ['an empty file', 'css'],
        ['a slave file', 'jpg'],
      ])('%s', { timeout: 60_000 }, async (kind, ext) => {
        const client = server.client();
        const content = kind === 'an empty file' ? '' : 'abcdefghijklmnopqrstuvwxyz';
        const stored: string[] = [];
        const upload = await client.upload(kind === 'a slave file' ? 'master' : content, {
          ext,
          appender: kind === 'an appender file',
        });
        stored.push(upload.fileId);
        let { fileId } = upload;
        if (kind === 'a slave file') {
          ({ fileId } = await client.uploadSlave(fileId, '_small', content, { ext }));
          stored.push(fileId);
        }
        await using ours = await Site.start(door.open(client).listener);
        const first = await ours.get(`/${fileId}`);
        const date = new Date(first.headers['last-modified']!);
        await using theirs = await sendSite(Buffer.from(content), date, ext === '' ? 'file' : `file.${ext}`);
        const { etag: theirTag } = (await theirs.site.get('/')).headers;
        expect(first.headers.etag).toMatch(/^"[0-9a-f]+-[0-9a-f]+"$/);
        // Hundreds of requests: on one connection to each, where a reply of a wrong length breaks the next.
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        for (const [title, headers] of CASES) {
          for (const method of ['GET', 'HEAD']) {
            const mine = await ours.get(`/${fileId}`, {
              method,
              agent,
              headers: headers(first.headers.etag!, date),
            });
            const other = await theirs.site.get('/', {
              method,
              agent,
              headers: forSend(headers(theirTag!, date), method, content === ''),
            });
            expect([title, comparable(mine, method)]).toEqual([title, comparable(other, method)]);
            if (mine.status < 400) expect(mine.headers.etag).toBe(first.headers.etag);
          }
        }
        agent.destroy();
        for (const id of stored.reverse()) await client.delete(id);
      });
    });

    /** Section of RFC 9110, Range, content, what `send` answers, what we answer. */
    it.each<[string, string, string, number, [number, string]]>([
      ['14.1.2: a longer suffix is the whole file', 'bytes=-1000', '0123456789', 416, [206, '0123456789']],
      ['14.1: units have no case', 'Bytes=2-3', '0123456789', 200, [206, '23']],
      ['5.6.1.2: elements of a list may be empty', 'bytes=,2-3', '0123456789', 200, [206, '23']],
      ['5.6.1.2: at its end, too', 'bytes=2-3, ,', '0123456789', 200, [206, '23']],
      ['14.2: a list of nothing is no range', 'bytes=,', '0123456789', 200, [200, '0123456789']],
      ['14.1.2: a suffix of an empty file', 'bytes=-5', '', 416, [200, '']],
      ['14.2: an empty file from its start', 'bytes=0-', '', 416, [200, '']],
      ['14.2: an empty file from its start to an end', 'bytes=0-0', '', 416, [200, '']],
      ['15.5.17: an empty file from a byte that it lacks', 'bytes=1-', '', 416, [416, '']],
      ['15.5.17: no bytes of an empty file', 'bytes=-0', '', 416, [416, '']],
    ])('%s: %s of %j', async (_, range, content, sent, [status, body]) => {
      const client = server.client();
      const { fileId } = await client.upload(content, { ext: 'txt' });
      await using site = await Site.start(door.open(client).listener);
      await using theirs = await sendSite(Buffer.from(content), new Date(), 'file.txt');
      expect((await theirs.site.get('/', { headers: { Range: range } })).status).toBe(sent);
      const reply = await site.get(`/${fileId}`, { headers: { Range: range } });
      expect(reply.status).toBe(status);
      if (status < 400) expect(reply.body.toString()).toBe(body);
      const head = await site.get(`/${fileId}`, { method: 'HEAD', headers: { Range: range } });
      expect([head.status, head.headers['content-length'], head.headers['content-range']]).toEqual([
        200,
        String(content.length),
        undefined,
      ]);
      await client.delete(fileId);
    });

    it('compares strongly where the standard says so, and send does not', async () => {
      const client = server.client();
      const { fileId } = await client.upload('0123456789', { ext: 'txt' });
      await using site = await Site.start(door.open(client).listener);
      const { etag, 'last-modified': date } = (await site.get(`/${fileId}`)).headers;
      const ask = async (headers: Record<string, string>) => {
        const { status, body } = await site.get(`/${fileId}`, { headers });
        return [status, body.toString()];
      };
      expect(await ask({ Range: 'bytes=2-3', 'If-Range': `W/${etag}` })).toEqual([200, '0123456789']);
      expect(await ask({ Range: 'bytes=2-3', 'If-Range': after(new Date(date!)) })).toEqual([
        200,
        '0123456789',
      ]);
      expect((await ask({ 'If-Match': `W/${etag}` }))[0]).toBe(412);
      expect((await ask({ 'If-Match': `, ${etag} ,` }))[0]).toBe(200);
      await client.delete(fileId);
    });

    it('sends several ranges in parts', async () => {
      const client = server.client();
      const content = bytes(300_000);
      const { fileId } = await client.upload(content, { ext: 'png' });
      await using site = await Site.start(door.open(client, { maxRanges: 4 }).listener);
      const reply = await site.get(`/${fileId}`, { headers: { Range: 'bytes=-10, 0-0,1000-200999' } });
      expect(reply.status).toBe(206);
      expect(reply.headers).not.toHaveProperty('content-range');
      expect(Number(reply.headers['content-length'])).toBe(reply.body.length);
      const boundary = reply.headers['content-type']!.split('boundary=')[1]!;
      const text = reply.body.toString('latin1');
      let expected = '';
      for (const [start, end] of [
        [299_990, 299_999],
        [0, 0],
        [1000, 200_999],
      ] as const) {
        expected += `${expected === '' ? '' : '\r\n'}--${boundary}\r\nContent-Type: image/png\r\n`;
        expected += `Content-Range: bytes ${start}-${end}/300000\r\n\r\n`;
        expected += content.subarray(start, end + 1).toString('latin1');
      }
      expect(text === `${expected}\r\n--${boundary}--\r\n`).toBe(true);

      const head = await site.get(`/${fileId}`, { method: 'HEAD', headers: { Range: 'bytes=0-0,5-5' } });
      expect([head.status, head.headers['content-length']]).toEqual([200, '300000']);
      const small = await site.get(`/${fileId}`, { headers: { Range: 'bytes=0-0,5-5' } });
      expect(partsOf(small)).toHaveLength(2);

      const many = await site.get(`/${fileId}`, { headers: { Range: 'bytes=0-0,2-2,4-4,6-6,8-8' } });
      expect([many.status, many.body.equals(content)]).toEqual([200, true]);
      await client.delete(fileId);
    });

    it.each([0, 1, 65_536, 5_000_001])('serves %i bytes whole, and in a hundred pieces', async (size) => {
      const client = server.client();
      const content = bytes(size);
      const { fileId } = await client.upload(content);
      await using site = await Site.start(door.open(client).listener);
      const { body, headers } = await site.get(`/${fileId}`);
      expect(body.equals(content)).toBe(true);
      expect(headers['content-length']).toBe(String(size));
      const step = Math.ceil(size / 100);
      const pieces: Buffer[] = [];
      for (let at = 0; at < size; at += step) {
        const range = `bytes=${at}-${at + step - 1}`;
        pieces.push((await site.get(`/${fileId}`, { headers: { Range: range } })).body);
      }
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
      await client.delete(fileId);
    });

    it('shows an appender file as it grows', async () => {
      const client = server.client();
      const { fileId } = await client.upload('one', { appender: true, ext: 'log' });
      await using site = await Site.start(door.open(client, { maxAge: HOUR, immutable: true }).listener);
      const first = await site.get(`/${fileId}`);
      expect(first.headers['cache-control']).toBe('public, max-age=0, no-transform');
      await client.append(fileId, ' two');
      const second = await site.get(`/${fileId}`, { headers: { 'If-None-Match': first.headers.etag! } });
      expect([second.status, second.body.toString()]).toEqual([200, 'one two']);
      const resumed = await site.get(`/${fileId}`, {
        headers: { Range: 'bytes=3-', 'If-Range': first.headers.etag! },
      });
      expect(resumed.status).toBe(200);
      await client.delete(fileId);
    });

    it('has an ETag of size and checksum, and the time of its upload', async () => {
      const client = server.client();
      const { fileId } = await client.upload('hello');
      await using site = await Site.start(door.open(client).listener);
      const { headers } = await site.get(`/${fileId}`);
      const sum = await sumInId(server.trackers, Buffer.from('hello'));
      expect(headers.etag).toBe(`"5-${sum.toString(16).padStart(8, '0')}"`);
      expect(headers['last-modified']).toBe(parseFileId(fileId).createdAt.toUTCString());
      await client.delete(fileId);
    });
  }),
);
