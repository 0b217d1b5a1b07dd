/** The server of `fdfs console`: who may use it, its headers, and what the page asks for. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Console, type ConsoleOptions } from '../../src/cli/console/server.js';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSClient } from '../../src/index.js';

const AUTH = 'operator:secret 密码';
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** As any program can ask: fetch would not send a foreign `Host`. */
function ask(url: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the server of the console', () => {
  let fdfs: EmbeddedFastDFS;
  let client: FastDFSClient;
  const open: Console[] = [];

  async function start(options: Partial<ConsoleOptions> = {}): Promise<string> {
    const page = new Console(client, { host: '127.0.0.1', port: 0, allowDelete: false, ...options });
    open.push(page);
    return await page.start();
  }

  const post = (url: string, path: string, body: object, headers: Record<string, string> = {}) =>
    ask(`${url}/api/${path}`, 'POST', { Origin: url, ...headers }, JSON.stringify(body));

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 }, binlogFlushMs: 0 });
    client = createClient(fdfs.options);
  });

  afterAll(async () => {
    for (const page of open) await page.close();
    await client?.close();
    await fdfs?.stop();
  });

  it('serves its page with strict headers, and nothing outside of its folders', async () => {
    const url = await start();
    const page = await ask(`${url}/`);
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-type': 'text/html; charset=utf-8',
    });
    for (const file of ['/console.js', '/dom.js', '/page.css', '/lib/uplot.js', '/icon.svg']) {
      expect((await ask(url + file)).status, file).toBe(200);
    }
    for (const path of ['/../server.js', '/%2e%2e/server.js', '/server.ts', '/lib/other.js', '/nosuch.js']) {
      expect((await ask(url + path)).status, path).toBe(404);
    }
  });

  it('refuses other names for this machine, and requests of other sites', async () => {
    const url = await start();
    expect((await ask(url, 'GET', { Host: 'evil.example' })).status).toBe(403);
    expect(
      (await ask(`${url}/api/jobs/verify`, 'POST', { Origin: 'http://evil.example' }, '{}')).status,
    ).toBe(403);
    expect((await ask(`${url}/api/jobs/verify`, 'POST', {}, '{}')).status).toBe(403);
  });

  it('asks for user and password, and slows down after wrong ones', async () => {
    const url = await start({ auth: AUTH });
    const first = await ask(url);
    expect(first.status).toBe(401);
    expect(first.headers['www-authenticate']).toMatch(/^Basic /);
    expect((await ask(url, 'GET', { Authorization: basic(AUTH) })).status).toBe(200);
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await ask(url, 'GET', { Authorization: basic(`operator:${attempt}`) })).status).toBe(401);
    }
    const throttled = await ask(url, 'GET', { Authorization: basic(AUTH) });
    expect(throttled.status).toBe(429);
    expect(throttled.headers['retry-after']).toBe('30');
  });

  it('lists, describes and serves files', async () => {
    const url = await start();
    const { fileId } = await client.upload('content', { ext: 'txt', metadata: { author: 'me' } });
    const { files, more } = JSON.parse((await ask(`${url}/api/files?group=group1&ext=txt`)).body);
    expect(files.map((file: { fileId: string }) => file.fileId)).toContain(fileId);
    expect(more).toBe(false);
    const { days } = JSON.parse((await ask(`${url}/api/summary?group=group1`)).body);
    expect(Object.values(days)).toEqual([{ files: expect.any(Number), bytes: expect.any(Number) }]);
    const found = JSON.parse(
      (await ask(`${url}/api/file?id=https://img.example.com/${fileId}?token=1`)).body,
    );
    expect(found).toMatchObject({ fileId, kind: 'normal', metadata: { author: 'me' }, stat: { size: 7 } });
    expect(found.storages).toHaveLength(1);
    expect((await ask(`${url}/f/${fileId}`)).body).toBe('content');
    expect((await ask(`${url}/api/file?id=nonsense`)).status).toBe(400);
    // Ids of other clients may have any extension, which browsers encode in the url that is pasted.
    const foreign = 'group1/M00/00/00/wKgBcFWsCd42EbclqAAAAAKaEx8Y879.图';
    for (const form of [
      foreign,
      encodeURI(`https://img.example.com/x/${foreign}?token=a`),
      `host/${foreign}`,
    ]) {
      const answer = await ask(`${url}/api/file?id=${encodeURIComponent(form)}`);
      expect(JSON.parse(answer.body)).toMatchObject({
        fileId: foreign,
        stat: { error: expect.stringContaining('not found') },
      });
    }
    await client.delete(fileId);
  });

  it('deletes only where that is switched on', async () => {
    const { fileId } = await client.upload('content');
    const url = await start();
    expect((await post(url, 'delete', { fileId })).status).toBe(403);
    expect((await post(url, 'jobs/prune', { olderThan: '0s', dryRun: false })).status).toBe(403);
    expect(await client.exists(fileId)).toBe(true);
    const deleting = await start({ allowDelete: true });
    expect((await post(deleting, 'delete', { fileId })).status).toBe(200);
    expect(await client.exists(fileId)).toBe(false);
  });

  it('verifies and prunes as jobs, and finds what is wrong', async () => {
    const { fileId } = await client.upload('content');
    const url = await start({ allowDelete: true });
    const finished = async (answer: Answer) => {
      const { id } = JSON.parse(answer.body);
      const look = async () => JSON.parse((await ask(`${url}/api/job?id=${id}`)).body);
      await expect.poll(async () => (await look()).state).not.toBe('running');
      return await look();
    };
    expect(await finished(await post(url, 'jobs/verify', { group: 'group1' }))).toMatchObject({
      state: 'done',
      found: 0,
    });
    const dryRun = await finished(await post(url, 'jobs/prune', { olderThan: '0s' }));
    expect(dryRun).toMatchObject({ state: 'done', findings: [{ fileId }] });
    expect(await client.exists(fileId)).toBe(true);
    const pruned = await finished(await post(url, 'jobs/prune', { olderThan: '0s', dryRun: false }));
    expect(pruned).toMatchObject({ state: 'done', findings: [{ fileId }] });
    expect(await client.exists(fileId)).toBe(false);
  });
});
