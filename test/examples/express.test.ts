/** The Express example as users start it: a picture and a large file go in and come out again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Digest, flood, sha256 } from '../helpers/bytes.js';

const BOUNDARY = 'example-boundary';
const MIB = 1024 * 1024;

let app: ChildProcess;
let base: string;
const lines: string[] = [];
let errors = '';

beforeAll(async () => {
  const { FDFS_CONF: _conf, FDFS_TRACKERS: _trackers, ...env } = process.env;
  app = spawn(process.execPath, ['--import', 'tsx', 'examples/express/app.ts'], {
    env: { ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  app.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const output = createInterface({ input: app.stdout! });
  output.on('line', (line) => lines.push(line));
  const started = once(output, 'line', { signal: AbortSignal.timeout(30_000) });
  const died = once(app, 'exit').then(([code]) => {
    throw new Error(`The example ended with code ${code}: ${errors}`);
  });
  await Promise.race([started, died]);
  died.catch(() => undefined);
  base = /http:\S+/.exec(lines[0]!)![0];
});

afterAll(() => {
  app.kill('SIGKILL');
});

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

/** An 8-bit RGB picture with a gradient. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      rows.set([x % 256, y % 256, (x * y) % 256], y * (1 + width * 3) + 1 + x * 3);
  }
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('the Express example', () => {
  it('says in one line where it is', () => {
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^FastDFS example: http:\/\/127\.0\.0\.1:\d+ \(embedded FastDFS at 127\.0\.0\.1:\d+\)$/,
    );
  });

  it('serves a page that asks nobody else', async () => {
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

  it('answers 404 for a missing file, and 400 for what is no file id or no upload', async () => {
    const picture = png(1, 1);
    const { json } = await upload('a.png', 'image/png', picture.length, Readable.from([picture]));
    const missing = json.url.replace(/.{8}(?=\.png$)/, 'AAAAAAAA');
    expect((await fetch(base + missing)).status).toBe(404);
    expect((await fetch(`${base}/f/group1/M00/nonsense`)).status).toBe(400);
    const form = new FormData();
    form.append('other', 'text');
    expect((await fetch(`${base}/u`, { method: 'POST', body: form })).status).toBe(400);
    form.append('other', new Blob(['content']), 'a.txt');
    expect((await fetch(`${base}/u`, { method: 'POST', body: form })).status).toBe(400);
  });

  it('ends cleanly when it is told to', async () => {
    const ended = once(app, 'exit');
    app.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect({ lines: lines.length, errors }).toEqual({ lines: 1, errors: '' });
  });
});
