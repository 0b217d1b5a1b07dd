/** The file server and strangers: who has no token gets no file, and no trick reaches a server. */
import { expect, it, vi } from 'vitest';
import { type FdfsServeOptions, fdfsServe } from '../../../src/adapters/http/index.js';
import { createToken } from '../../../src/index.js';
import { onEmbedded } from '../../helpers/servers.js';
import { Site } from './harness.js';

const SECRET = 'FastDFS1234567890';
const HOUR = 3_600_000;

onEmbedded('serving files with tokens', (server) => {
  const now = () => Math.floor(Date.now() / 1000);

  it.each<[string, FdfsServeOptions]>([
    ['options', { secret: SECRET, clockSkewMs: 5000, ttlSeconds: 60 }],
    ['an object', { token: { secret: SECRET, clockSkewMs: 5000, ttlSeconds: 60 } }],
  ])('takes what is right, and refuses the rest (by %s)', async (_, options) => {
    const client = server.client({ httpSecret: SECRET, baseUrl: 'http://localhost' });
    const { fileId } = await client.upload('secret', { ext: 'txt' });
    const other = await client.upload('other');
    await using site = await Site.start(fdfsServe(client, options));
    const at = (ts: number | string, secret = SECRET, name = fileId) =>
      `token=${createToken(name, secret, Number(ts))}&ts=${ts}`;
    const good = [
      at(now()),
      at(0),
      at(now() - 59),
      at(now() - 63),
      at(now() + 3),
      `${at(now())}&filename=a.txt`,
    ];
    const bad = [
      '',
      'token=&ts=',
      'token=x&ts=1',
      at(now(), 'another secret'),
      at(now(), SECRET, other.fileId),
      at(now() - 120),
      at(now() + 120),
      at(now()).toUpperCase(),
      at(now()).replace(/token=./, 'token=x'),
      at(now()).replace(/&ts=.*/, `&ts=${now() + 1}`),
      at(now()).replace(/&ts=.*/, ''),
    ];
    for (const query of good) {
      expect([query, (await site.get(`/${fileId}?${query}`)).status]).toEqual([query, 200]);
    }
    const asked = server.fdfs.requests();
    for (const query of bad) {
      for (const method of ['GET', 'HEAD']) {
        const { status, body } = await site.get(`/${fileId}?${query}`, { method });
        expect([query, status]).toEqual([query, 403]);
        expect(body.toString()).not.toContain('secret');
      }
    }
    expect(server.fdfs.requests()).toBe(asked);
    await client.delete(fileId);
    await client.delete(other.fileId);
  });

  it('takes the urls of a client that has the secret', async () => {
    const client = server.client({ httpSecret: SECRET });
    const { fileId } = await client.upload('x');
    await using site = await Site.start(fdfsServe(client, { secret: SECRET }));
    expect((await site.get(client.url(fileId, { filename: 'a b.txt' }))).status).toBe(200);
    const old = client.url(fileId, { now: new Date(Date.now() - HOUR) });
    expect((await site.get(old)).status).toBe(403);
    await client.delete(fileId);
  });

  it('does not hand a refused request on', async () => {
    const next = vi.fn();
    const serve = fdfsServe(server.client(), { secret: SECRET });
    await using site = await Site.start((req, res) => serve(req, res, next));
    const fileId = 'group1/M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt';
    expect((await site.get(`/${fileId}`)).status).toBe(403);
    expect(next).not.toHaveBeenCalled();
  });
});

onEmbedded('serving files to strangers', (server) => {
  it('asks no server for a path that is no file', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x', { ext: 'txt', group: 'group1', metadata: { secret: 'x' } });
    const slave = await client.uploadSlave(fileId, '_s', 'slave', { metadata: { secret: 'x' } });
    const [group, ...rest] = fileId.split('/');
    const name = rest.join('/');
    await using site = await Site.start(fdfsServe(client, { groups: ['group1'] }));
    expect((await site.get(`/${fileId}`)).status).toBe(200);
    expect((await site.get(`/${fileId.replace('M', '%4D')}`)).status).toBe(200);
    const tricks = [
      '',
      '/',
      '/etc/passwd',
      `/../${fileId}`,
      `/x/../${fileId}`,
      `/./${fileId}`,
      `//${fileId}`,
      `/${fileId}/`,
      `/${fileId}/..`,
      `/${group}//${name}`,
      `/${group}/M00/../../${name}`,
      `/${group}/M00/00/00/../../../../etc/passwd`,
      `/${group}/M00/00/00/..%2f..%2f..%2fetc%2fpasswd`,
      `/${group}/M00/00/00/..%252f..%252fetc%252fpasswd`,
      `/%2e%2e/${fileId}`,
      `/%252e%252e/${fileId}`,
      `/${fileId.replace('M', '%254D')}`,
      `/${fileId.replaceAll('/', '%2F')}`,
      `/${fileId.replace('/M', '%2FM')}`,
      `/${fileId.replaceAll('/', '\\')}`,
      `/${fileId.replaceAll('/', '%5C')}`,
      `/${fileId}%00`,
      `/${fileId}%00.jpg`,
      `/%00${fileId}`,
      `/${fileId}%0a`,
      `/${fileId}%20`,
      `/${fileId}%`,
      `/${fileId}%zz`,
      `/${fileId}%ff`,
      `/${fileId}-m`,
      `/${fileId}%2dm`,
      `/${slave.fileId}-m`,
      `/${fileId}${'a'.repeat(100)}`,
      `/${fileId}${'a'.repeat(8000)}`,
      `/${name}`,
      `/group2/${name}`,
      `/nosuch/${name}`,
      `/${'g'.repeat(17)}/${name}`,
      `/${fileId.slice(0, 40)}`,
      `/prefix/${fileId}`,
      `/${group}/m00/${name.slice(4)}`,
      `/${group}/${name.slice(0, 4)}${name.slice(4).toLowerCase().replace('/', '/aa/')}`,
    ];
    const asked = server.fdfs.requests();
    for (const trick of tricks) {
      for (const method of ['GET', 'HEAD']) {
        const { status } = await site.get(trick === '' ? '?' : trick, { method });
        expect([trick, status]).toEqual([trick, expect.toBeOneOf([400, 404])]);
      }
    }
    expect(server.fdfs.requests()).toBe(asked);
    await client.delete(slave.fileId);
    await client.delete(fileId);
  });

  it('asks no storage for a group that is not there', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x', { group: 'group1' });
    await using site = await Site.start(fdfsServe(client));
    const storages = () =>
      ['group1/0', 'group1/1', 'group2/0'].reduce((sum, at) => sum + server.fdfs.requests(undefined, at), 0);
    const asked = storages();
    expect((await site.get(`/${fileId.replace('group1', 'nosuch')}`)).status).toBe(404);
    expect(storages()).toBe(asked);
    await client.delete(fileId);
  });
});
