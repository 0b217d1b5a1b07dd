/** The Express example as users start it: a picture and a large file go in and come out again. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, Digest, flood, sha256 } from '../helpers/bytes.js';
import { png } from './media.js';
import { RunningExample } from './run-example.js';

const BOUNDARY = 'example-boundary';
const MIB = 1024 * 1024;

let example: RunningExample;
let base: string;

beforeAll(async () => {
  ({ example, url: base } = await RunningExample.start('examples/express/app.ts'));
});

afterAll(() => example?.stop());

interface Stored {
  fileId: string;
  url: string;
  originalname: string;
  contentType: string;
  size: number;
}

/** Posts a form with one file, which is never in memory as a whole. */
async function upload(
  filename: string,
  type: string,
  size: number,
  content: Readable,
): Promise<{ status: number; json: Stored }> {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`;
  const tail = `\r\n--${BOUNDARY}--\r\n`;
  const req = request(`${base}/u`, {
    method: 'POST',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
      'Content-Length': head.length + size + tail.length,
    },
  });
  const answered = once(req, 'response');
  await pipeline(async function* () {
    yield head;
    yield* content;
    yield tail;
  }, req);
  const [res] = await answered;
  let text = '';
  for await (const chunk of res.setEncoding('utf8')) text += chunk;
  return { status: res.statusCode, json: JSON.parse(text) };
}

describe('the Express example', () => {
  it('says in one line where it is', () => {
    expect(example.lines).toHaveLength(1);
    expect(example.lines[0]).toMatch(
      /^FastDFS example: http:\/\/127\.0\.0\.1:\d+ \(embedded FastDFS at 127\.0\.0\.1:\d+\)$/,
    );
  });

  it('serves a page that loads nothing from other hosts', async () => {
    const res = await fetch(base);
    const page = await res.text();
    expect(res.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page).toContain('<title>FastDFS uploads</title>');
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('gives a picture back as it was', async () => {
    const picture = png(320, 200);
    const { status, json } = await upload('cat.png', 'image/png', picture.length, Readable.from([picture]));
    expect(status).toBe(201);
    expect(json).toMatchObject({ originalname: 'cat.png', contentType: 'image/png', size: picture.length });
    expect(json.url).toBe(`/f/${json.fileId}`);
    const res = await fetch(base + json.url);
    expect(res.status).toBe(200);
    expect(res.headers.get('content-type')).toBe('image/png');
    expect(res.headers.get('content-length')).toBe(String(picture.length));
    expect(picture.equals(Buffer.from(await res.arrayBuffer()))).toBe(true);
    const head = await fetch(base + json.url, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(picture.length));
  });

  it('gives 50 MiB back as they were', async () => {
    const size = 50 * MIB;
    const sent = createHash('sha256');
    const content = flood(size).on('data', (chunk) => sent.update(chunk));
    content.pause();
    const { status, json } = await upload('large.bin', 'application/octet-stream', size, content);
    expect({ status, size: json.size }).toEqual({ status: 201, size });
    const res = await fetch(base + json.url);
    expect(res.headers.get('content-length')).toBe(String(size));
    const received = new Digest();
    await pipeline(Readable.fromWeb(res.body as import('node:stream/web').ReadableStream), received);
    expect({ size: received.size, hash: received.sha256 }).toEqual({ size, hash: sent.digest('hex') });
  });

  it('keeps an empty file', async () => {
    const { json } = await upload('nothing.txt', 'text/plain', 0, Readable.from([]));
    expect(json.size).toBe(0);
    const res = await fetch(base + json.url);
    expect(sha256(Buffer.from(await res.arrayBuffer()))).toBe(sha256(Buffer.alloc(0)));
  });

  it('answers 404 for a missing file and for what is no file id, and 400 for what is no upload', async () => {
    const picture = png(1, 1);
    const { json } = await upload('a.png', 'image/png', picture.length, Readable.from([picture]));
    const missing = json.url.replace(/.{8}(?=\.png$)/, 'AAAAAAAA');
    expect((await fetch(base + missing)).status).toBe(404);
    for (const path of [
      '/f/group1/M00/nonsense',
      '/f/..%2f..%2fetc/passwd',
      '/%2e%2e/app.ts',
      '/lib/../app.ts',
    ]) {
      expect((await fetch(base + path)).status, path).toBe(404);
    }
    const form = new FormData();
    form.append('other', 'text');
    expect((await fetch(`${base}/u`, { method: 'POST', body: form })).status).toBe(400);
    form.append('other', new Blob(['content']), 'a.txt');
    expect((await fetch(`${base}/u`, { method: 'POST', body: form })).status).toBe(400);
  });

  it('serves ranges', async () => {
    const content = bytes(10_000);
    const { json } = await upload(
      'part.bin',
      'application/octet-stream',
      content.length,
      Readable.from([content]),
    );
    const res = await fetch(base + json.url, { headers: { Range: 'bytes=100-199' } });
    expect(res.status).toBe(206);
    expect(res.headers.get('content-range')).toBe('bytes 100-199/10000');
    expect(content.subarray(100, 200).equals(Buffer.from(await res.arrayBuffer()))).toBe(true);
  });

  it('lets browsers run nothing of what was uploaded', async () => {
    const text = '<script>alert(1)</script>';
    const { json } = await upload('evil.html', 'text/html', text.length, Readable.from([text]));
    const { headers } = await fetch(base + json.url);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none';.*; sandbox allow-same-origin, .*; sandbox$/,
    );
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    const page = (await fetch(base)).headers.get('content-security-policy');
    expect(page).toContain("script-src 'self'");
    expect(page).not.toContain('unsafe');
  });

  it('refuses the pages of other sites', async () => {
    const form = new FormData();
    form.append('file', new Blob(['content']), 'a.txt');
    const foreign = { method: 'POST', headers: { Origin: 'https://example.com' } };
    expect((await fetch(`${base}/u`, { ...foreign, body: form })).status).toBe(403);
    expect((await fetch(`${base}/cluster/group1/0/stop`, foreign)).status).toBe(403);
    // A name of theirs that leads to this machine.
    const req = request(base, { headers: { Host: 'rebound.example.com' } }).end();
    const [res] = await once(req, 'response');
    expect(res.resume().statusCode).toBe(403);
  });

  it('does to listed files only what it should', async () => {
    const missing = `${base}/files/00000000-0000`;
    expect((await fetch(missing, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${missing}/link`, { method: 'POST' })).status).toBe(404);
    const form = new FormData();
    form.append('key', 'chosen-by-the-page');
    form.append('file', new Blob(['content']), 'a.txt');
    const { fileId } = (await (await fetch(`${base}/u`, { method: 'POST', body: form })).json()) as Stored;
    const thumbnail = `${base}/files/chosen-by-the-page/thumbnail`;
    const put = (type: string, size: number) =>
      fetch(thumbnail, { method: 'PUT', headers: { 'Content-Type': type }, body: Buffer.alloc(size) });
    expect((await put('text/html', 10)).status).toBe(415);
    expect((await put('image/jpeg', 1_000_000)).status).toBe(413);
    expect((await put('image/jpeg', 10)).status).toBe(201);
    expect((await put('image/jpeg', 10)).status).toBe(409);
    const slave = `${base}/f/${fileId.replace('.txt', '_200x200.jpg')}`;
    expect((await fetch(slave)).status).toBe(200);
    expect((await fetch(`${base}/files/chosen-by-the-page`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(slave)).status).toBe(404);
    expect((await fetch(`${base}/f/${fileId}`)).status).toBe(404);
  });

  it('reports storages that stop, and knows no others', async () => {
    const events = await fetch(`${base}/events`);
    const text = Readable.fromWeb(events.body as import('node:stream/web').ReadableStream).setEncoding(
      'utf8',
    );
    const post = async (path: string) => (await fetch(`${base}/cluster/${path}`, { method: 'POST' })).status;
    expect(await post('group1/7/stop')).toBe(400);
    expect(await post('group2/0/stop')).toBe(204);
    let seen = '';
    for await (const chunk of text) {
      seen += chunk;
      if (seen.includes('"status":"OFFLINE"')) break;
    }
    expect(seen).toContain('event: files');
    expect(await post('group2/0/start')).toBe(204);
  });

  it('ends cleanly on a signal, with a page open', async () => {
    const events = await fetch(`${base}/events`);
    events.text().catch(() => undefined);
    expect(await example.end('SIGTERM')).toEqual([0, null]);
    expect({ lines: example.lines.length, errors: example.errors }).toEqual({ lines: 1, errors: '' });
  });
});
