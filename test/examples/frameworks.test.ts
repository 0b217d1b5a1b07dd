/** The examples for other frameworks than Express, as users start them. */
import { afterEach, expect, it } from 'vitest';
import { parseFileId } from '../../src/index.js';
import { start } from '../adapters/tus/harness.js';
import { bytes } from '../helpers/bytes.js';
import { RunningExample } from './run-example.js';

const open: RunningExample[] = [];
afterEach(async () => {
  for (const example of open.splice(0)) await example.stop();
});

async function run(path: string): Promise<{ example: RunningExample; url: string }> {
  const running = await RunningExample.start(path);
  open.push(running.example);
  return running;
}

it.each(['koa', 'nest'])('%s: stores the file of a form', async (framework) => {
  const { url } = await run(`examples/${framework}/app.ts`);
  const form = new FormData();
  form.append('file', new Blob([bytes(100_000)]), 'a.png');
  const response = await fetch(url, { method: 'POST', body: form });
  const { fileId, size } = (await response.json()) as { fileId: string; size: number };
  expect(size).toBe(100_000);
  expect(parseFileId(fileId)).toMatchObject({ size: 100_000, extension: 'png' });
});

const get = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers });
  return [response.status, Buffer.from(await response.arrayBuffer())] as const;
};

async function post(url: string, content: Buffer): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([Buffer.from(content)]), 'a.png');
  const response = await fetch(url, { method: 'POST', body: form });
  return ((await response.json()) as { fileId: string }).fileId;
}

it.each(['hono', 'h3'])('%s: stores forms and bodies, and serves what it stored', async (framework) => {
  const { url } = await run(`examples/${framework}/app.ts`);
  for (const size of [0, 1, 70_000, 5_000_000]) {
    const content = bytes(size);
    const response = await fetch(new URL('b.png', url), {
      method: 'PUT',
      body: new Blob([Buffer.from(content)]).stream(),
      duplex: 'half',
    } as RequestInit);
    const { fileId } = (await response.json()) as { fileId: string };
    for (const id of [fileId, await post(url, content)]) {
      expect(parseFileId(id)).toMatchObject({ size, extension: 'png' });
      const [status, body] = await get(new URL(`files/${id}`, url).href);
      expect([status, body.equals(content)]).toEqual([200, true]);
    }
  }
  const id = await post(url, bytes(100));
  const [status, body] = await get(new URL(`files/${id}`, url).href, { Range: 'bytes=-10' });
  expect([status, body.equals(bytes(100).subarray(90))]).toEqual([206, true]);
  expect((await get(new URL(`files/${id.replace('M00', 'M77')}`, url).href))[0]).toBe(404);
  expect((await fetch(url, { method: 'POST', body: new FormData() })).status).toBe(400);
});

it('koa: serves what it stored', async () => {
  const { url } = await run('examples/koa/app.ts');
  const fileId = await post(url, bytes(1000));
  const [status, body] = await get(`${url}files/${fileId}`, { Range: 'bytes=0-9' });
  expect([status, body.equals(bytes(1000).subarray(0, 10))]).toEqual([206, true]);
  expect((await get(`${url}files/nothing`))[0]).toBe(404);
  expect((await fetch(url, { method: 'POST', body: new FormData() })).status).toBe(400);
});

it('nest: serves and deletes what it stored, answers with the status of errors, and reports its health', async () => {
  const { url } = await run('examples/nest/app.ts');
  const fileId = await post(url, bytes(1000));
  const [status, body] = await get(`${url}files/${fileId}`, { Range: 'bytes=0-9' });
  expect([status, body.equals(bytes(1000).subarray(0, 10))]).toEqual([206, true]);
  expect(JSON.parse(String((await get(`${url}stat?id=${fileId}`))[1]))).toMatchObject({ size: 1000 });
  expect((await get(`${url}health`))[0]).toBe(200);
  expect((await fetch(`${url}?id=${fileId}`, { method: 'DELETE' })).status).toBe(204);
  const [missing, text] = await get(`${url}stat?id=${fileId}`);
  expect([missing, String(text)]).toEqual([404, '{"statusCode":404,"message":"Not Found"}']);
  expect((await get(`${url}files/${fileId}`))[0]).toBe(404);
});

it('tus: stores an upload that comes in several requests', async () => {
  const { example, url } = await run('examples/tus/app.ts');
  const said = example.nextLine();
  await start(bytes(500_000), { endpoint: url, chunkSize: 200_000, metadata: { filename: '世界.png' } }).done;
  const line = await said;
  expect(line).toMatch(/^世界\.png is stored as group1\//);
  expect(parseFileId(line.split(' ').at(-1)!)).toMatchObject({
    kind: 'normal',
    size: 500_000,
    extension: 'png',
  });
});
